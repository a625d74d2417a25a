"""The queue of events: it comes and goes by reload, and what waits in it is accounted for; the tools for queues."""

import os
import signal

import harness
import points
from event_server import EventServer
from harness import destination, find, send, wait_until
from test_events import EVENTS_INPUT, Stream, to_graphite_web


class EventQueue(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.checks = points.CheckList(2000)
        self.to_graphite = destination(self.receiver(self.checks).start().url)
        self.points_input = {"type": "graphite", "listen": ["tcp://127.0.0.1:0"]}
        port = self.reserved_port().number
        self.url = f"http://127.0.0.1:{port}"
        self.events_input = {**EVENTS_INPUT, "listen": [f"tcp://127.0.0.1:{port}"]}

    def event_server(self, **keys):
        server = EventServer(**keys)
        self.close_later(server.close)
        return server

    def start(self, *event_destinations):
        daemon = self.daemon([self.to_graphite], [self.points_input])
        self.configure(daemon, *event_destinations)
        return daemon.start()

    def configure(self, daemon, *event_destinations, extra=()):
        """Those destinations of events and, if there are any, the input of events."""
        inputs = [self.points_input, *([self.events_input] if event_destinations else []), *extra]
        daemon.configure([self.to_graphite, *event_destinations], inputs)

    def reload(self, daemon, *event_destinations, expect="reloaded", **keys):
        self.configure(daemon, *event_destinations, **keys)
        before = daemon.log_text().count("reloaded")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: daemon.log_text().count("reloaded") > before, "the reload is over")
        self.assertEqual("not reloaded" in daemon.log_text(), expect != "reloaded", daemon.log_tail())

    def event(self, daemon, what, code=0):
        done = daemon.command("event", what, "--when", "1700000000")
        self.assertEqual(done.returncode, code, done.stderr)

    def assert_each_once(self, server, stream):
        """What was answered with 200, each once; what has no answer at most once."""
        found = server.whats()
        self.assertEqual(len(found), len(set(found)), "none is there twice")
        doubtful = {each["what"] for each in stream.in_doubt}
        self.assertEqual(sorted(set(found) - doubtful), sorted(each["what"] for each in stream.accepted))

    def test_the_first_destination_of_events_comes_by_reload(self):
        server = self.event_server(down=True)
        web = to_graphite_web(server.url)
        daemon = self.start()
        self.event(daemon, "nobody would get it", code=1)
        self.reload(daemon, web)
        self.event(daemon, "by hand")
        stream = Stream(self.url, "post")
        wait_until(lambda: len(stream.accepted) > 20, "events are taken")
        stream.stop()
        self.assertEqual(daemon.to("web")["points_pending"], 1 + len(stream.accepted))
        self.assertTrue(send(daemon.listening(name="graphite"), points.plain(0, 1000)))

        # A death finds them there, although the daemon did not begin with them.
        daemon.kill()
        server.down = False
        daemon.start()
        daemon.wait_delivered("web")
        daemon.wait_delivered()
        stream.accepted.append({"what": "by hand"})
        self.assert_each_once(server, stream)
        self.assert_all_arrived(self.checks, 0, 1000)
        self.assert_adds_up(daemon.now())

    def test_a_reload_that_fails_brings_no_events(self):
        server = self.event_server()
        web = to_graphite_web(server.url)
        daemon = self.start()
        taken = self.receiver(points.CheckList(1)).start()
        second = {"name": "second", "type": "graphite", "listen": [taken.url]}
        self.reload(daemon, web, extra=[second], expect="not reloaded")
        self.event(daemon, "nobody would get it", code=1)
        self.assertEqual([each["name"] for each in daemon.now()["destinations"]], ["primary"])
        self.assertIn("batches with 0 points", daemon.command("queue", "verify").stdout)
        self.configure(daemon, web)
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "web" in [each["name"] for each in daemon.now()["destinations"]], "the destination comes")
        self.event(daemon, "now they do")
        daemon.wait_delivered("web")
        self.assertEqual(server.whats(), ["now they do"])

    def test_the_last_destination_of_events_goes_by_reload_and_comes_back(self):
        """All the while clients post: what was taken is delivered, or waits as an orphan."""
        server = self.event_server()
        web = to_graphite_web(server.url)
        daemon = self.start(web)
        stream = Stream(self.url, "post")
        for round_ in range(harness.sized(4, 20, 2)):
            server.down = round_ % 2 == 1
            there = len(stream.accepted)
            wait_until(lambda: len(stream.accepted) > there + 10, "events are taken")
            self.reload(daemon)
            self.event(daemon, "nobody would get it", code=1)
            left = daemon.to("web")
            self.assertEqual(left["state"], "orphan")
            self.assertEqual(
                left["points_received_total"],
                left["points_acknowledged_total"] + left["points_pending"] + left["points_dropped_total"],
            )
            self.reload(daemon, web)
        stream.stop()
        server.down = False
        daemon.wait_delivered("web")
        self.assert_each_once(server, stream)
        self.assert_adds_up(daemon.now())

    def test_what_the_last_destination_left_outlives_a_restart_and_is_purged_by_hand(self):
        daemon = self.start(to_graphite_web(self.event_server(down=True).url))
        self.event(daemon, "one")
        self.event(daemon, "two")
        self.reload(daemon)
        self.assertEqual(daemon.terminate(), 0)
        daemon.start()
        left = daemon.to("web")
        self.assertEqual((left["state"], left["type"], left["points_pending"]), ("orphan", "graphite_events", 2))
        self.assertIn('"what":"two"', daemon.command("queue", "export", "--destination", "web").stdout)
        self.assertEqual(daemon.command("queue", "purge", "--destination", "web", "--yes").returncode, 0)
        self.assertEqual([each["name"] for each in daemon.now()["destinations"]], ["primary"])

    def test_a_new_name_misses_nothing_that_is_posted_meanwhile(self):
        server, other = self.event_server(), self.event_server()
        daemon = self.start(to_graphite_web(server.url))
        stream = Stream(self.url, "post")
        wait_until(lambda: len(stream.accepted) > 10, "events are taken")
        self.reload(daemon, to_graphite_web(other.url, name="other"))
        there = len(stream.accepted)
        wait_until(lambda: len(stream.accepted) > there + 10, "events are taken")
        stream.stop()
        self.assertEqual(daemon.command("queue", "adopt", "web", "other").returncode, 0)
        daemon.wait_delivered("other")
        self.assertEqual(
            sorted({*server.whats(), *other.whats()} - {each["what"] for each in stream.in_doubt}),
            sorted(each["what"] for each in stream.accepted),
        )

    def test_verify_reads_the_events_too(self):
        daemon = self.start(to_graphite_web(self.event_server(down=True).url))
        data = os.urandom(30_000).hex()
        for number in range(30):
            done = daemon.command("event", f"large {number}", "--data", data, "--when", "1700000000")
            self.assertEqual(done.returncode, 0, done.stderr)
        for way in ("live", "stopped"):
            with self.subTest(way):
                if way == "stopped":
                    self.assertEqual(daemon.terminate(), 0)
                verified = daemon.command("queue", "verify")
                self.assertEqual(verified.returncode, 0, verified.stderr)
                self.assertIn("batches with 0 points were read, all of them well\n", verified.stdout)
                self.assertIn("30 batches with 30 events were read, all of them well\n", verified.stdout)
        files = sorted((daemon.queue / "events").glob("*.sst")) or sorted((daemon.queue / "events").glob("*.log"))
        table = max(files, key=lambda file: file.stat().st_size)
        with table.open("r+b") as file:
            file.seek(table.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0x10]))
        verified = daemon.command("queue", "verify")
        self.assertEqual(verified.returncode, 1, verified.stdout)
        self.assertIn("batches with 0 points were read, all of them well\n", verified.stdout)
        self.assertRegex(verified.stderr, r"batch \d+ of events cannot be read")
        self.assertRegex(verified.stderr, r"[1-9]\d* of 30 batches of events cannot be read")

    def test_verify_of_a_queue_that_never_had_events_says_nothing_of_them(self):
        daemon = self.start()
        self.assertNotIn("events", daemon.command("queue", "verify").stdout)
        self.assertEqual(daemon.terminate(), 0)
        self.configure(daemon, to_graphite_web("http://127.0.0.1:9"))
        verified = daemon.command("queue", "verify")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn("0 batches with 0 events", verified.stdout)


if __name__ == "__main__":
    harness.main()
