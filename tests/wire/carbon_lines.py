#!/usr/bin/python3
"""Writes carbon_lines.txt: lines, and what carbon's own receiver makes of them.

Needs carbon (Debian: graphite-carbon). Run it again, by hand, only when carbon changes:

    tests/wire/carbon_lines.py > tests/wire/carbon_lines.txt

A row is: difference TAB line TAB normalised line. The third field is empty where carbon does not
store a finite number within Whisper's range of time. The first one is "same" where carbon-spool is
to agree, or the name of the difference that it makes on purpose (docs/graphite-input.md).
Bytes other than printable ASCII, and backslashes, are written as \\xNN.

Options: number of random lines (default 600), their seed (default 1).
"""
import math
import random
import re
import sys
import time

from carbon import events, protocols
from carbon.conf import settings

NOW = 1700000000
BLANKS = [" ", "  ", "\t", "\v", "\f", "\r", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u2000",
          "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]
PATHS = ["a", "a.b", "a..b", ".a", "a.b;t=v", 'q"uote', "caf\xe9.\u20ac", "\U0001f600", "s/l", "~t",
         'a{b="c"}', "\u200b", "\ufeff", "\u180e", "\x01", "\x7f", "a\x00b", "\x9f", "5", "-", "N"]
NUMBERS = ["0", "5", "5.", ".5", "-.5", "+5.5", "1e3", "1E+3", "1e-3", "1.e5",
           ".1e5", "-0", "00012", "1e308", "1.8e308", "1.7976931348623157e308",
           "1.7976931348623159e308", "-1e999", "1e-999", "0e999999999999999999999",
           "1e99999999999999999999", "1e-99999999999999999999", "nan", "NaN", "inf", "-inf",
           "Infinity", "0x10", "1_000", "1__0", "_1", "\u0661\u0662", "\uff15", "\xbd", "", ".",
           "e5", "1e", "1e+", "+", "-", "--1", "+-1", "1.2.3", "1e5.0", "1,5", "1e5e5", "1d5", "5f", "1 ",
           "true"]
TIMES = ["1700000003", "1700000003.75", "1.7e9", "+1700000003", "01700000003", "-1", "-1.5",
         "-1.0e0", "1", "4294967295",
         "4294967295.5", "4294967295.9999999999", "4294967296", "-2", "-0.5", "0", "0.99",
         "0.99999999999999999999", "-1.9999999", "-1.99999999999999999999", "1e400", "-1e400",
         "1e-400", "nan", "inf", "N", "n", "NN", "now", "", "1_7", "170000000\u0663", "17000000030",
         "1700000003s", "0x5", "1e9", "1e10", "16e8", ".1e11", "1700000003."]


class Receiver(protocols.MetricLineReceiver):
    peerName = "test"


def stored_by_carbon(line):
    """The line as carbon understood it, blanks made one; None if it stores no finite number."""
    points = []
    events.metricReceived.handlers = [lambda metric, point: points.append((metric, point))]
    try:
        Receiver().lineReceived(line)
    except Exception:  # this is what closes the connection
        return None
    if not points:
        return None
    path, value, stamp = line.decode("utf-8").split()
    (metric, (seconds, number)), = points
    assert metric == path
    if not math.isfinite(number) or not 1 <= int(seconds) <= 0xffffffff:
        return None
    if int(float(stamp)) == -1:
        assert seconds == NOW
        stamp = str(NOW)
    return " ".join([path, value, stamp]).encode("utf-8")


def difference(line):
    """The name of the rule by which carbon-spool takes it otherwise, or "same"."""
    if re.search(rb"[\x00-\x08\x0e-\x1b\x7f]", line):
        return "control"
    try:
        fields = line.decode("utf-8").split()
    except UnicodeDecodeError:
        return "same"
    if len(fields) == 2 or (len(fields) == 3 and fields[2] == "N"):
        return "stamped"
    if any("_" in number for number in fields[1:]):
        return "underscore"
    if any(re.search(r"[^\x00-\x7f]", number) for number in fields[1:]):
        return "unicode_digit"
    return "same"


def mutated(line, rng):
    """The line with a few bytes changed, put in or taken out."""
    line = bytearray(line)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        at = rng.randrange(len(line) + 1)
        byte = rng.choice([rng.randrange(256), *b" .e+-0159_\t\r\xc2\xe2\x80\x85\xa0"])
        line[at:at + rng.randrange(2)] = rng.choice([b"", bytes([byte])])
    return bytes(line.replace(b"\n", b""))


def hand_made_lines():
    for number in NUMBERS:
        yield "a.b %s 1700000003" % number
    for stamp in TIMES:
        yield "a.b 5 %s" % stamp
    for path in PATHS:
        yield "%s 5 1700000003" % path
    for blank in BLANKS:
        yield "a%s5%s1700000003" % (blank, blank)
        yield "%sa 5 1700000003%s" % (blank, blank)
    yield from ["", " ", "\r", "\u3000", "a", "a 5", "a 5 1700000003 x", "a 5 1700000003 x y",
                "a b c", "a 5 1700000003\r"]


def random_line(rng):
    """Mostly three fields; in half of the lines good ones, which each table begins with."""
    good = rng.random() < 0.5
    tables = [table[:10] if good else table for table in (PATHS, NUMBERS, TIMES)]
    fields = [rng.choice(table) for table in tables] + ["x"]
    del fields[rng.choice([3, 3, 3, 3, 3, 2, 4]):]
    ends = [""] * 8 + BLANKS
    text = fields[0] + "".join(rng.choice(BLANKS) + each for each in fields[1:])
    text = rng.choice(ends) + text + rng.choice(ends)
    return mutated(text.encode("utf-8"), rng)


def escaped(line):
    return "".join(chr(b) if 0x20 <= b < 0x7f and b != 0x5c else "\\x%02x" % b for b in line)


def main():
    settings.MIN_TIMESTAMP_RESOLUTION = 0
    time.time = lambda: NOW
    protocols.log.listener = lambda message: None
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    lines = [line.encode("utf-8") for line in hand_made_lines()]
    lines += [random_line(rng) for _ in range(count)]
    for line in lines:
        kind, stored = difference(line), stored_by_carbon(line)
        print(kind, escaped(line), escaped(stored or b""), sep="\t")


main()
