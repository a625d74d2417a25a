"""A log file that is large, and mostly a hole, takes no memory."""

import harness
import points
from harness import MIB, wait_until
from log_files import Log
from tail import ROOM, TailTest

SIZE = harness.sized(500 * MIB, 10_000 * MIB, 100 * MIB)


class Large(TailTest):
    def test_a_sparse_file_is_read_from_its_beginning_in_little_memory(self):
        small, large = self.peak_of("small", 0), self.peak_of("large", SIZE)
        print(f"MiB: {small // MIB} with 3,000 lines, {large // MIB} with {SIZE // MIB} MiB of file around them")
        if not harness.SANITIZED:
            self.assertLess(large - small, 32 * MIB)

    def peak_of(self, name, size):
        """The most memory of a daemon that reads lines at the beginning, in the middle and at the end."""
        self.log = Log(self.folder / name / "app.log")
        self.checks, self.written = points.CheckList(ROOM), 0
        with self.log.path.open("wb") as file:
            for at in (0, size // 2, size):
                file.seek(at, 0 if at else 2)
                # What is before it in the hole ends there.
                file.write(b"\n" * (at > 0) + points.plain(self.written, self.written + 1000))
                self.written += 1000
        self.started(name=f"daemon-{name}")
        wait_until(lambda: self.accepted() >= self.written, "all is read", 10 * harness.PATIENCE)
        self.assert_each_once()
        with open(f"/proc/{self.spool.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    harness.main()
