"""A file system that runs full: said, survived, and healed by itself when space returns."""

import os
import unittest

import harness
import points
from harness import MIB, Background, connect, destination, find, half_close, send, wait_until


class FreeDisk(harness.EndToEnd):
    def test_too_little_free_space_counts_as_full(self):
        for policy in ("drop_oldest", "drop_newest"):
            with self.subTest(policy):
                daemon = self.daemon(
                    [destination(self.reserved_port().url)], name=policy,
                    queue={"min_free_disk": "1000000GiB", "when_full": policy},
                ).start()  # fmt: skip
                self.assertTrue(send(daemon.listening(), points.plain(0, 100_000)))
                status = daemon.now()
                self.assert_adds_up(status)
                self.assertGreater(status["queue"]["dropped_points_total"], 50_000)


@unittest.skipUnless(os.geteuid() == 0, "mounts a small file system: only root may")
class FullDisk(harness.EndToEnd):
    """The queue is on a tmpfs that nobody else sees; the test reaches it through /proc."""

    def setUp(self):
        super().setUp()
        self.mount = self.folder / "small"
        self.mount.mkdir()
        self.checks = points.CheckList(4_000_000)
        self.receiver_ = self.receiver(self.checks)
        self.spool = self.daemon(
            [destination(self.receiver_.url)], queue={"path": str(self.mount / "queue"), "min_free_disk": "0B"}
        )
        self.spool.start(wrapper=["unshare", "--mount", "sh", "-c",
                                  f'mount -t tmpfs -o size=96m none {self.mount} && exec "$@"', "sh"])  # fmt: skip
        self.inside = f"/proc/{self.spool.pid}/root{self.mount}"

    def test_points_wait_at_the_door_of_a_full_disk_and_none_that_was_confirmed_is_lost(self):
        self.assertTrue(send(self.spool.listening(), points.plain(0, 1000)))
        self.fill_up()
        noise = points.Noise(9)
        confirmed = []

        def go_on():
            client = connect(self.spool.listening(), timeout=None)
            for first in range(10_000, 600_000, 10_000):
                client.sendall(noise.lines(first, first + 10_000))
            if half_close(client):
                confirmed.append((10_000, 600_000))

        sending = Background(go_on)
        wait_until(lambda: self.spool.now()["queue"]["last_error"], "status tells what is wrong")
        self.assertTrue(self.spool.running)

        os.unlink(f"{self.inside}/filler")
        sending.finish()
        self.assertTrue(confirmed, "the sender was given up although space came back")
        self.receiver_.start()
        self.spool.wait_delivered()

        self.assert_all_arrived(self.checks, 0, 1000)
        self.assert_all_arrived(self.checks, 10_000, 600_000)
        status = self.spool.now()
        self.assert_adds_up(status)
        self.assertEqual(find(status["destinations"], "primary")["points_dropped_total"], 0)

    def fill_up(self):
        """Takes all but four megabytes."""
        with open(f"{self.inside}/filler", "wb") as filler:
            free = os.statvfs(self.inside)
            filler.write(bytes(free.f_bavail * free.f_frsize - 4 * MIB))


if __name__ == "__main__":
    harness.main()
