"""Inputs that follow log files: every line comes into the queue once, whatever is killed or out of reach; what is
told of them. Rotation: test_tail_rotation.py; parsers: test_tail_parsers.py."""

import os

import harness
import points
from harness import MIB, destination, find, wait_until
from log_files import Log
from tail import TailTest


class Beginning(TailTest):
    def test_a_file_that_is_there_begins_at_its_end(self):
        self.write(10)
        self.started(self.tail())
        wait_until(lambda: self.files(), "the file is known")
        self.write(10)
        wait_until(lambda: self.checks.has(19), "the new lines arrive")
        self.assertEqual(self.checks.unique, 10)
        # Where it begins is remembered, and not asked again.
        self.spool.kill()
        self.write(10)
        self.spool.start()
        wait_until(lambda: self.checks.has(29), "the lines from the time between arrive")
        self.assertEqual(self.checks.missing(10, 30), [])
        self.assertEqual(self.checks.unique, 20)

    def files(self):
        return self.spool.now()["inputs"][0]["files"]

    def test_a_file_that_is_there_begins_at_its_beginning_if_so_wanted(self):
        self.write()
        self.started(self.tail(start="beginning"))
        self.wait_accepted()
        self.kill_and_start()
        self.assert_each_once()

    def test_a_file_that_appears_later_is_read_from_its_beginning(self):
        known = self.folder / "logs" / "known.log"
        known.touch()
        self.started(self.tail(path=[str(known), str(self.log.path)]))
        wait_until(self.files, "the input has looked for its files")
        self.write()
        self.assert_each_once()

    def test_a_folder_that_appears_later_is_read(self):
        self.started(self.tail(path=str(self.folder / "logs" / "*" / "app[0-9].log"), start="beginning"))
        for name in ("a/app1.log", "b/app2.log"):
            (self.folder / "logs" / name).parent.mkdir()
            self.write(path=self.folder / "logs" / name)
        self.write(0, self.folder / "logs" / "a" / "appx.log")
        wait_until(lambda: self.accepted() == self.written, "both are read")
        self.assertEqual(sorted(os.path.basename(each["path"]) for each in self.files()), ["app1.log", "app2.log"])

    def test_several_paths_and_globs(self):
        paths = [str(self.folder / "logs" / name) for name in ("one.log", "many-?.log")]
        self.started(self.tail(path=paths, start="beginning"))
        for name in ("one.log", "many-a.log", "many-b.log"):
            self.write(path=self.folder / "logs" / name)
        self.log.append(b"no.point 1 1700000000\n", self.folder / "logs" / "many-cc.log")
        self.wait_accepted()
        self.write(path=self.folder / "logs" / "many-b.log")
        self.wait_accepted()
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, 0, self.written)

    def test_files_of_a_glob_keep_their_places_over_a_kill(self):
        self.started(self.tail(path=str(self.folder / "logs" / "*.log"), start="beginning"))
        for i in range(5):
            self.write(path=self.folder / "logs" / f"{i}.log")
        self.wait_accepted()
        self.spool.kill()
        for i in range(7):
            self.write(path=self.folder / "logs" / f"{i}.log")
        self.spool.start()
        self.assert_each_once()


class Lines(TailTest):
    def test_half_a_line_is_left_until_its_end_comes(self):
        self.started()
        line = points.plain(100, 101)
        self.write()
        self.log.append(line[:20])
        self.wait_accepted()
        self.kill_and_start()
        self.log.append(line[20:])
        self.written += 1
        self.assert_each_once()

    def test_a_line_in_pieces_is_one_line(self):
        self.started()
        for i in range(20):
            for byte in points.plain(i, i + 1):
                self.log.append(bytes([byte]))
        self.written = 20
        self.assert_each_once()

    def test_bad_lines_are_refused_and_cost_no_other(self):
        self.started()
        self.write(10)
        self.log.append(b"this is no point\n\xff\xfe\n" + b"x" * 3 * MIB + b"\n")
        self.write(10)
        self.log.append(b"windows.line 1 1700000000\r\n")
        self.wait_accepted(21)
        wait_until(lambda: self.spool.now()["inputs"][0]["rejected_total"] == 3, "bad lines are counted")
        self.spool.wait_delivered()
        self.assertEqual(self.checks.missing(0, 20), [])

    def test_the_last_half_line_of_a_rotated_generation_counts(self):
        self.started(self.tail(start="beginning", read_renamed_for="1s"))
        self.write(10)
        self.log.append(points.plain(10, 11).rstrip(b"\n"))
        self.written += 1
        self.wait_accepted(10)
        self.log.rename()
        self.write(10)
        self.assert_each_once()


