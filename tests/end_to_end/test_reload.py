"""SIGHUP: what differs is changed, what stays is not touched, and a bad file changes nothing."""

import signal
import threading
import time

import harness
import points
from harness import Background, connect, destination, find, half_close, send, wait_until

PER_SECOND = 50_000


def listen_on(port, name="graphite", **keys):
    return {"name": name, "type": "graphite", "listen": [port.url], **keys}


class Reload(harness.EndToEnd):
    def reload(self, daemon, expect="reloaded"):
        """Sends SIGHUP and waits for the line that says how it went."""
        before = daemon.log_text().count("reloaded")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: daemon.log_text().count("reloaded") > before, "the reload is over")
        last = [line for line in daemon.log_text().splitlines() if "reloaded" in line][-1]
        self.assertIn(expect, last)
        self.assertEqual("not reloaded" in last, expect != "reloaded", last)

    def test_a_bad_file_changes_nothing_and_says_why(self):
        checks = points.CheckList(1000)
        receiver = self.receiver(checks).start()
        port, taken = self.reserved_port(), self.receiver(points.CheckList(1)).start()
        to = [destination(receiver.url)]
        daemon = self.daemon(to, [listen_on(port)]).start()
        client = connect(port.url)
        good = daemon.file.read_text()

        daemon.file.write_text(good.replace("confirm_every", "confirm_evry"))
        self.reload(daemon, "not reloaded")
        self.assertRegex(daemon.log_text(), r"carbon-spool\.toml:\d+: destination\[0\]\.confirm_evry: .*confirm_every")
        daemon.file.write_text(good)
        status = daemon.status()
        self.assertEqual(status[0], 1)
        self.assertIn("confirm_evry", status[1]["last_reload_error"])

        daemon.configure(to, [listen_on(port), listen_on(taken, "second")])
        self.reload(daemon, "not reloaded")
        self.assertIn(taken.url, daemon.now()["last_reload_error"])
        self.assertEqual([one["name"] for one in daemon.now()["inputs"] if one["type"] != "orphan"], ["graphite"])

        daemon.configure(to, [listen_on(port)], daemon={"threads": 2})
        self.reload(daemon, "not reloaded")
        self.assertIn("daemon.threads", daemon.now()["last_reload_error"])

        client.sendall(points.plain(0, 500))
        self.assertTrue(half_close(client), "a connection did not outlive reloads that failed")
        daemon.file.write_text(good)
        self.reload(daemon)
        self.assertIsNone(daemon.now()["last_reload_error"])
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 500)

    def test_destinations_come_go_and_move(self):
        """A changed address keeps the backlog, one that goes is an orphan, one that comes back has its place."""
        checks = {name: points.CheckList(6000) for name in ("moved", "gone", "stays")}
        receivers = {name: self.receiver(each) for name, each in checks.items()}
        receivers["stays"].start()
        nowhere = self.reserved_port()
        stays = destination(receivers["stays"].url, "stays", confirm_every="1h")
        daemon = self.daemon([stays, destination(nowhere.url, "moved"), destination(nowhere.url, "gone")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        wait_until(lambda: checks["stays"].unique == 1000, "the points arrive")

        receivers["moved"].start()
        daemon.configure([stays, destination(receivers["moved"].url, "moved")])
        self.reload(daemon)
        daemon.wait_delivered("moved")
        self.assert_all_arrived(checks["moved"], 0, 1000)
        orphan = daemon.to("gone")
        self.assertEqual((orphan["state"], orphan["points_pending"]), ("orphan", 1000))

        self.assertTrue(send(daemon.listening(), points.plain(1000, 2000)))
        receivers["gone"].start()
        new = points.CheckList(6000)
        added = destination(self.receiver(new).start().url, "new")
        oldest = points.CheckList(6000)
        from_the_start = destination(self.receiver(oldest).start().url, "from_the_start", start="oldest")
        daemon.configure([stays, destination(receivers["gone"].url, "gone"), added, from_the_start])
        self.reload(daemon)
        self.assertTrue(send(daemon.listening(), points.plain(2000, 3000)))
        for name in ("gone", "new", "from_the_start"):
            daemon.wait_delivered(name)
        self.assert_all_arrived(checks["gone"], 0, 3000)
        self.assert_all_arrived(oldest, 0, 3000)
        self.assert_all_arrived(new, 2000, 3000)
        self.assertEqual(new.unique, 1000, "it begins at the live end")
        wait_until(lambda: checks["stays"].unique == 3000, "the points arrive")
        self.assertEqual(receivers["stays"].connections_total, 1, "the connection of one that stayed was touched")
        self.assert_adds_up(daemon.now())

    def test_listeners_come_and_go_beside_a_connection_that_stays(self):
        checks = points.CheckList(4000)
        receiver = self.receiver(checks).start()
        stays, goes, comes, other = (self.reserved_port() for _ in range(4))
        to = [destination(receiver.url)]
        both = {"name": "one", "type": "graphite", "listen": [stays.url, goes.url]}
        daemon = self.daemon(to, [both, listen_on(other, "two")]).start()
        staying, ending, of_other = (connect(each.url) for each in (stays, goes, other))
        for client, first in ((staying, 0), (ending, 1000), (of_other, 2000)):
            client.sendall(points.plain(first, first + 500))
        wait_until(lambda: checks.unique == 1500, "the points arrive")

        daemon.configure(to, [{**both, "listen": [stays.url, comes.url]}])
        self.reload(daemon)
        for client in (ending, of_other):
            self.assertFalse(half_close(client), "a connection of a listener that went was confirmed")
        for gone in (goes, other):
            with self.assertRaises(ConnectionRefusedError):
                connect(gone.url)
        self.assertTrue(send(comes.url, points.plain(3000, 3500)))
        staying.sendall(points.plain(500, 1000))
        self.assertTrue(half_close(staying), "the connection that stayed was closed")
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 1500)
        self.assert_all_arrived(checks, 3000, 3500)
        orphan = find(daemon.now()["inputs"], "two")
        self.assertEqual((orphan["type"], orphan["points_total"]), ("orphan", 500))

        daemon.configure(to, [both, listen_on(other, "two")])
        self.reload(daemon)
        self.assertTrue(send(goes.url, points.plain(1500, 2000)))
        self.assertTrue(send(other.url, points.plain(2500, 3000)))
        self.assertEqual(find(daemon.now()["inputs"], "two")["points_total"], 1000)

    def test_the_cap_may_become_smaller_and_larger(self):
        daemon = self.daemon([destination(self.reserved_port().url)], queue={"max_size": "64MiB"}).start()
        noise = points.Noise(3)
        for first in range(0, 400_000, 20_000):
            self.assertTrue(send(daemon.listening(), noise.lines(first, first + 20_000)))
        self.assertEqual(daemon.now()["queue"]["dropped_points_total"], 0)
        for max_size in (16, 32):
            daemon.configure(daemon.config["destination"], queue={"max_size": f"{max_size}MiB"})
            self.reload(daemon)
            status = daemon.now()
            self.assertEqual(status["queue"]["max_size_bytes"], max_size * harness.MIB)
            self.assertLessEqual(daemon.disk_use(), max_size * harness.MIB)
            self.assertGreater(status["queue"]["dropped_points_total"], 0)
            self.assert_adds_up(status)

    def test_reloads_under_load_lose_nothing_and_close_nothing_that_stays(self):
        reloads = harness.sized(10, 100, 5)
        rate = harness.sized(PER_SECOND, PER_SECOND, 5000)
        checks = {name: points.CheckList(60 * rate * 10) for name in ("stays", "changes")}
        receivers = {name: self.receiver(each).start() for name, each in checks.items()}
        port, extra = self.reserved_port(), self.reserved_port()
        stays = destination(receivers["stays"].url, "stays", confirm_every="1h")
        changes = destination(receivers["changes"].url, "changes")
        inputs = [listen_on(port)]
        daemon = self.daemon([stays], inputs).start()
        load = Load(port.url, rate)
        self.close_later(load.stop)
        for count in range(reloads):
            more = count % 2 == 0
            daemon.configure([stays, changes] if more else [stays], inputs + [listen_on(extra, "extra")] if more else inputs)
            self.reload(daemon)
            load.wait_for_more(rate // 10)
        sent = load.stop()  # fails if its connection was closed
        daemon.configure([stays, changes], inputs)
        self.reload(daemon)
        for name in ("stays", "changes"):
            wait_until(lambda name=name: daemon.to(name)["points_pending"] == daemon.to(name)["points_unconfirmed"],
                       f"everything was sent to {name}")  # fmt: skip
        wait_until(lambda: checks["stays"].unique == sent, "all points arrive")
        # Confirmations alone: one for each half of what a connection may carry, at most.
        self.assertLessEqual(receivers["stays"].connections_total, 2 + sent * 35 // (16 * harness.MIB))
        # It began at the first reload and kept its place while it was gone.
        status = daemon.now()
        self.assert_adds_up(status)
        to = find(status["destinations"], "changes")
        self.assertEqual(to["points_dropped_total"], 0)
        first = sent - to["points_received_total"]
        wait_until(lambda: not checks["changes"].missing(first, sent), "what it missed meanwhile arrives")


class Load:
    """Numbered points at a steady rate on one connection."""

    def __init__(self, url, rate):
        self._client = connect(url)
        self._rate = rate
        self._ended = threading.Event()
        self._sent = 0
        self._thread = Background(self._run)

    def _run(self):
        begun = time.monotonic()
        while not self._ended.wait(0.02):
            due = int((time.monotonic() - begun) * self._rate)
            self._client.sendall(points.plain(self._sent, due))
            self._sent = due
        if not half_close(self._client):
            raise AssertionError("the connection was closed")

    def wait_for_more(self, count):
        goal = self._sent + count
        wait_until(lambda: self._sent >= goal, "the load goes on")

    def stop(self):
        """How many were sent and confirmed."""
        self._ended.set()
        self._thread.finish()
        return self._sent


if __name__ == "__main__":
    harness.main()
