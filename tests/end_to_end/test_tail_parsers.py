"""Inputs that follow log files with a parser: what lines come to, at multiples of the flush interval; what
`carbon-spool tail --dry-run` prints; which settings are refused."""

import re
import time

import harness
import points
from harness import destination, wait_until
from log_files import Log
from tail import TailTest

BAD_USAGE = 2
ROW = b"%-16s%8d |" + b"@" * 52 + b"|\n"


class Parsed(TailTest):
    """With a parser: what lines come to, at multiples of the flush interval."""

    def setUp(self):
        super().setUp()
        self.values = {}  # (name, timestamp): value

    def take(self, data):
        for line in data.decode().splitlines():
            name, value, stamp = line.split(" ")
            before = self.values.setdefault((name, int(stamp)), value)
            assert before == value, f"{name} was {before} at {stamp}, and is {value}"

    def started(self, *inputs, up=True, **tables):
        self.checks = self.take
        return super().started(*inputs, up=up, **tables)

    def sum_of(self, name):
        return sum(float(value) for (each, _), value in list(self.values.items()) if each == name)

    def counting(self, **keys):
        return self.tail(**{
            "parser": "regex", "flush_interval": "1s", "hostname_method": "none", "start": "beginning",
            "metric": [{"match": "^event (?P<n>[0-9]+)$", "name": "events"},
                       {"match": "^event (?P<n>[0-9]+)$", "name": "sum", "value": "n"}],
            **keys,
        })  # fmt: skip

    def write_events(self, count=100):
        self.log.append(b"".join(b"event %d\n" % i for i in range(self.written, self.written + count)))
        self.written += count

    def wait_counted(self, name="events"):
        wait_until(lambda: self.sum_of(name) >= self.written, "the lines are counted")
        self.assertEqual(self.sum_of(name), self.written)

    def test_a_counters_sum_is_the_number_of_lines(self):
        self.started(self.counting())
        for _ in range(5):
            self.write_events()
            self.kill_and_start()
            self.write_events()
            self.log.rename()
        self.wait_counted()
        # The next points are zeros.
        stamps = {stamp for _, stamp in self.values}
        wait_until(lambda: len({stamp for _, stamp in self.values} - stamps) >= 2, "intervals go on")
        self.wait_counted()
        self.assertEqual(self.sum_of("sum"), sum(range(self.written)))

    def test_points_are_at_multiples_of_the_interval_and_once_at_each(self):
        self.started(self.counting(flush_interval="2s"))
        begin = time.time()
        for _ in range(4):
            self.write_events(10)
            self.kill_and_start()
        self.wait_counted()
        for (name, stamp), value in self.values.items():
            self.assertEqual(stamp % 2, 0, (name, value))
            self.assertLess(begin - 2, stamp)
            self.assertLess(stamp, time.time() + 2)

    def test_an_interval_survives_an_outage_and_a_stop(self):
        self.started(self.counting(), up=False)
        self.write_events()
        self.assertEqual(self.spool.terminate(), 0)
        self.write_events()
        self.spool.start()
        wait_until(lambda: self.spool.to()["points_pending"] >= 4, "points wait")
        self.sink.start()
        self.wait_counted()

    def test_names(self):
        for keys, name in (
            ({}, "events"),
            ({"prefix": "logs"}, "logs.events"),
            ({"prefix": "logs", "suffix": "prod"}, "logs.events.prod"),
            ({"prefix": "logs", "hostname_method": "smart", "hostname": "web01"}, "logs.web01.events"),
            ({"hostname_method": "shell", "hostname": "echo web02", "suffix": "x"}, "web02.events.x"),
        ):
            with self.subTest(keys=keys):
                self.log.path.unlink(missing_ok=True)
                self.written, self.values = 0, {}
                self.started(self.counting(**keys), name=name)
                self.write_events(7)
                self.wait_counted(name)
                self.assertEqual(self.spool.terminate(), 0)

    def test_the_default_host_name_is_an_element(self):
        keys = self.counting()
        del keys["hostname_method"]
        self.started(keys)
        self.write_events(7)
        wait_until(lambda: any(float(value) == 7 and re.fullmatch(r"[^.]+\.events", name)
                               for (name, _), value in list(self.values.items())), "the points arrive")  # fmt: skip

    def test_bpftrace_md_7_1_a_single_block(self):
        """What the example's interval of fifteen seconds is, is one of a second here."""
        self.started(self.tail(parser="bpftrace", hostname="web01", flush_interval="1s", start="beginning"))
        self.log.append(b"@usecs: \n" + b"".join(ROW % row for row in ((b"[1]", 1), (b"[2, 4)", 1), (b"[16, 32)", 10)))
                        + b"\n")  # fmt: skip
        wanted = {"web01.cpu-lat.1": 1, "web01.cpu-lat.2": 1, "web01.cpu-lat.16": 10}
        wait_until(lambda: all(self.sum_of(name) == count for name, count in wanted.items()), "the block arrives")
        self.assertEqual({name for name, _ in self.values}, set(wanted))
        first = min(stamp for _, stamp in self.values)
        self.assertEqual({name: int(self.values[name, first]) for name in wanted}, wanted)

    def test_half_a_block_waits_over_a_kill(self):
        self.started(self.tail(parser="bpftrace", hostname="web01", flush_interval="1s", start="beginning"))
        self.log.append(b"@usecs: \n" + ROW % (b"[1]", 1))
        self.wait_read()
        self.kill_and_start()
        self.log.append(ROW % (b"[2, 4)", 5) + b"\n")
        wait_until(lambda: self.sum_of("web01.cpu-lat.2") == 5, "the block arrives")
        self.assertEqual(self.sum_of("web01.cpu-lat.1"), 1)

    def wait_read(self):
        size = self.log.path.stat().st_size
        wait_until(lambda: any(each["offset"] == size for each in self.spool.now()["inputs"][0]["files"]),
                   "the file is read to its end")  # fmt: skip

    def test_every_parser_of_logster(self):
        """Rates are over the measured time, so what they are of one line is not known; counts are."""
        for parser, line, name, wanted in (
            ("http_status", b'"GET / HTTP/1.1" 200 5', "http_2xx", None),
            ("postfix", b"x: delay=1.5, y, status=sent (ok)", "numSent", 1),
            ("squid", b"1.0  100 10.0.0.1 TCP_MISS/200 512 GET http://a/ - DIRECT/- text/html", "size", None),
            ("log4j", b"2014-02-25 09:40:17,344 ERROR x", "ERROR", None),
            ("apache_error", b"[Tue] [error] x", "error", None),
            ("metric", b"METRIC_COUNT metric=n value=3", "n", None),
            ("json", b'{"a": {"b": 4}}', "a.b", 4),
        ):
            with self.subTest(parser=parser):
                self.log = Log(self.folder / "logs" / f"{parser}.log")
                keys = {"parser": parser, "flush_interval": "1s", "hostname_method": "none", "prefix": parser,
                        "start": "beginning"}  # fmt: skip
                self.started(self.tail(**keys), name=parser)
                self.log.append(line + b"\n")
                name = f"{parser}.{name}"
                wait_until(lambda name=name: self.sum_of(name) > 0, f"{name} arrives")
                self.assertIn(wanted, (None, self.sum_of(name)))
                self.assertEqual(self.spool.terminate(), 0)


