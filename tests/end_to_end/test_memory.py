"""Memory does not grow with the backlog."""

import harness
import points
from harness import MIB, Sampler, destination, send

PIECE = 200_000  # points
BACKLOG = harness.sized(600_000_000, 5_000_000_000, 100_000_000)  # bytes of plaintext
PASSED = harness.sized(3_000_000, 3_000_000, 400_000)  # points


class Memory(harness.EndToEnd):
    def test_a_large_backlog_takes_no_more_than_an_empty_queue_does(self):
        piece = points.compressible(0, PIECE)
        receiver = self.receiver(lambda lines: None).start()
        daemon = self.daemon([destination(receiver.url)], queue={"max_size": "8GiB"}).start()
        url = daemon.listening()
        for _ in range(PASSED // PIECE):
            self.assertTrue(send(url, piece))
        daemon.wait_delivered()
        empty = daemon.resident()

        receiver.die()
        watch = Sampler(daemon.resident)
        pieces = BACKLOG // len(piece) + 1
        for _ in range(pieces):
            self.assertTrue(send(url, piece))
        full = daemon.resident()
        status = daemon.now()
        self.assertEqual(status["destinations"][0]["points_pending"], pieces * PIECE)
        self.assertEqual(status["queue"]["dropped_points_total"], 0)
        self.assert_small(full, empty, "with the backlog waiting")

        watch.stop()
        daemon.kill()
        daemon.start()
        self.assertEqual(daemon.to()["points_pending"], pieces * PIECE)
        self.assert_small(daemon.resident(), empty, "after a restart")
        replay = Sampler(daemon.resident)
        receiver.start()
        daemon.wait_delivered(timeout=6 * harness.PATIENCE)
        replay.stop()
        self.assert_small(max(watch.values()), empty, "while the backlog grew")
        self.assert_small(max(replay.values()), empty, "while the backlog was replayed")
        print(f"MiB: empty {empty // MIB}, full {full // MIB}, growing {max(watch.values()) // MIB}, "
              f"replaying {max(replay.values()) // MIB}")  # fmt: skip

    def assert_small(self, resident, empty, when):
        if not harness.SANITIZED:
            self.assertLess(resident - empty, 32 * MIB, when)
            self.assertLess(resident, 160 * MIB, when)


if __name__ == "__main__":
    harness.main()
