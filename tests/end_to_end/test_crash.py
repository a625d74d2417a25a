"""`kill -9`: what was accepted is delivered, and the numbers still add up."""

import random
import threading

import harness
import points
from harness import Background, destination, find, send, wait_until


class Client:
    """Sends numbered points, a few thousand a connection, and notes which were confirmed."""

    def __init__(self, url, first, last):
        self.confirmed = []
        self.refused = 0
        self.ended = threading.Event()
        self._url = url
        self._first = first
        self._last = last
        self._thread = Background(self._run)

    def _run(self):
        rng = random.Random(self._first)
        at = self._first
        while at < self._last and not self.ended.is_set():
            until = min(at + rng.randrange(1, 5000), self._last)
            try:
                confirmed = send(self._url, points.plain(at, until))
            except ConnectionError:
                confirmed = False
            if confirmed:
                self.confirmed.append((at, until))
                at = until
            else:
                self.refused += 1
                self.ended.wait(0.02)  # the daemon is away

    def finish(self):
        self.ended.set()
        self._thread.finish()


class Crash(harness.EndToEnd):
    def test_what_was_confirmed_survives_kill_9_again_and_again_under_load(self):
        for up in (False, True):
            with self.subTest(destination_is_up=up):
                self.kill_under_load(up)

    def kill_under_load(self, up):
        kills = harness.sized(4, 20, 3)
        room = 4_000_000
        checks = points.CheckList(4 * room)
        receiver = self.receiver(checks)
        if up:
            receiver.start()
        port = self.reserved_port()
        inputs = [{"type": "graphite", "listen": [port.url]}]
        daemon = self.daemon([destination(receiver.url)], inputs, name=f"daemon-{up}").start()
        clients = [Client(port.url, number * room, (number + 1) * room) for number in range(4)]

        def confirmed():
            return sum(len(client.confirmed) for client in clients)

        rng = random.Random(20)
        for _ in range(kills):
            goal = confirmed() + rng.randrange(5, 60)
            wait_until(lambda goal=goal: confirmed() >= goal, "the clients get on")
            daemon.kill()
            daemon.start()
            self.assert_adds_up(daemon.now())
        for client in clients:
            client.finish()
        if not up:
            receiver.start()
        daemon.wait_delivered()

        for client in clients:
            for first, last in client.confirmed:
                self.assert_all_arrived(checks, first, last)
        self.assertGreaterEqual(sum(client.refused for client in clients), kills)
        status = daemon.now()
        self.assert_adds_up(status)
        to = find(status["destinations"], "primary")
        self.assertEqual(to["points_dropped_total"], 0)
        self.assertEqual(to["points_received_total"], status["inputs"][0]["points_total"])
        self.assertEqual(to["points_acknowledged_total"], to["points_received_total"])

    def test_one_confirmed_point_survives_kill_9_with_the_longest_sync(self):
        checks = points.CheckList(10)
        receiver = self.receiver(checks)
        daemon = self.daemon([destination(receiver.url)], queue={"sync": "1h"}).start()
        self.assertTrue(send(daemon.listening(), points.plain(7, 8)))
        daemon.kill()
        receiver.start()
        daemon.start()
        wait_until(lambda: checks.has(7), "the point arrives")
        self.assertEqual(checks.strange, 0)

    def test_numbers_survive_stops_and_kills_and_drops(self):
        """Acknowledged, dropped and waiting ones, over an orderly stop and a kill."""
        checks = points.CheckList(2_000_000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url)], queue={"max_size": "16MiB"}).start()
        noise = points.Noise(5)
        self.assertTrue(send(daemon.listening(), points.plain(0, 100_000) + b"refused\n"))
        daemon.wait_delivered()
        receiver.die()
        for first in range(100_000, 500_000, 20_000):
            self.assertTrue(send(daemon.listening(), noise.lines(first, first + 20_000)))
        before = daemon.now()
        self.assert_adds_up(before)
        self.assertGreater(before["queue"]["dropped_points_total"], 0)

        self.assertEqual(daemon.terminate(), 0)
        stopped = daemon.now()
        daemon.start()
        after_stop = daemon.now()
        daemon.kill()
        daemon.start()
        after_kill = daemon.now()

        for status in (stopped, after_stop, after_kill):
            self.assert_adds_up(status)
            for key in ("points_received_total", "points_acknowledged_total", "points_pending", "dropped",
                        "points_dropped_total", "oldest_pending_timestamp", "points_sent_total"):  # fmt: skip
                self.assertEqual(status["destinations"][0][key], before["destinations"][0][key], key)
            for key in ("points", "batches", "oldest_timestamp", "newest_timestamp", "dropped_points_total"):
                self.assertEqual(status["queue"][key], before["queue"][key], key)
        for status in (after_stop, after_kill):
            self.assertEqual(status["inputs"][0]["points_total"], 500_000)
            self.assertEqual(status["inputs"][0]["rejected_total"], 1)
        receiver.start()
        daemon.wait_delivered()
        to = daemon.to()
        self.assertEqual(checks.unique, to["points_acknowledged_total"])
        self.assertEqual(to["points_acknowledged_total"] + to["points_dropped_total"], 500_000)

    def test_a_destination_that_is_new_to_the_queue_begins_where_it_is_told_to(self):
        old, live, oldest = (points.CheckList(2000) for _ in range(3))
        gone = self.reserved_port()
        daemon = self.daemon([destination(gone.url, "old")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        self.assertEqual(daemon.terminate(), 0)
        receivers = [self.receiver(checks).start() for checks in (old, live, oldest)]
        daemon.configure([
            destination(receivers[0].url, "old"),
            destination(receivers[1].url, "live"),
            destination(receivers[2].url, "oldest", start="oldest"),
        ])  # fmt: skip
        daemon.start()
        self.assertTrue(send(daemon.listening(), points.plain(1000, 2000)))
        for name in ("old", "live", "oldest"):
            daemon.wait_delivered(name)
        self.assert_all_arrived(old, 0, 2000)
        self.assert_all_arrived(oldest, 0, 2000)
        self.assert_all_arrived(live, 1000, 2000)
        self.assertEqual(live.unique, 1000)
        self.assert_adds_up(daemon.now())

    def test_a_destination_that_left_the_configuration_is_an_orphan_until_it_comes_back(self):
        kept, other = points.CheckList(1000), points.CheckList(1000)
        down = self.reserved_port()
        receiver = self.receiver(other).start()
        both = [destination(down.url, "kept"), destination(receiver.url, "other")]
        daemon = self.daemon(both).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        daemon.wait_delivered("other")
        self.assertEqual(daemon.terminate(), 0)
        daemon.configure(both[1:])
        daemon.start()
        orphan = daemon.to("kept")
        self.assertEqual((orphan["state"], orphan["points_pending"]), ("orphan", 1000))
        self.assertEqual(daemon.terminate(), 0)
        moved = self.receiver(kept).start()
        daemon.configure([destination(moved.url, "kept"), both[1]])
        daemon.start()
        daemon.wait_delivered("kept")
        self.assert_all_arrived(kept, 0, 1000)


if __name__ == "__main__":
    harness.main()
