"""Several destinations at once: none hurts another; and peers that behave in odd ways."""

import time

import harness
import peers
import points
from harness import destination, send, wait_until


class SideBySide(harness.EndToEnd):
    def test_every_destination_gets_every_point(self):
        east, west = points.CheckList(300_000), points.CheckList(300_000)
        receivers = [self.receiver(east).start(), self.receiver(west).start()]
        daemon = self.daemon(
            [destination(receivers[0].url, "east"), destination(receivers[1].url, "west")]
        ).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 300_000)))
        daemon.wait_delivered("east")
        daemon.wait_delivered("west")
        for checks in (east, west):
            self.assert_all_arrived(checks, 0, 300_000)
            self.assertEqual(checks.total, 300_000)

    def test_deaf_resetting_and_unreachable_ones_do_not_hurt_a_good_one(self):
        count = harness.sized(300_000, 2_000_000, 100_000)
        good, resetting = points.CheckList(count + 1000), points.CheckList(count + 1000)
        good_one = self.receiver(good).start()
        deaf = self.receiver(points.CheckList(1), receive_buffer=4096).start()
        deaf.pause()
        resetting_one = self.receiver(resetting, kind=peers.ResettingReceiver, every=10_000).start()
        hole = peers.BlackHole()
        self.close_later(hole.close)
        daemon = self.daemon([
            destination(good_one.url, "good"),
            destination(deaf.url, "deaf"),
            destination(resetting_one.url, "resetting"),
            destination(hole.url, "hole"),
        ]).start()  # fmt: skip
        url = daemon.listening()

        probe = count
        for first in range(0, count, 20_000):
            self.assertTrue(send(url, points.plain(first, first + 20_000)))
            # The good one gets each point at once: had it to wait for the others it would be seconds.
            self.assertTrue(send(url, points.plain(probe, probe + 1)))
            wait_until(lambda probe=probe: good.has(probe), "a point at the good one without delay", self.at_once())
            probe += 1

        daemon.wait_delivered("good")
        self.assert_all_arrived(good, 0, probe)
        self.assertEqual(good.total, probe, "the good one got some twice")
        wait_until(lambda: not resetting.missing(0, probe), "the resetting one gets every point", 4 * harness.PATIENCE)
        self.assertGreater(resetting_one.resets, 1)
        self.assertEqual((resetting.strange, resetting.strange_examples), (0, []))
        status = daemon.now()
        self.assert_adds_up(status)
        for name in ("deaf", "hole"):
            self.assertEqual(harness.find(status["destinations"], name)["points_pending"], probe)
        self.assertIn(harness.find(status["destinations"], "hole")["state"], ("connecting", "backing_off"))

    def at_once(self):
        return 10 if harness.SANITIZED else 3


