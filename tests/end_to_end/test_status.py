"""`carbon-spool status`: of a live daemon, of a stopped one, of none; its exit codes and its JSON."""

import contextlib
import os
import pty
import select
import signal
import time

import harness
import points
from harness import destination, find, send, wait_until

NUMBER = (int, float)
OPTIONAL_INT = (int, type(None))
OPTIONAL_TEXT = (str, type(None))
STATUS = {"version": str, "state": str, "pid": int, "uptime_seconds": int, "queue": dict, "inputs": list,
          "destinations": list, "clusters": list}  # fmt: skip
QUEUE = {"points": int, "batches": int, "bytes_on_disk": int, "max_size_bytes": int, "when_full": str,
         "oldest_timestamp": OPTIONAL_INT, "newest_timestamp": OPTIONAL_INT, "dropped_points_total": int}  # fmt: skip
INPUT = {"name": str, "type": str, "listen": list, "connections": int, "points_total": int, "rejected_total": int,
         "rejected": dict}  # fmt: skip
DESTINATION = {"name": str, "address": str, "state": str, "since": int, "points_received_total": int,
               "points_acknowledged_total": int, "points_routed_elsewhere_total": int, "points_pending": int,
               "points_unconfirmed": int, "points_dropped_total": int, "dropped": dict,
               "oldest_pending_timestamp": OPTIONAL_INT, "points_sent_total": int, "points_resent_total": int,
               "points_per_second": NUMBER, "seconds_to_catch_up": OPTIONAL_INT, "reconnects_total": int,
               "last_error": OPTIONAL_TEXT}  # fmt: skip
RUNNING, NEEDS_A_LOOK, BAD_USAGE, NOT_RUNNING = 0, 1, 2, 3


