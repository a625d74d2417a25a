"""The cap: never more disk than `max_size`, most of it in use once it is reached, every point counted."""

import time

import harness
import points
from harness import MIB, Background, Sampler, connect, destination, half_close

PIECE = 5_000  # lines sent at a time, the last of them bad
BYTES = harness.sized(300_000_000, 1_000_000_000, 220_000_000)
FEW_BYTES = 75_000_000


def make_noise():
    noise = points.Noise(11)
    return noise.lines


def make_mixture():
    """A megabyte of what compresses badly, a megabyte of what compresses well."""
    noise = points.Noise(12)

    def lines(first, last):
        return noise.lines(first, last) if first // 20_000 % 2 else points.compressible(first, last)

    return lines


class Flood:
    """Sends `total` bytes over one connection as fast as they are taken, one bad line in every piece."""

    def __init__(self, url, make, total):
        self.points = 0
        self.bad = 0
        self.confirmed = False
        self._url = url
        self._make = make
        self._total = total
        self._thread = Background(self._run)

    def _run(self):
        client = connect(self._url, timeout=None)
        left = self._total
        while left > 0:
            piece = self._make(self.points, self.points + PIECE) + b"refused\n"
            client.sendall(piece)
            self.points += PIECE
            self.bad += 1
            left -= len(piece)
        self.confirmed = half_close(client)

    @property
    def done(self):
        return not self._thread.is_alive()

    def finish(self):
        self._thread.finish(4 * harness.PATIENCE)
        assert self.confirmed, "the flood was not confirmed at its end"


class Cap(harness.EndToEnd):
    def test_drop_oldest_noise(self):
        self.fill("drop_oldest", make_noise())

    def test_drop_oldest_mixture(self):
        self.fill("drop_oldest", make_mixture())

    def test_drop_newest_noise(self):
        self.fill("drop_newest", make_noise())

    @harness.long_only
    def test_drop_newest_mixture(self):
        self.fill("drop_newest", make_mixture())

    def test_block_noise(self):
        self.fill("block", make_noise())

    @harness.long_only
    def test_block_mixture(self):
        self.fill("block", make_mixture())

    def test_the_smallest_cap(self):
        for policy in ("drop_oldest", "drop_newest", "block"):
            with self.subTest(policy):
                # So little room leaves less than half for points beside the store's working files.
                self.fill(policy, make_noise(), 16 * MIB, FEW_BYTES, f"small-{policy}", least_share=0.4)

    def fill(self, policy, make, cap=64 * MIB, total=BYTES, name="daemon", least_share=0.5):
        checks = points.CheckList(total // 50)
        receiver = self.receiver(checks)
        daemon = self.daemon(
            [destination(receiver.url)], name=name, queue={"max_size": f"{cap // MIB}MiB", "when_full": policy}
        ).start()
        disk = Sampler(daemon.disk_use)
        numbers = Sampler(daemon.now, period=0.25)
        flood = Flood(daemon.listening(), make, total)

        if policy == "block":
            self.wait_until_held_back(flood)
        else:
            flood.finish()
        filled = time.monotonic()
        samples = self.samples_when_full(disk, numbers, filled, policy)
        self.assert_in_use([*samples, daemon.disk_use()], cap * least_share)
        receiver.start()
        flood.finish()
        daemon.wait_delivered(timeout=4 * harness.PATIENCE)
        disk.stop()
        numbers.stop()

        self.assertLessEqual(max(disk.values()), cap, "more disk than the cap")
        for status in numbers.values():
            self.assert_adds_up(status)
        self.assert_every_point_counted(daemon.now(), flood, checks, policy)

    def wait_until_held_back(self, flood):
        harness.wait_until_still(lambda: flood.points, 5, "the sender is held back", 4 * harness.PATIENCE)
        self.assertFalse(flood.done, "everything fitted: nothing was held back")

    def samples_when_full(self, disk, numbers, filled, policy):
        """From when the cap was reached until the destination came up."""
        if policy == "block":
            return disk.values(after=filled - 4, before=filled)
        reached = (at for at, status in numbers.samples if status["queue"]["dropped_points_total"] > 0)
        return disk.values(after=next(reached, filled), before=filled)

    def assert_in_use(self, samples, least):
        print(f"{min(samples) / MIB:.1f} to {max(samples) / MIB:.1f} MiB in use once full;", end=" ")
        self.assertGreaterEqual(min(samples), least)

    def assert_every_point_counted(self, status, flood, checks, policy):
        one, to = status["inputs"][0], status["destinations"][0]
        self.assert_adds_up(status)
        self.assertEqual(one["points_total"] + one["rejected_total"], flood.points + flood.bad)
        self.assertEqual(one["rejected_total"], flood.bad)
        self.assertEqual(to["points_received_total"], flood.points)
        self.assertEqual(checks.unique, to["points_acknowledged_total"])
        self.assertEqual(checks.unique + to["points_dropped_total"] + one["rejected_total"], flood.points + flood.bad)
        self.assertEqual((checks.strange, checks.strange_examples), (0, []))
        self.assertLessEqual(checks.total - checks.unique, to["points_resent_total"])
        if policy == "block":
            self.assertEqual(to["points_dropped_total"], 0)
            self.assert_all_arrived(checks, 0, flood.points)
        else:
            self.assertGreater(to["points_dropped_total"], 0)
            self.assertEqual(to["dropped"].get("cap", 0), to["points_dropped_total"])
            kept = flood.points - 1 if policy == "drop_oldest" else 0
            self.assertTrue(checks.has(kept), f"{policy} dropped point {kept}")


class SmallerCap(harness.EndToEnd):
    def test_a_queue_written_under_a_cap_opens_under_a_smaller_one_and_shrinks_to_it(self):
        checks = points.CheckList(3_000_000)
        receiver = self.receiver(checks)
        daemon = self.daemon([destination(receiver.url)], queue={"max_size": "256MiB"}).start()
        flood = Flood(daemon.listening(), make_noise(), 200_000_000)
        flood.finish()
        large = daemon.disk_use()
        self.assertGreater(large, 80 * MIB)
        self.assertEqual(daemon.terminate(), 0)

        daemon.configure([destination(receiver.url)], queue={"max_size": "64MiB"})
        daemon.start()
        harness.wait_until(lambda: daemon.disk_use() <= 64 * MIB, "the queue shrinks to the new cap")
        disk = Sampler(daemon.disk_use)
        status = daemon.now()
        self.assert_adds_up(status)
        self.assertGreater(status["destinations"][0]["points_dropped_total"], 0)
        self.assertGreater(status["destinations"][0]["points_pending"], 0)
        receiver.start()
        daemon.wait_delivered()
        disk.stop()

        self.assertLessEqual(max(disk.values()), 64 * MIB)
        to = daemon.to()
        self.assertEqual(to["points_acknowledged_total"] + to["points_dropped_total"], flood.points)
        self.assertEqual(checks.unique, to["points_acknowledged_total"])
        self.assertTrue(checks.has(flood.points - 1), "the newest point is gone")


if __name__ == "__main__":
    harness.main()