class OddPeers(harness.EndToEnd):
    def test_one_that_confirms_nothing_is_told_apart_and_nothing_is_lost(self):
        checks = points.CheckList(1000)
        mute = self.receiver(checks, closes=False).start()
        daemon = self.daemon([destination(mute.url, confirm_timeout="1s", backoff_max="200ms")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        wait_until(lambda: daemon.to()["state"] == "unconfirmed", "the state unconfirmed")
        code, status = daemon.status()
        to = status["destinations"][0]
        self.assertEqual(code, 1)
        self.assertIn("acknowledge", to["last_error"])
        self.assertEqual((to["points_pending"], to["points_acknowledged_total"]), (1000, 0))
        self.assert_all_arrived(checks, 0, 1000)

    def test_one_that_confirms_nothing_can_be_used_with_the_kernels_word(self):
        checks = points.CheckList(100_000)
        mute = self.receiver(checks, closes=False).start()
        daemon = self.daemon([destination(mute.url, acknowledge="kernel")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 100_000)))
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 100_000)
        self.assertEqual(daemon.status()[0], 0)

    def test_the_kernels_word_loses_nothing_that_was_in_a_small_socket_buffer(self):
        checks = points.CheckList(100_000)
        receiver = self.receiver(checks, receive_buffer=65536).start()
        receiver.pause()
        daemon = self.daemon([destination(receiver.url, acknowledge="kernel", backoff_max="200ms")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 100_000)))
        wait_until(lambda: daemon.to()["points_sent_total"] > 0, "something is under way")
        receiver.die()
        receiver.start()
        daemon.wait_delivered()
        wait_until(lambda: not checks.missing(0, 100_000), "all of it arrives")

    def test_one_that_closes_idle_connections_loses_no_point(self):
        checks = points.CheckList(5000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url, confirm_every="60s")]).start()
        for first in range(0, 5000, 500):
            self.assertTrue(send(daemon.listening(), points.plain(first, first + 500)))
            wait_until(lambda until=first + 500: checks.unique >= until, "the points arrive")
            receiver.close_idle()
        self.assertEqual(daemon.terminate(), 0)
        self.assert_all_arrived(checks, 0, 5000)

    def test_order_is_kept_with_oldest_first_from_connection_to_connection(self):
        checks = points.CheckList(200_000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url, replay="oldest_first", confirm_bytes="256KiB")]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 200_000)))
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 200_000)
        self.assertEqual((checks.total, checks.out_of_order), (200_000, 0))
        self.assertGreater(receiver.connections_total, 10, "connections are bounded by confirm_bytes")

    def test_a_point_that_kills_its_server_is_set_aside_and_the_others_go_on(self):
        count = 20_000
        checks = points.CheckList(10 * count)
        choking = self.receiver(checks, kind=peers.ChokingReceiver, poison=b"i00007777 ").start()
        daemon = self.daemon([destination(choking.url, backoff_max="10ms")]).start()
        url = daemon.listening()
        sent = 0

        def set_aside():
            # More points come in all the time: that they are confirmed shows that the server is well.
            nonlocal sent
            more = count if sent == 0 else 100
            self.assertTrue(send(url, points.plain(sent, sent + more)))
            sent += more
            return daemon.to()["dropped"].get("poison")

        wait_until(set_aside, "the one line is set aside")
        daemon.wait_delivered()
        to = daemon.to()
        self.assertEqual({reason: count for reason, count in to["dropped"].items() if count}, {"poison": 1})
        self.assertEqual(checks.missing(0, sent), [7777])
        self.assertEqual(to["points_acknowledged_total"], sent - 1)
        aside = [file for file in daemon.queue.rglob("*") if file.is_file() and b"i00007777 " in file.read_bytes()]
        self.assertTrue(aside, "the line is nowhere in the queue's folder")

    def test_a_unix_socket_is_a_destination(self):
        checks = points.CheckList(100_000)
        receiver = self.receiver(checks, path=str(self.folder / "carbon.sock"))
        daemon = self.daemon([destination(receiver.url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 100_000)))
        receiver.start()
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 100_000)

    def test_a_name_is_resolved_and_all_its_addresses_are_tried(self):
        checks = points.CheckList(1000)
        receiver = self.receiver(checks).start()
        url = receiver.url.replace("127.0.0.1", "localhost")  # ::1 first, where nobody listens
        daemon = self.daemon([destination(url)]).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, 1000)))
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 1000)

    def test_a_slow_reader_is_left_alone(self):
        """It takes a little now and then, far less than comes in: no reset, no point twice."""
        checks = points.CheckList(100_000)
        receiver = self.receiver(checks, receive_buffer=4096).start()
        daemon = self.daemon([destination(receiver.url, confirm_timeout="5s")]).start()
        receiver.pause()
        self.assertTrue(send(daemon.listening(), points.plain(0, 100_000)))
        for _ in range(harness.sized(10, 60, 10)):
            receiver.resume()
            time.sleep(0.002)
            receiver.pause()
            time.sleep(1)
        receiver.resume()
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 100_000)
        self.assertEqual(checks.total, 100_000)


if __name__ == "__main__":
    harness.main()
