"""`carbon-spool logster`: run by run, what a log's new lines come to arrives once, however the log is rotated and
whatever fails."""

import gzip
import os
import shutil
import signal
import socket
import subprocess

import harness
from harness import destination

GOOD, FAILED, BAD_USAGE = 0, 1, 2
# The clock of a run, and no other; its monotonic clock runs on.
FAKE_CLOCK = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
START = 1709285000


class Logster(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.assertTrue(os.path.exists(FAKE_CLOCK), "libfaketime is not installed")
        self.log = self.folder / "app.log"
        self.log.write_text("")
        self.states = self.folder / "states"
        self.runs = 0

    def run_logster(self, *arguments, parser="MetricLogster", output="stdout", seconds=60):
        """A run `seconds` after the last one."""
        self.runs += seconds
        environment = {
            **os.environ, "LD_PRELOAD": FAKE_CLOCK, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
            "FAKETIME": f"{START + self.runs}", "FAKETIME_FMT": "%s",
        }  # fmt: skip
        command = [harness.PROGRAM, "logster", "-s", self.states, "-o", output, *arguments, parser, self.log]
        return subprocess.run(
            [*map(str, command)], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=harness.PATIENCE, check=False,
        )  # fmt: skip

    def said(self, *arguments, **keys):
        """What a good run writes to standard output, without the timestamp, which must be right."""
        done = self.run_logster(*arguments, **keys)
        self.assertEqual((done.returncode, done.stderr), (GOOD, ""))
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        self.assertEqual({time for time, _ in lines} - {str(START + self.runs)}, set())
        return [text for _, text in lines]

    def write(self, text, path=None):
        with open(path or self.log, "a", encoding="utf-8") as log:
            log.write(text)

    def write_counts(self, *counts, path=None):
        for count in counts:
            self.write(f"METRIC_COUNT metric=n value={count * 60}\n", path)

    def counted(self, **keys):
        """The counts that a run has found, of all that it sent as a rate."""
        return [float(text.removeprefix("n ")) for text in self.said(**keys)]

    def test_the_first_run_begins_at_the_end_and_the_next_ones_go_on(self):
        self.write_counts(1, 2)
        self.assertEqual(self.counted(), [])
        self.write_counts(3, 4)
        self.assertEqual(self.counted(), [7])
        self.assertEqual(self.counted(), [])
        self.write_counts(5)
        self.assertEqual(self.counted(), [5])

    def test_names_are_as_logsters(self):
        self.said()
        self.write("METRIC_COUNT metric=a.b value=60\n")
        self.assertEqual(self.said("-p", "pre", "-x", "suf"), ["pre_a.b_suf 1.0"])
        self.write("METRIC_TIME metric=t value=60\n")
        self.assertEqual(
            self.said("-p", "pre", "--stdout-separator", ".", "--parser-options", "-p 95,50"),
            ["pre.t.mean 60.0", "pre.t.median 60.0", "pre.t.95th_percentile 60.0", "pre.t.50th_percentile 60.0"],
        )
        for parser in ("SampleLogster", "logster.parsers.SampleLogster.SampleLogster", "http_status"):
            self.said(parser=parser)
            self.write('"GET / HTTP/1.1" 200 5\n')
            self.assertIn("http_2xx 0.016666666666666666", self.said(parser=parser))

    def test_logster_md_7_2_gauges_of_postfix(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
            statsd.bind(("127.0.0.1", 0))
            statsd.settimeout(harness.PATIENCE)
            keys = {"parser": "PostfixLogster", "output": "statsd"}
            arguments = ("-p", "servers.myhost.postfix", "--statsd-host=127.0.0.1:%d" % statsd.getsockname()[1])
            self.run_logster(*arguments, **keys)
            for delay, status in ((1.5, "sent"), (0.5, "sent"), (3, "sent"), (2, "deferred"), (2, "bounced"), (2, "expired")):
                self.write(f"Feb 25 09:40:17 mx postfix/smtp[9]: 1A2B: delay={delay}, dsn=2.0.0, status={status} (x)\n")
            self.assertEqual(self.run_logster(*arguments, **keys).returncode, GOOD)
            front = "servers.myhost.postfix."
            self.assertEqual(
                [statsd.recv(1000).decode().removeprefix(front) for _ in range(9)],
                ["numSent:3|g", "pctSent:60.0|g", "numDeferred:1|g", "pctDeferred:20.0|g", "numBounced:1|g",
                 "pctBounced:20.0|g", "mailTxnsSec:0.08333333333333333|g", "mailSentSec:0.05|g",
                 "avgDelay:1.6666666666666667|g"],
            )  # fmt: skip

    def test_a_dry_run_prints_and_goes_on(self):
        """logster.md 7.8."""
        self.said(parser="SampleLogster")
        self.write('"GET / HTTP/1.1" 200 5\n')
        dry = ("-d", "-p", "pre", "-x", "suf")
        done = self.run_logster(*dry, "--graphite-host=127.0.0.1:2003", parser="SampleLogster", output="graphite")
        time = START + self.runs
        self.assertIn(f"127.0.0.1:2003 pre.http_2xx.suf 0.016666666666666666 {time}\n", done.stdout)
        done = self.run_logster(*dry, "--statsd-host=127.0.0.1:8125", parser="SampleLogster", output="statsd")
        self.assertIn("127.0.0.1:8125 pre.http_2xx.suf:0.0|g\n", done.stdout)

    def test_half_a_line_is_left_for_the_next_run(self):
        self.counted()
        self.write_counts(1)
        self.write("METRIC_COUNT metric=n va")
        self.assertEqual(self.counted(), [1])
        self.write("lue=120\n")
        self.assertEqual(self.counted(), [2])

    def test_a_run_in_the_same_second_loses_nothing(self):
        self.counted()
        self.write_counts(1)
        self.assertEqual(self.counted(seconds=0), [])
        self.write_counts(2)
        self.assertEqual(self.counted(), [3])

    def test_rotated_logs_are_followed_through_all_generations(self):
        self.write_counts(9)
        self.counted()
        self.write_counts(1)
        # The first by rename, compressed afterwards, with what is no whole line and never will be.
        self.write("METRIC_COUNT metric=n value=120")
        for generation in range(3):
            for older in (2, 1):
                for end in ("", ".gz"):
                    path = f"{self.log}.{older}{end}"
                    if os.path.exists(path):
                        os.rename(path, f"{self.log}.{older + 1}{end}")
            os.rename(self.log, f"{self.log}.1")
            self.write_counts(10 * (generation + 1))
            if generation == 0:
                self.compress(f"{self.log}.1")
        self.assertEqual(self.counted(), [1 + 2 + 10 + 20 + 30])
        self.write_counts(4)
        self.assertEqual(self.counted(), [4])

    def compress(self, path):
        with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as compressed:
            shutil.copyfileobj(plain, compressed)
        os.remove(path)

    def test_logster_md_3_what_a_rotated_log_may_be_called(self):
        self.counted()
        for end in (".0", ".1", ".1.gz", "-20240301", "-20240301.gz", ".2024-03-01", ".2024-03-01.gz"):
            with self.subTest(end=end):
                self.write_counts(1)
                rotated = f"{self.log}{end}"
                os.rename(self.log, rotated.removesuffix(".gz"))
                if end.endswith(".gz"):
                    self.compress(rotated.removesuffix(".gz"))
                # The new file may have the old one's inode: how it begins tells it from that.
                self.write(f"after {end}\n")
                self.write_counts(2)
                self.assertEqual(self.counted(), [3])
                os.remove(rotated)

    def test_a_log_that_is_copied_and_truncated_is_followed(self):
        for grows_back in (False, True):
            with self.subTest(grows_back=grows_back):
                self.write_counts(9)
                self.counted()
                self.write_counts(1)
                shutil.copyfile(self.log, f"{self.log}-20240301")
                os.truncate(self.log, 0)
                if grows_back:
                    self.write("something else\n" * 100)
                self.write_counts(2)
                self.assertEqual(self.counted(), [3])

    def test_a_log_that_is_written_on_under_its_old_name_is_read_on(self):
        self.counted()
        os.rename(self.log, f"{self.log}.1")
        self.write_counts(1, path=f"{self.log}.1")
        self.assertEqual(self.counted(), [1])
        self.write_counts(2, path=f"{self.log}.1")
        self.write_counts(4)
        self.assertEqual(self.counted(), [6])

    def test_a_place_that_is_gone_is_told(self):
        self.write_counts(9)
        self.counted()
        os.remove(self.log)
        self.write("something else\n")
        self.write_counts(1)
        done = self.run_logster()
        self.assertIn("is in no generation of it", done.stderr)
        self.assertEqual(done.stdout.split()[1:], ["n", "1.0"])

    def graphite(self, output="graphite", **keys):
        return self.run_logster(f"--graphite-host={self.address}", output=output, **keys)

    def test_nothing_is_lost_while_graphite_is_away(self):
        """logster.md 7.9; there the next run has nothing of what could not be sent."""
        port = self.reserved_port()
        self.address = port.url.removeprefix("tcp://")
        self.assertEqual(self.graphite().returncode, GOOD)
        self.write_counts(1)
        done = self.graphite()
        self.assertEqual((done.returncode, done.stdout), (FAILED, ""))
        self.assertIn("Connection refused", done.stderr)
        self.write_counts(2)
        taken = []
        sink = self.receiver(taken.append, port=port).start()
        done = self.graphite()
        self.assertEqual((done.returncode, done.stderr), (GOOD, ""))
        # Lines of two minutes.
        self.assertEqual(b"".join(taken).decode(), f"n 1.5 {START + self.runs}\n")

    def test_what_graphite_did_not_confirm_is_sent_again(self):
        taken = []
        sink = self.receiver(taken.append, kind=Resetting).start()
        self.address = sink.url.removeprefix("tcp://")
        self.assertEqual(self.graphite().returncode, GOOD)
        self.write_counts(1)
        self.assertEqual(self.graphite().returncode, FAILED)
        self.assertEqual(self.counted(), [0.5])

    def test_points_go_into_the_queue_of_the_daemon(self):
        taken = []
        sink = self.receiver(taken.append).start()
        port = self.reserved_port()
        port.close()
        spool = self.daemon([destination(sink.url)], [{"type": "graphite", "listen": [port.url]}]).start()
        config = ("--config", spool.file)
        self.assertEqual(self.run_logster(*config, output="graphite").returncode, GOOD)
        self.write_counts(1)
        self.assertEqual(self.run_logster(*config, output="graphite").returncode, GOOD)
        self.assertEqual(spool.now()["inputs"][0]["points_total"], 1)
        spool.wait_delivered()
        self.assertEqual(b"".join(taken).decode(), f"n 1.0 {START + self.runs}\n")

    def test_gauges_go_to_statsd(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
            statsd.bind(("127.0.0.1", 0))
            statsd.settimeout(harness.PATIENCE)
            host = "--statsd-host=127.0.0.1:%d" % statsd.getsockname()[1]
            self.run_logster(host, "-p", "a", output="statsd")
            self.write_counts(1)
            self.assertEqual(self.run_logster(host, "-p", "a", output="statsd").returncode, GOOD)
            self.assertEqual(statsd.recv(1000), b"a.n:1.0|g")

    def test_the_lock_of_a_dead_run_is_no_lock(self):
        self.counted()
        (lock,) = self.states.glob("*.lock")
        holder = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import fcntl,sys;f=open(sys.argv[1]);fcntl.flock(f,fcntl.LOCK_EX);"
             "print(flush=True);input()", lock],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        with holder:
            holder.stdout.readline()
            self.write_counts(1)
            done = self.run_logster()
            self.assertEqual((done.returncode, done.stdout), (FAILED, ""))
            self.assertIn("another run is under way", done.stderr)
            holder.send_signal(signal.SIGKILL)
        self.assertEqual(self.counted(), [0.5])

    def test_bad_usage_is_told(self):
        for arguments, keys, what in (
            ((), {"parser": "NoLogster"}, 'no parser "NoLogster"; there are: SampleLogster'),
            (("--parser-options", "-z 1"), {}, "--parser-options: "),
            ((), {"output": "ganglia"}, "expected stdout, graphite or statsd"),
            (("--statsd-host", "x"), {"output": "statsd"}, "--statsd-host: "),
            ((), {"output": "statsd"}, "--statsd-host: expected host:port"),
        ):
            done = self.run_logster(*arguments, **keys)
            self.assertEqual(done.returncode, BAD_USAGE, done.stderr)
            self.assertIn(what, done.stderr)
        self.assertFalse(self.states.exists())

    def test_a_log_that_is_not_there_is_told(self):
        os.remove(self.log)
        done = self.run_logster()
        self.assertEqual((done.returncode, done.stdout), (FAILED, ""))
        self.assertIn("app.log: no such file", done.stderr)


class Resetting(harness.peers.Receiver):
    """Reads everything, and resets where it should close."""

    def _end_of_file(self, connection):
        self._forget(connection)
        harness.peers.reset(connection)


if __name__ == "__main__":
    harness.main()
