"""A file system that runs full: said, survived, and healed by itself when space returns."""

import os
import shutil
import subprocess
import threading

import harness
import points
from harness import MIB, Background, connect, destination, find, half_close, send, wait_until


class Traffic:
    """Numbered points on one connection, one every tenth of a millisecond or so, until stopped."""

    PIECE = 500

    def __init__(self, url, noise):
        self._noise = noise
        self._client = connect(url)
        self._ended = threading.Event()
        self._next = 0
        self._thread = Background(self._run)

    def _run(self):
        while not self._ended.wait(0.05):
            self._client.sendall(self._noise.lines(self._next, self._next + self.PIECE))
            self._next += self.PIECE
        half_close(self._client)

    def stop(self):
        """How many were sent."""
        self._ended.set()
        self._thread.finish()
        return self._next


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


class FullDisk(harness.EndToEnd):
    """The queue is on an ext4 file system of 64 MiB on a loop device, which nobody else sees; the
    test reaches it through /proc."""

    SIZE = 64 * MIB

    def setUp(self):
        super().setUp()
        self.assertEqual(os.geteuid(), 0, "mounts a file system: this test needs root")
        self.mount = self.folder / "small"
        self.mount.mkdir()
        image = self.folder / "image"
        with open(image, "wb") as file:
            file.truncate(self.SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        self.checks = {name: points.CheckList(8_000_000) for name in ("up", "down")}
        self.receivers = {name: self.receiver(checks) for name, checks in self.checks.items()}
        self.receivers["up"].start()
        self.spool = self.daemon(
            [destination(self.receivers[name].url, name) for name in ("up", "down")],
            queue={"path": str(self.mount / "queue"), "min_free_disk": "0B", "max_size": "48MiB"},
        )
        self.mounting = ["unshare", "--mount", "sh", "-c", f'mount -o loop {image} {self.mount} && exec "$@"', "sh"]
        self.start()
        self.noise = points.Noise(9)

    def start(self):
        self.spool.start(wrapper=self.mounting)
        self.inside = f"/proc/{self.spool.pid}/root{self.mount}"

    def test_live_points_flow_through_a_full_disk_and_the_numbers_add_up(self):
        traffic = Traffic(self.spool.listening(), self.noise)
        self.close_later(traffic.stop)
        wait_until(lambda: self.checks["up"].unique > 20_000, "points arrive")
        self.fill_to_the_last_byte()
        wait_until(lambda: self.spool.now()["queue"]["last_error"], "status tells what is wrong")
        before = self.checks["up"].unique
        wait_until(lambda: self.checks["up"].unique > before + 20_000, "live points flow from memory")
        self.assertTrue(self.spool.running)
        self.assert_adds_up(self.spool.now())

        self.free_again()
        wait_until(lambda: not self.spool.now()["queue"]["last_error"], "appending resumes")
        written = self.spool.now()["queue"]["batches"]
        wait_until(lambda: self.spool.now()["queue"]["batches"] > written, "the queue grows again")
        last = traffic.stop()
        self.spool.wait_delivered("up")
        self.spool.kill()
        self.start()
        self.receivers["down"].start()
        self.spool.wait_delivered("down")

        status = self.spool.now()
        self.assert_adds_up(status)
        for name, checks in self.checks.items():
            to = find(status["destinations"], name)
            self.assertEqual(checks.strange, 0)
            self.assertEqual(len(checks.missing(0, last)), to["points_dropped_total"], name)
            self.assertLessEqual(set(key for key, count in to["dropped"].items() if count), {"memory_limit"})
        self.assertEqual(find(status["destinations"], "up")["points_dropped_total"], 0)
        log = self.spool.log_text()
        self.assertEqual(log.count("the disk fails"), log.count("the disk is well again"))

    def test_what_is_confirmed_while_the_disk_is_full_is_on_it_later(self):
        self.assertTrue(send(self.spool.listening(), points.plain(0, 1000)))
        self.fill_to_the_last_byte()
        answers = []

        def go_on():
            client = connect(self.spool.listening(), timeout=None)
            for first in range(10_000, 310_000, 10_000):
                client.sendall(self.noise.lines(first, first + 10_000))
            answers.append(half_close(client))

        sending = Background(go_on)
        wait_until(lambda: self.spool.now()["queue"]["points_in_memory"] > 100_000, "points gather in memory")
        self.assertEqual(answers, [], "confirmed what is only in memory")
        self.free_again()
        sending.finish()
        self.assertEqual(answers, [True], "the sender was given up although space came back")
        self.assertEqual(self.spool.now()["queue"]["points_in_memory"], 0)
        self.receivers["down"].start()
        for name, checks in self.checks.items():
            self.spool.wait_delivered(name)
            self.assert_all_arrived(checks, 0, 1000)
            self.assert_all_arrived(checks, 10_000, 310_000)
        self.assert_adds_up(self.spool.now())

    def fill_to_the_last_byte(self):
        """Another process takes whatever is free, and whatever becomes free, until `free_again`."""
        script = 'while :; do dd if=/dev/zero bs=4k oflag=append conv=notrunc of="$1"; sleep 0.05; done'
        self.filler = harness.spawn(["sh", "-c", script, "sh", f"{self.inside}/filler"],
                                    subprocess.DEVNULL, subprocess.DEVNULL)  # fmt: skip
        self.close_later(self.filler.kill)
        wait_until(lambda: os.statvfs(self.inside).f_bavail == 0, "the disk is full")

    def free_again(self):
        self.filler.kill()
        self.filler.wait()
        os.unlink(f"{self.inside}/filler")


class RemovedFolder(harness.EndToEnd):
    def test_a_queue_folder_that_is_removed_is_made_anew(self):
        checks = {name: points.CheckList(1_000_000) for name in ("up", "down")}
        receivers = {name: self.receiver(each) for name, each in checks.items()}
        receivers["up"].start()
        spool = self.daemon([destination(receivers[name].url, name) for name in ("up", "down")]).start()
        self.assertTrue(send(spool.listening(), points.plain(0, 100_000)))
        spool.wait_delivered("up")
        shutil.rmtree(spool.queue)
        wait_until(lambda: "the disk is well again" in spool.log_text(), "the folder is made anew")
        self.assertTrue(send(spool.listening(), points.plain(100_000, 200_000)))
        spool.kill()  # what was accepted since is in the new folder
        receivers["down"].start()
        spool.start()
        for name in checks:
            spool.wait_delivered(name)
            self.assert_all_arrived(checks[name], 100_000, 200_000)
        status = spool.now()
        self.assert_adds_up(status)
        down = find(status["destinations"], "down")
        self.assertEqual(down["points_received_total"], 200_000)
        self.assertEqual(down["points_dropped_total"], down["dropped"]["damaged"])
        self.assertEqual(len(checks["down"].missing(0, 100_000)), down["points_dropped_total"])


if __name__ == "__main__":
    harness.main()