class Daemon(TailTest):
    def test_the_status_has_every_file(self):
        self.started()
        self.write()
        self.wait_accepted()
        half = points.plain(self.written, self.written + 1)[:-5]
        self.log.append(half)
        about = self.log.path.stat()
        one = wait_until(lambda: next((each for each in self.spool.now()["inputs"][0]["files"]
                                       if each["size"] == about.st_size), None), "the half line is seen")  # fmt: skip
        self.assertEqual(one["path"], str(self.log.path))
        self.assertEqual(one["inode"], about.st_ino)
        # Whether half a line counts as read is not said.
        self.assertIn(one["size"] - one["offset"], (0, len(half)))
        self.assertEqual(self.spool.now()["inputs"][0]["type"], "tail")

    def test_paths_come_and_go_with_a_reload(self):
        first, second = Log(self.folder / "logs" / "a.log"), Log(self.folder / "logs" / "b.log")
        self.log = first
        self.started(self.tail(path=[str(first.path)], start="beginning"))
        self.write(path=first.path)
        self.wait_accepted()
        self.reload(self.tail(path=[str(first.path), str(second.path)]))
        self.write(path=second.path)
        self.write(path=first.path)
        self.wait_accepted()
        self.reload(self.tail(path=[str(second.path)]))
        wait_until(lambda: [str(second.path)] == [each["path"] for each in self.spool.now()["inputs"][0]["files"]],
                   "the first is not followed any more")  # fmt: skip
        self.log.append(b"not.read 1 1700000000\n", first.path)
        self.write(path=second.path)
        self.wait_accepted()
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, 0, self.written)

    def test_an_input_comes_and_goes_with_a_reload(self):
        self.started({"type": "graphite", "listen": ["tcp://127.0.0.1:0"]})
        graphite = self.spool.config["input"][0]
        self.reload(graphite, self.tail(start="beginning"))
        wait_until(lambda: len(self.spool.now()["inputs"]) == 2, "the input is there")
        self.write()
        self.wait_accepted()
        self.reload(graphite)
        wait_until(lambda: self.spool.now()["inputs"][-1]["type"] == "orphan", "the input is gone")
        self.write()
        self.reload(graphite, self.tail(start="beginning"))
        wait_until(lambda: self.spool.now()["inputs"][-1]["type"] == "tail", "the input is there again")
        wait_until(lambda: self.checks.has(self.written - 1), "it goes on where it was")
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, 0, self.written)
        self.assertEqual(find(self.spool.now()["inputs"], "tail")["points_total"], self.written)

    def test_an_outage_of_the_destination_loses_no_line(self):
        self.started(up=False)
        for _ in range(4):
            self.write()
            self.wait_accepted()
            self.log.rename()
        self.assertEqual(self.spool.to()["points_pending"], self.written)
        self.kill_and_start()
        self.sink.start()
        self.assert_each_once()

    def test_kills_repeat_and_lose_nothing(self):
        self.started()
        for _ in range(harness.sized(6, 30, 3)):
            self.write(3000)
            self.kill_and_start()
        self.assert_each_once()

    def test_an_orderly_stop_repeats_and_loses_nothing(self):
        self.started()
        for _ in range(3):
            self.write(3000)
            self.assertEqual(self.spool.terminate(), 0)
            self.write(1)
            self.spool.start()
        self.assert_each_once()

    def test_a_full_queue_that_blocks_holds_the_files_back(self):
        noise = points.Noise(7)
        lines = harness.sized(400_000, 1_000_000, 300_000)
        self.started(up=False, queue={"max_size": "16MiB", "when_full": "block"})
        for first in range(0, lines, 50_000):
            self.log.append(noise.lines(first, first + 50_000))
            if first == lines // 2:
                self.log.rename()
        held = harness.wait_until_still(self.accepted, 1.5, "the queue is full")
        self.assertGreater(held, 0)
        self.assertLess(held, lines)
        self.assertLessEqual(self.spool.disk_use(), 16 * MIB)
        self.kill_and_start()
        self.sink.start()
        self.written = lines
        wait_until(lambda: self.accepted() == lines, "all is read")
        self.assert_each_once()
        self.assertEqual(self.spool.to()["points_dropped_total"], 0)

    def test_two_inputs_of_one_file_read_it_both(self):
        self.started(self.tail(name="a", start="beginning"), self.tail(name="b", start="beginning"))
        self.write()
        wait_until(lambda: self.accepted() == 200, "both have read it")
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, 0, 100)


if __name__ == "__main__":
    harness.main()