class DryRun(TailTest):
    def test_what_files_come_to_is_printed_and_nothing_else_happens(self):
        self.write(5)
        self.started(up=False)
        self.wait_accepted()
        expected = points.plain(0, 5).decode()
        for runs in (True, False):
            with self.subTest(daemon_runs=runs):
                if not runs:
                    self.spool.kill()
                before = self.spool.now()
                for _ in range(2):
                    done = self.spool.command("tail", "--dry-run")
                    self.assertEqual((done.returncode, done.stdout), (0, expected), done.stderr)
                after = self.spool.now()
                for key in ("points_total", "rejected_total"):
                    self.assertEqual(before["inputs"][0][key], after["inputs"][0][key])
        self.assertEqual(after["queue"]["points"], 5)
        self.spool.start()
        self.sink.start()
        self.written = 5
        self.assert_each_once()

    def test_before_the_first_start_there_is_no_queue_afterwards(self):
        self.write(5)
        self.sink = self.reserved_port()
        self.spool = self.daemon([destination(self.sink.url)], [self.tail(start="beginning")])
        done = self.spool.command("tail", "--dry-run")
        self.assertEqual((done.returncode, done.stdout), (0, points.plain(0, 5).decode()), done.stderr)
        self.assertFalse(self.spool.queue.exists())

    def test_given_logs_take_the_place_of_the_inputs_files(self):
        other = self.folder / "other.log"
        other.write_bytes(b'"GET / HTTP/1.1" 200 5\n')
        more = self.folder / "more.log"
        more.write_bytes(b'"GET / HTTP/1.1" 200 5\n"GET / HTTP/1.1" 404 5\n')
        self.write(5)
        self.spool = self.daemon(
            [destination(self.reserved_port().url)],
            [self.tail(name="plain", start="beginning"),
             self.tail(name="web", parser="http_status", flush_interval="10s", prefix="logs", hostname="web01",
                       suffix="prod")],
        )  # fmt: skip
        done = self.spool.command("tail", "--dry-run", "--input", "web", other, more)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
        self.assertEqual({text for text, _ in lines}, {
            "logs.web01.http_1xx.prod 0.0", "logs.web01.http_2xx.prod 0.2", "logs.web01.http_3xx.prod 0.0",
            "logs.web01.http_4xx.prod 0.1", "logs.web01.http_5xx.prod 0.0",
        })  # fmt: skip
        (stamp,) = {int(stamp) for _, stamp in lines}
        self.assertEqual(stamp % 10, 0)
        done = self.spool.command("tail", "--dry-run", "--input", "plain")
        self.assertEqual(done.stdout, points.plain(0, 5).decode())

    def test_bad_usage_is_told(self):
        self.spool = self.daemon([destination(self.reserved_port().url)], [self.tail()])
        self.assertEqual(self.spool.command("tail", "--dry-run", "--input", "nobody").returncode, BAD_USAGE)
        self.spool.configure([destination(self.reserved_port().url)])
        self.assertEqual(self.spool.command("tail", "--dry-run").returncode, BAD_USAGE)


