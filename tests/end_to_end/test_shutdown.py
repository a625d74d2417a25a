"""Signals, systemd, and what happens to points at the end of a daemon."""

import signal
import socket
import time

import harness
import points
from harness import destination, find, send, wait_until


class Shutdown(harness.EndToEnd):
    def test_what_was_accepted_right_before_sigterm_is_delivered_and_confirmed(self):
        checks = points.CheckList(200_000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon(
            [destination(receiver.url, confirm_every="60s")], daemon={"shutdown_timeout": "60s"}
        ).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 200_000)))

        self.assertEqual(daemon.terminate(), 0)

        self.assert_all_arrived(checks, 0, 200_000)
        code, status = daemon.status()
        self.assertEqual(code, 3)
        to = find(status["destinations"], "primary")
        self.assertEqual((to["points_pending"], to["points_acknowledged_total"]), (0, 200_000))

    def test_a_destination_that_never_reads_delays_the_end_no_longer_than_the_time_for_it(self):
        checks = points.CheckList(300_000)
        receiver = self.receiver(checks, receive_buffer=4096).start()
        receiver.pause()
        daemon = self.daemon([destination(receiver.url)], daemon={"shutdown_timeout": "1s"}).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 300_000)))

        self.assertEqual(daemon.terminate(timeout=60), 0)

        to = find(daemon.status()[1]["destinations"], "primary")
        self.assertEqual(to["points_pending"], 300_000)
        receiver.resume()
        daemon.start()
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 300_000)

    def test_a_client_in_the_middle_of_its_stream_is_reset_so_that_it_knows(self):
        receiver = self.receiver(points.CheckList(1000)).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        client = harness.connect(daemon.listening())
        client.sendall(points.plain(0, 1000))
        wait_until(lambda: daemon.now()["inputs"][0]["points_total"] == 1000, "all are accepted")
        self.assertEqual(daemon.terminate(), 0)
        with self.assertRaises(ConnectionResetError):
            client.recv(1)

    def test_points_in_hand_at_sigterm_are_in_the_queue_afterwards(self):
        daemon = self.daemon([destination(self.reserved_port().url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 50_000)))
        self.assertEqual(daemon.terminate(), 0)
        self.assertEqual(find(daemon.status()[1]["destinations"], "primary")["points_pending"], 50_000)

    def test_sigint_stops_it_as_well(self):
        daemon = self.daemon([destination(self.reserved_port().url)]).start()
        daemon.process.send_signal(signal.SIGINT)
        self.assertEqual(daemon.process.wait(harness.PATIENCE), 0)

    def test_systemd_is_told_when_it_is_ready_and_when_it_stops(self):
        path = str(self.folder / "notify.sock")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(path)
        notify.settimeout(harness.PATIENCE)
        receiver = self.receiver(points.CheckList(1000)).start()
        daemon = self.daemon([destination(receiver.url)])
        daemon.start(env={"NOTIFY_SOCKET": path})
        self.assertIn("READY=1", self.told(notify))
        self.assertEqual(daemon.terminate(), 0)
        self.assertIn("STOPPING=1", self.told(notify))

    def told(self, notify):
        return notify.recv(4096).decode().splitlines()

    def test_ready_means_that_it_listens(self):
        path = str(self.folder / "notify.sock")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(path)
        notify.settimeout(harness.PATIENCE)
        port = self.reserved_port()
        daemon = self.daemon([destination(self.reserved_port().url)], [{"type": "graphite", "listen": [port.url]}])
        daemon.process = harness.spawn(
            [harness.PROGRAM, "run", "--config", str(daemon.file)], daemon.log.open("wb"), None, {"NOTIFY_SOCKET": path}
        )
        self.assertIn("READY=1", self.told(notify))
        self.assertTrue(send(port.url, points.plain(0, 10)))

    def test_an_address_that_is_taken_ends_the_start_with_its_name(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = "tcp://127.0.0.1:%d" % taken.getsockname()[1]
        daemon = self.daemon([destination(self.reserved_port().url)], [{"type": "graphite", "listen": [url]}])
        done = daemon.command("run")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(url.removeprefix("tcp://"), done.stdout + done.stderr)


class Logs(harness.EndToEnd):
    def test_an_outage_is_a_line_when_it_begins_and_a_line_when_it_ends(self):
        checks = points.CheckList(3000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url, "lighthouse", backoff_max="100ms")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        daemon.wait_delivered("lighthouse")
        quiet = self.lines_about(daemon, "lighthouse")
        receiver.die()
        self.assertTrue(send(daemon.listening(), points.plain(1000, 2000)))
        wait_until(lambda: daemon.to("lighthouse")["state"] == "backing_off", "the outage is seen")
        time.sleep(2)  # the outage goes on, with a retry every 100 ms
        self.assertEqual(self.lines_about(daemon, "lighthouse") - quiet, 1, daemon.log_tail())
        receiver.start()
        daemon.wait_delivered("lighthouse")
        wait_until(lambda: self.lines_about(daemon, "lighthouse") - quiet == 2, "a line when it is back")

    def test_what_strangers_send_cannot_fill_the_log(self):
        receiver = self.receiver(points.CheckList(10)).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        self.assertTrue(send(daemon.listening(), b"no_value_at_all\n" * 100_000))
        self.assertLess(len(daemon.log_text().splitlines()), 100)

    def lines_about(self, daemon, name):
        return sum(name in line for line in daemon.log_text().splitlines())


if __name__ == "__main__":
    harness.main()
