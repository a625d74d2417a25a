"""A log as it is written and rotated: what logrotate does to it, without running logrotate."""

import gzip
import os
import re
import shutil
from pathlib import Path


class Log:
    """A log file and the generations that it was rotated to: FILE.1, FILE.2.gz, …, the newest first."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, data, path=None):
        with open(path or self.path, "ab") as file:
            file.write(data)

    def generation(self, number):
        """Where that generation is; None: there is none."""
        for end in ("", ".gz"):
            path = Path(f"{self.path}.{number}{end}")
            if path.exists():
                return path
        return None

    def generations(self):
        """Their numbers."""
        pattern = re.compile(re.escape(self.path.name) + r"\.(\d+)(\.gz)?")
        found = (pattern.fullmatch(name) for name in os.listdir(self.path.parent))
        return sorted(int(match.group(1)) for match in found if match)

    def make_room(self):
        """Moves every generation on by one."""
        for number in reversed(self.generations()):
            path = self.generation(number)
            end = ".gz" if path.suffix == ".gz" else ""
            path.rename(f"{self.path}.{number + 1}{end}")

    def rename(self, create=True):
        """`create`: there is a new file at once; otherwise the writer makes it, when it opens it anew."""
        self.make_room()
        self.path.rename(f"{self.path}.1")
        if create:
            self.path.touch()

    def copy_and_truncate(self):
        """What is written in between is lost, as with logrotate: nobody may write."""
        self.make_room()
        shutil.copyfile(self.path, f"{self.path}.1")
        os.truncate(self.path, 0)

    def compress(self, number=1):
        """As gzip does: a new file, and then the old one is removed."""
        compress(Path(f"{self.path}.{number}"))


def compress(path):
    part = path.with_name(path.name + ".gz")
    with open(path, "rb") as plain, gzip.open(part, "wb", compresslevel=1) as packed:
        shutil.copyfileobj(plain, packed)
    shutil.copystat(path, part)
    path.unlink()