class Configuration(TailTest):
    def test_what_is_wrong_is_told_with_its_key(self):
        regex = {"parser": "regex", "metric": [{"match": "a", "name": "b"}]}
        for keys, named in (
            ({"path": None}, "path"),
            ({"path": []}, "path"),
            ({"path": [5]}, "path"),
            ({"parser": "nonsense"}, "parser"),
            ({"start": "middle"}, "start"),
            ({"flush_interval": "10s"}, "flush_interval"),
            ({"prefix": "a"}, "prefix"),
            ({"suffix": "a"}, "suffix"),
            ({"hostname": "a"}, "hostname"),
            ({"hostname_method": "none"}, "hostname_method"),
            ({"parser": "metric", "hostname_method": "nonsense"}, "hostname_method"),
            ({"parser": "metric", "flush_interval": "0s"}, "flush_interval"),
            ({"parser": "metric", "flush_interval": "soon"}, "flush_interval"),
            ({"parser": "regex"}, "metric"),
            ({**regex, "metric": [{"match": "(", "name": "b"}]}, "match"),
            ({"parser": "bpftrace", "mode": "both"}, "mode"),
            ({"listen": ["tcp://127.0.0.1:0"]}, "listen"),
            ({"paht": "x"}, "path"),
        ):
            with self.subTest(keys=keys):
                table = {key: value for key, value in self.tail(**keys).items() if value is not None}
                done = self.checked(table)
                self.assertEqual(done.returncode, BAD_USAGE, done.stdout)
                self.assertIn(named, done.stderr + done.stdout)
                self.assertRegex(done.stderr + done.stdout, r"carbon-spool\.toml:\d+")

    def checked(self, table):
        spool = self.daemon([destination("tcp://127.0.0.1:2003")], [table])
        return spool.command("check")

    def test_what_is_right_is_taken(self):
        for keys in (
            {},
            {"path": ["/var/log/*/x.log", "/srv/app[0-9]?.log"], "start": "beginning", "name": "logs"},
            {"parser": "bpftrace", "metric": "lat", "mode": "cumulative", "maps": ["@usecs"], "hostname": "web01"},
            {"parser": "metric", "percentiles": [90, 99.9], "prefix": "a", "suffix": "b", "flush_interval": "30s"},
            {"parser": "log4j", "log_levels": ["INFO"], "hostname_method": "none"},
            {"parser": "json", "key_separator": ":"},
            {"parser": "regex", "metric": [{"match": "a(?P<n>\\d+)", "name": "b", "kind": "timer", "value": "n"}]},
        ):
            with self.subTest(keys=keys):
                done = self.checked(self.tail(**keys))
                self.assertNotEqual(done.returncode, BAD_USAGE, done.stderr + done.stdout)

    def test_two_inputs_have_two_names(self):
        spool = self.daemon([destination("tcp://127.0.0.1:2003")], [self.tail(), self.tail()])
        self.assertEqual(spool.command("check").returncode, BAD_USAGE)


if __name__ == "__main__":
    harness.main()
