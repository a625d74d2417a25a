"""StatsD inputs of the real program: what is flushed arrives, over outages, stops and crashes."""

import os
import signal

import harness
from harness import MIB, connect, destination, wait_until

LONG_INTERVAL = "7d"  # no flush but that of a stop


def statsd(**keys):
    return [{"type": "statsd", "listen": ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"], "console": "off", **keys}]


class Lines:
    """What a receiver got, by name: (value, timestamp), in order."""

    def __init__(self):
        self.of = {}

    def __call__(self, data):
        for line in data.splitlines():
            name, value, timestamp = line.decode().split(" ")
            self.of.setdefault(name, []).append((value, int(timestamp)))

    def values(self, name):
        return [value for value, _ in self.of.get(name, [])]


class Statsd(harness.EndToEnd):
    def packets(self, daemon, transport="udp"):
        return self.closed_later(connect(daemon.listening(transport)))

    def closed_later(self, client):
        self.close_later(client.close)
        return client

    def wait_taken(self, daemon, client):
        """Until all that was sent before through `client` is taken: something bad that is sent now is refused."""
        before = daemon.now()["inputs"][0]["rejected"]["bad_line"]
        client.send(b"bad\n")
        wait_until(lambda: daemon.now()["inputs"][0]["rejected"]["bad_line"] > before, "the packets are taken")

    def test_no_flush_is_lost_to_a_graphite_that_is_down(self):
        lines = Lines()
        receiver = self.receiver(lines)
        daemon = self.daemon([destination(receiver.url)], statsd(flush_interval="1s")).start()
        client = self.packets(daemon)
        client.send(b"gorets:1|c|@0.1\nglork:320|ms\ngaugor:333|g\nuniques:765|s")
        self.wait_taken(daemon, client)
        wait_until(lambda: daemon.to()["points_pending"] > 40, "two flushes wait")
        self.assertEqual({}, lines.of)
        receiver.start()
        wait_until(lambda: len(lines.values("stats_counts.gorets")) >= 3, "the flushes arrive")
        self.assertEqual(["10", "0"], lines.values("stats_counts.gorets")[:2])
        self.assertEqual("320", lines.values("stats.timers.glork.upper_90")[0])
        self.assertEqual({"333"}, set(lines.values("stats.gauges.gaugor")))
        self.assertEqual(["1", "0"], lines.values("stats.sets.uniques.count")[:2])
        stamps = sorted(stamp for _, stamp in lines.of["stats_counts.gorets"])
        self.assertEqual(list(range(stamps[0], stamps[0] + len(stamps))), stamps)

    def test_a_stop_flushes_and_the_next_process_goes_on_with_the_slot(self):
        lines = Lines()
        receiver = self.receiver(lines).start()
        daemon = self.daemon([destination(receiver.url)], statsd(flush_interval=LONG_INTERVAL)).start()
        for sent in (b"a:5|c\nu:x|s", b"a:2|c\nu:y|s"):
            client = self.packets(daemon)
            client.send(sent)
            self.wait_taken(daemon, client)
            self.assertEqual(0, daemon.terminate())
            daemon.start()
        daemon.wait_delivered()
        self.assertEqual(["5", "7"], lines.values("stats_counts.a"))
        self.assertEqual(["1", "2"], lines.values("stats.sets.u.count"))
        self.assertEqual(1, len({stamp for _, stamp in lines.of["stats_counts.a"]}))

    def test_with_persist_a_crash_costs_a_second_at_most(self):
        lines = Lines()
        receiver = self.receiver(lines).start()
        daemon = self.daemon([destination(receiver.url)], statsd(flush_interval=LONG_INTERVAL, persist=True)).start()
        client = self.packets(daemon)
        client.send(b"before.the.crash:5|c")
        self.wait_taken(daemon, client)

        def is_kept():
            logs = [each for each in daemon.queue.iterdir() if each.suffix == ".log"]
            return any(b"before.the.crash" in each.read_bytes() for each in logs)

        wait_until(is_kept, "the open interval is kept")
        daemon.kill()
        daemon.start()
        client = self.packets(daemon)
        client.send(b"before.the.crash:2|c")
        self.wait_taken(daemon, client)
        daemon.terminate()
        daemon.start()
        daemon.wait_delivered()
        self.assertEqual(["7"], lines.values("stats_counts.before.the.crash"))

    def test_an_endless_line_takes_no_memory_and_is_counted(self):
        daemon = self.daemon([destination(self.receiver(Lines()).url)], statsd(flush_interval=LONG_INTERVAL)).start()
        probe = self.packets(daemon, "tcp")
        self.wait_taken(daemon, probe)
        empty = daemon.resident()
        client = self.packets(daemon, "tcp")
        for _ in range(harness.sized(64, 1024, 16)):
            client.sendall(b"x" * MIB)
        wait_until(lambda: daemon.now()["inputs"][0]["rejected"]["line_too_long"] == 1, "the line is refused")
        if not harness.SANITIZED:
            self.assertLess(daemon.resident() - empty, 4 * MIB)
        client.sendall(b"\nbad\n")
        wait_until(lambda: daemon.now()["inputs"][0]["rejected"]["bad_line"] == 2, "what comes behind it is read")

    def test_names_without_end_take_bounded_memory_and_are_counted(self):
        inputs = statsd(flush_interval=LONG_INTERVAL, max_names=1000, console="off")
        daemon = self.daemon([destination(self.receiver(Lines()).url)], inputs).start()
        client = self.packets(daemon, "tcp")
        for first in range(0, 50_000, 1000):
            client.sendall(b"".join(b"name.%d:1|c\n" % number for number in range(first, first + 1000)))
        self.wait_taken(daemon, client)
        self.assertEqual(50_000 - 997, daemon.now()["inputs"][0]["rejected"]["too_many_names"])

    def test_datagrams_that_the_kernel_drops_are_counted(self):
        daemon = self.daemon([destination(self.receiver(Lines()).url)], statsd(flush_interval=LONG_INTERVAL)).start()
        client = self.packets(daemon)
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            for _ in range(60_000):  # more than any buffer that it asks for
                client.send(b"x" * 1400)
        finally:
            os.kill(daemon.pid, signal.SIGCONT)

        def dropped():
            client.send(b"a:1|c")
            return daemon.now()["inputs"][0]["datagrams_dropped_total"]

        self.assertGreater(wait_until(dropped, "the drops are counted"), 100)

    def test_the_console_answers_health_checks(self):
        port = self.reserved_port()
        inputs = statsd(flush_interval=LONG_INTERVAL, console=port.url)
        daemon = self.daemon([destination(self.receiver(Lines()).url)], inputs).start()
        console = self.closed_later(connect(port.url))
        console.sendall(b"health\nnonsense\nquit\n")
        reply = b""
        while piece := console.recv(4096):
            reply += piece
        self.assertEqual(b"health: up\nERROR\n", reply)
        self.assertTrue(daemon.running)

    def test_watch_shows_what_comes_and_what_is_flushed(self):
        daemon = self.daemon([destination(self.receiver(Lines()).url)], statsd(flush_interval="1s")).start()
        output = self.folder / "watched"
        with output.open("wb") as file:
            watch = harness.spawn([harness.PROGRAM, "statsd", "watch", "*gorets*", "--config", str(daemon.file)], file, file)
        self.close_later(watch.kill)
        client = self.packets(daemon)

        def seen():
            client.send(b"gorets:1|c|@0.1\nglork:1|ms")
            text = output.read_text()
            return "< gorets 1 c, 10 times\n" in text and "> stats_counts.gorets " in text

        wait_until(seen, "both are shown", pause=0.1)
        self.assertNotIn("glork", output.read_text())
        watch.terminate()
        self.assertEqual(0, watch.wait(harness.PATIENCE))

    def test_a_reload_changes_where_it_listens_and_nothing_of_what_it_makes(self):
        receiver = self.receiver(Lines())
        daemon = self.daemon([destination(receiver.url)], statsd(flush_interval=LONG_INTERVAL)).start()
        daemon.configure([destination(receiver.url)], statsd(flush_interval="1s"))
        daemon.process.send_signal(signal.SIGHUP)
        error = wait_until(lambda: daemon.now().get("last_reload_error"), "the reload is refused")
        self.assertIn("StatsD", error)
        changed = statsd(flush_interval=LONG_INTERVAL)
        changed[0]["listen"].append("tcp://127.0.0.2:0")
        daemon.configure([destination(receiver.url)], changed)
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(daemon.now()["inputs"][0]["listen"]) == 3, "it listens there, too")


if __name__ == "__main__":
    harness.main()
