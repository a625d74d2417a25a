"""Every line of a log that is rotated comes into the queue once: renamed, copied and truncated, compressed, under a
writer that does not notice, several times between two looks, with the daemon killed or away."""

import os
import time
from pathlib import Path

import harness
import points
from harness import wait_until
from log_files import Log, compress
from tail import ROOM, TailTest


class Rotation(TailTest):
    def test_renamed(self):
        self.started()
        for _ in range(3):
            self.write()
            self.wait_accepted()
            self.log.rename()
        self.assert_each_once()

    def test_renamed_and_compressed(self):
        self.started()
        for _ in range(3):
            self.write()
            self.wait_accepted()
            self.log.rename()
            self.write(10)
            self.log.compress()
        self.assert_each_once()

    def test_the_writer_goes_on_in_the_renamed_file(self):
        """It has it open; the new file appears late, or at once and stays empty."""
        self.started()
        for create in (False, True):
            with self.subTest(create=create), self.log.path.open("ab", 0) as writer:
                for _ in range(3):
                    self.put(writer)
                    self.wait_accepted()
                self.log.rename(create)
                for _ in range(3):
                    self.put(writer)
                    self.wait_accepted()
                self.put(writer)
                self.write()
                self.wait_accepted()
        self.assert_each_once()

    def put(self, writer, count=50):
        writer.write(points.plain(self.written, self.written + count))
        self.written += count

    def test_the_writer_goes_on_in_the_renamed_file_while_the_daemon_is_killed(self):
        self.started()
        with self.log.path.open("ab", 0) as writer:
            self.put(writer)
            self.wait_accepted()
            self.log.rename(create=False)
            self.put(writer)
            self.wait_accepted()
            self.spool.kill()
            self.put(writer)
            self.spool.start()
            self.put(writer)
            self.wait_accepted()
            self.spool.kill()
            self.put(writer)
        self.write()
        self.spool.start()
        self.assert_each_once()

    def test_copied_and_truncated(self):
        self.started()
        for _ in range(3):
            self.write(200)
            self.wait_accepted()
            self.log.copy_and_truncate()
            self.write(50)
        self.assert_each_once()

    def test_copied_and_truncated_and_grown_beyond_its_old_size(self):
        self.started()
        for _ in range(3):
            self.write()
            self.wait_accepted()
            self.spool.kill()
            self.write()
            self.log.copy_and_truncate()
            self.write(1000)
            self.spool.start()
        self.assert_each_once()

    def test_copied_and_truncated_under_a_writer_that_keeps_its_offset(self):
        """The file then begins with a hole; a second one lies where lines were that were never read."""
        self.started()
        for killed in (False, True):
            with self.subTest(killed=killed), self.log.path.open("wb", 0) as writer:
                for _ in range(3):
                    self.put(writer)
                    self.wait_accepted()
                    if killed:
                        self.spool.kill()
                    self.put(writer)
                    self.log.copy_and_truncate()
                    self.put(writer)
                    if killed:
                        self.spool.start()
                self.put(writer)
                self.wait_accepted()
                self.log.rename(create=False)
        self.assert_each_once()

    def test_several_generations_between_two_looks(self):
        for how in ("rename", "copy_and_truncate"):
            with self.subTest(how=how):
                self.anew(how)
                self.write()
                self.wait_accepted()
                self.spool.kill()
                self.write()
                for _ in range(4):
                    getattr(self.log, how)()
                    for number in self.log.generations()[1:]:
                        if self.log.generation(number).suffix != ".gz":
                            self.log.compress(number)
                    self.write()
                self.spool.start()
                self.assert_each_once()

    def test_generations_come_quickly_while_the_daemon_runs(self):
        self.started()
        for i in range(12):
            self.write(20)
            (self.log.copy_and_truncate if i % 3 == 2 else self.log.rename)()
            if i % 2:
                self.write(20)
        self.assert_each_once()

    def test_half_lines_of_several_generations(self):
        self.started(self.tail(start="beginning", read_renamed_for="1s"))
        self.write()
        self.wait_accepted()
        self.spool.kill()
        for _ in range(3):
            self.log.append(points.plain(self.written, self.written + 1).rstrip(b"\n"))
            self.written += 1
            self.log.rename()
        self.spool.start()
        self.assert_each_once()

    def test_generations_that_are_named_by_their_day(self):
        for number, form in enumerate(("{}-202403{:02}", "{}.2024-03-{:02}")):
            for packed in (False, True):
                with self.subTest(form=form, packed=packed):
                    self.anew(f"by-day-{number}-{packed}")
                    self.write()
                    self.wait_accepted()
                    self.spool.kill()
                    for day in range(1, 4):
                        self.write()
                        name = form.format(self.log.path, day)
                        self.log.path.rename(name)
                        os.utime(name, (time.time() - 10 + day,) * 2)
                        if packed:
                            compress(Path(name))
                    self.write()
                    self.spool.start()
                    self.assert_each_once()

    def anew(self, name):
        """Another log and another daemon."""
        self.log = Log(self.folder / name / "app.log")
        self.checks, self.written = points.CheckList(ROOM), 0
        self.started(name=f"daemon-{name}")

    def test_a_generation_that_is_just_being_compressed_is_there_twice(self):
        self.started()
        self.write()
        self.wait_accepted()
        self.spool.kill()
        self.write(2000)
        self.log.rename()
        self.write()
        plain = Path(f"{self.log.path}.1")
        kept = plain.read_bytes()
        whole = Path(f"{plain}.gz")
        compress(plain)
        plain.write_bytes(kept)
        packed = whole.read_bytes()
        whole.write_bytes(packed[: len(packed) // 2])
        self.spool.start()
        self.assert_each_once()
        whole.write_bytes(packed)
        plain.unlink()
        self.kill_and_start()
        self.assert_each_once()

    def test_a_glob_that_rotated_generations_match_reads_no_line_twice(self):
        self.started(self.tail(path=str(self.log.path) + "*", start="beginning"))
        for i in range(4):
            self.write()
            if i % 2:
                self.wait_accepted()
            self.log.rename()
            if i:
                self.log.compress(2)
        self.assert_each_once()
        self.kill_and_start()
        self.assert_each_once()

    def test_a_glob_that_copies_match_reads_no_line_twice(self):
        self.started(self.tail(path=str(self.log.path) + "*", start="beginning"))
        for i in range(3):
            self.write()
            if i % 2:
                self.wait_accepted()
            self.log.copy_and_truncate()
        self.assert_each_once()

    def test_a_deleted_file_that_comes_back_is_another(self):
        self.started()
        for _ in range(3):
            self.write()
            self.wait_accepted()
            self.log.path.unlink()
        self.assert_each_once()

    def test_a_deleted_file_is_forgotten(self):
        self.started(self.tail(path=str(self.folder / "logs" / "*.log"), start="beginning", read_renamed_for="1s"))
        for i in range(3):
            self.write(path=self.folder / "logs" / f"{i}.log")
        self.wait_accepted()
        (self.folder / "logs" / "1.log").unlink()

        def names():
            return sorted(os.path.basename(each["path"]) for each in self.spool.now()["inputs"][0]["files"])

        wait_until(lambda: names() == ["0.log", "2.log"], "the status does not have it any more")


if __name__ == "__main__":
    harness.main()