class Status(harness.EndToEnd):
    def assert_shape(self, value, shape):
        self.assertLessEqual(shape.keys(), value.keys())
        for key, kind in shape.items():
            self.assertIsInstance(value[key], kind, key)
            self.assertNotIsInstance(value[key], bool, key)

    def test_the_json_of_a_live_daemon_is_as_documented(self):
        receiver = self.receiver(points.CheckList(1000)).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000) + b"no_value\n"))
        daemon.wait_delivered()

        code, status = daemon.status()

        self.assertEqual(code, RUNNING)
        self.assert_shape(status, STATUS)
        self.assert_shape(status["queue"], QUEUE)
        self.assert_shape(status["inputs"][0], INPUT)
        self.assert_shape(status["destinations"][0], DESTINATION)
        self.assertEqual((status["state"], status["pid"]), ("running", daemon.pid))
        self.assertEqual(status["queue"]["when_full"], "drop_oldest")
        self.assertEqual(status["queue"]["max_size_bytes"], 1 << 30)
        one = status["inputs"][0]
        self.assertEqual((one["name"], one["type"], one["points_total"]), ("graphite", "graphite", 1000))
        self.assertEqual((one["rejected_total"], one["rejected"]["no_value"]), (1, 1))
        to = status["destinations"][0]
        self.assertEqual((to["name"], to["address"], to["state"]), ("primary", receiver.url, "connected"))
        self.assertEqual((to["points_received_total"], to["points_acknowledged_total"]), (1000, 1000))
        self.assertEqual((to["points_sent_total"], to["points_resent_total"], to["points_pending"]), (1000, 0, 0))
        self.assertIsNone(to["oldest_pending_timestamp"])
        self.assertEqual(status["queue"]["points"], 0)
        self.assert_adds_up(status)

    def test_points_that_wait_are_shown_with_the_times_they_came_with(self):
        daemon = self.daemon([destination(self.reserved_port().url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(5, 1000)))

        code, status = daemon.status()

        self.assertEqual(code, NEEDS_A_LOOK, "the destination is down")
        to = status["destinations"][0]
        self.assertEqual((to["points_pending"], to["points_unconfirmed"]), (995, 0))
        self.assertEqual(to["oldest_pending_timestamp"], 1700000005)
        self.assertIn(to["state"], ("connecting", "backing_off"))
        wait_until(lambda: daemon.to()["state"] == "backing_off", "backing off")
        wait_until(lambda: daemon.to()["last_error"], "an error is told")
        self.assertEqual(status["queue"]["points"], 995)
        self.assertGreaterEqual(status["queue"]["batches"], 1)
        self.assertEqual(status["queue"]["oldest_timestamp"], 1700000005)
        self.assertEqual(status["queue"]["newest_timestamp"], 1700000999)
        self.assertGreater(status["queue"]["bytes_on_disk"], 0)

    def test_a_stopped_daemon_is_shown_from_its_queue_without_a_change_to_it(self):
        daemon = self.daemon([destination(self.reserved_port().url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(5, 1000)))
        self.assertEqual(daemon.terminate(), 0)
        before = self.queue_files(daemon)

        code, status = daemon.status()

        self.assertEqual((code, status["state"]), (NOT_RUNNING, "stopped"))
        self.assert_shape(status, STATUS)
        self.assert_shape(status["queue"], QUEUE)
        to = find(status["destinations"], "primary")
        self.assert_shape(to, DESTINATION)
        self.assertEqual((to["points_received_total"], to["points_pending"]), (995, 995))
        self.assertEqual(to["oldest_pending_timestamp"], 1700000005)
        self.assertEqual(status["queue"]["points"], 995)
        self.assert_adds_up(status)
        text = daemon.command("status")
        self.assertEqual(text.returncode, NOT_RUNNING)
        self.assertIn("primary", text.stdout)
        self.assertIn("995", text.stdout)
        self.assertEqual(self.queue_files(daemon), before)

    def test_a_killed_daemon_is_shown_from_its_queue(self):
        daemon = self.daemon([destination(self.reserved_port().url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 777)))
        daemon.kill()

        code, status = daemon.status()

        self.assertEqual((code, status["state"]), (NOT_RUNNING, "stopped"))
        self.assertEqual(find(status["destinations"], "primary")["points_pending"], 777)

    def test_no_queue_at_all_is_said_so(self):
        daemon = self.daemon([destination(self.reserved_port().url)])

        done = daemon.command("status")
        as_json = daemon.command("status", "--json")

        self.assertEqual((done.returncode, as_json.returncode), (NOT_RUNNING, NOT_RUNNING))
        self.assertIn(str(daemon.queue), done.stdout + done.stderr)
        self.assertFalse(daemon.queue.exists(), "status made a queue")

    def test_bad_usage_and_a_bad_configuration_are_exit_code_2(self):
        daemon = self.daemon([destination(self.reserved_port().url)])
        self.assertEqual(daemon.command("status", "--jsn").returncode, BAD_USAGE)
        self.assertEqual(harness.run_program("no-such-command").returncode, BAD_USAGE)
        self.assertEqual(harness.run_program().returncode, BAD_USAGE)
        self.assertEqual(harness.run_program("status", "--config", self.folder / "none.toml").returncode, BAD_USAGE)
        daemon.file.write_text("[queue\n")
        self.assertEqual(daemon.command("status").returncode, BAD_USAGE)

    def test_the_page_for_a_person_names_what_matters(self):
        receiver = self.receiver(points.CheckList(1000)).start()
        daemon = self.daemon([destination(receiver.url, name="lighthouse")]).start()

        done = daemon.command("status")

        self.assertEqual(done.returncode, RUNNING, done.stderr)
        for word in ("lighthouse", "connected", "graphite", receiver.url):
            self.assertIn(word, done.stdout)

    def test_watch_refreshes_on_a_terminal_until_it_is_interrupted(self):
        receiver = self.receiver(points.CheckList(12345)).start()
        daemon = self.daemon([destination(receiver.url, name="lighthouse")]).start()
        terminal, inside = pty.openpty()
        watch = harness.spawn([harness.PROGRAM, "status", "--watch", "--config", str(daemon.file)], inside, inside)
        os.close(inside)
        screen = bytearray()

        def shows(text):
            if select.select([terminal], [], [], 0)[0]:
                with contextlib.suppress(OSError):  # EIO: the other side is gone
                    screen.extend(os.read(terminal, 65536))
            return text in screen

        wait_until(lambda: shows(b"lighthouse"), "the destination on the screen")
        self.assertTrue(send(daemon.listening(), points.plain(0, 12345)))
        del screen[:]
        wait_until(lambda: shows(b"12345") or shows(b"12,345") or shows(b"12 345"), "the points on the screen")
        watch.send_signal(signal.SIGINT)
        wait_until(lambda: shows(b"never shown") or watch.poll() is not None, "the end of status --watch")
        os.close(terminal)

    def test_points_dropped_within_the_hour_need_a_look(self):
        receiver = self.receiver(points.CheckList(10))
        daemon = self.daemon([destination(receiver.url)], queue={"max_size": "16MiB"}).start()
        noise = points.Noise(7)
        for first in range(0, 400_000, 20_000):
            self.assertTrue(send(daemon.listening(), noise.lines(first, first + 20_000)))
            if daemon.to()["points_dropped_total"] > 0:
                break
        receiver._take = lambda lines: None
        receiver.start()
        daemon.wait_delivered()

        code, status = daemon.status()

        self.assertEqual(status["destinations"][0]["state"], "connected")
        self.assertGreater(status["destinations"][0]["points_dropped_total"], 0)
        self.assertEqual(code, NEEDS_A_LOOK)
        self.assert_adds_up(status)

    @harness.long_only
    def test_points_unsent_for_a_minute_need_a_look_though_the_destination_is_connected(self):
        receiver = self.receiver(points.CheckList(2_000_000), receive_buffer=4096).start()
        receiver.pause()
        daemon = self.daemon([destination(receiver.url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 2_000_000)))
        since = time.monotonic()

        def reads_a_little_and_needs_a_look():
            receiver.resume()
            time.sleep(0.001)
            receiver.pause()
            time.sleep(0.5)
            code, status = daemon.status()
            return code == NEEDS_A_LOOK and status["destinations"][0]["state"] == "connected"

        wait_until(reads_a_little_and_needs_a_look, "exit code 1", 120)
        self.assertGreater(time.monotonic() - since, 50, "too soon")

    def queue_files(self, daemon):
        return {
            str(file.relative_to(daemon.queue)): (file.stat().st_size, file.stat().st_mtime_ns)
            for file in daemon.queue.rglob("*")
        }


class TwoDaemons(harness.EndToEnd):
    def test_a_second_daemon_on_the_same_queue_is_refused_with_a_clear_message(self):
        checks = points.CheckList(1000)
        receiver = self.receiver(checks).start()
        first = self.daemon([destination(receiver.url)], name="first").start()
        second = self.daemon([destination(receiver.url)], name="second", queue={"path": str(first.queue)})

        refused = harness.run_program("run", "--config", second.file)

        self.assertNotEqual(refused.returncode, 0)
        said = refused.stdout + refused.stderr
        self.assertIn(str(first.queue), said)
        self.assertRegex(said, "(?i)another|already|in use")
        self.assertTrue(send(first.listening(), points.plain(0, 1000)), "the first one is hurt")
        first.wait_delivered()
        self.assert_all_arrived(checks, 0, 1000)


if __name__ == "__main__":
    harness.main()
