"""Points that can be told apart, fast to make and fast to check off.

Every point carries its number three times: in its path, as its value and in its timestamp. A line
that was cut, mangled or mixed with another does not match and is counted as strange.
"""

import random
import re

_NUMBERED = re.compile(rb"^[^ \n]*\.i(\d{8}) \1 17\1$", re.MULTILINE)
_PLAIN = b"load.i%08d %08d 17%08d\n"
_LONG = b"servers.web%02d.rack-b.cpu.total.user.i%08d %08d 17%08d\n"
_NOISE_LENGTH = 48


def plain(first, last):
    """Points first … last-1 as short lines."""
    numbers = range(first, last)
    return b"".join(map(_PLAIN.__mod__, zip(numbers, numbers, numbers)))


def compressible(first, last):
    """As metrics usually look: long paths that resemble each other."""
    return b"".join([_LONG % (i % 40, i, i, i) for i in range(first, last)])


class Noise:
    """Lines that no compressor makes much smaller: 48 random letters in each path."""

    def __init__(self, seed):
        letters = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
        table = bytes(letters[i % 64] for i in range(256))
        self._pool = random.Random(seed).randbytes(8 << 20).translate(table)

    def lines(self, first, last):
        pool = self._pool
        span = len(pool) - _NOISE_LENGTH
        made = []
        for i in range(first, last):
            at = i * 7919 % span
            made.append(b"load.%b.i%08d %08d 17%08d\n" % (pool[at : at + _NOISE_LENGTH], i, i, i))
        return b"".join(made)


class CheckList:
    """Which numbers arrived, how often, and what arrived that should not have."""

    def __init__(self, capacity):
        self._seen = bytearray(capacity)
        self.total = 0
        self.strange = 0
        self.strange_examples = []
        self.out_of_order = 0
        self.newest = -1
        self._last = -1

    def __call__(self, lines):
        """Takes whole lines, LF included."""
        numbers = list(map(int, _NUMBERED.findall(lines)))
        seen = self._seen
        for number in numbers:
            seen[number] = 1
        self.total += len(numbers)
        if lines.count(b"\n") != len(numbers):
            self._note_strange(lines)
        if numbers:
            if numbers[0] < self._last or numbers != sorted(numbers):
                self.out_of_order += 1
            self._last = numbers[-1]
            self.newest = max(self.newest, max(numbers))

    def _note_strange(self, lines):
        for line in lines.splitlines():
            if not _NUMBERED.match(line):
                self.strange += 1
                if len(self.strange_examples) < 5:
                    self.strange_examples.append(line[:120])

    @property
    def unique(self):
        return self._seen.count(1)

    def has(self, number):
        return self._seen[number] == 1

    def missing(self, first, last):
        """The numbers among first … last-1 that never arrived."""
        part = self._seen[first:last]
        if part.count(0) == 0:
            return []
        return [first + i for i, arrived in enumerate(part) if not arrived]
