"""Our StatsD against the real one: the same random packets, and every flushed line equal to the last digit.

    compare_statsd.py [SEED [COUNT]]
"""

import os
import random
import re
import sys
import tempfile
import time

import statsd_peer

COUNT = 150
LONG = os.environ.get("CARBON_SPOOL_LONG") == "1"
START = 1_700_000_000_000

WHOLE_NAMES = ["gorets", "glork", "gaugor", "uniques", "a.b", "a.c", "web.host-1.requests", "x", "render.page",
               "render.api", "9", "", "statsd.packets_received", "my_metrics_received", "Übergröße", "a b/c", "we!ird$na@me",
               " padded ", "tab\there", "tag;k=v", "a\u00a0b\u2003c", "..dots..", "-", "very." + "long" * 60]
TAGS = ["env:prod", "host:a", "flag", "u:http://x/y", "a:b:c", "semi;colon:x;y", "", "b l a n k:t a b", "#", "k:|", "é:ü"]
NUMBERS = ["0", "1", "2", "3", "5", "10", "-1", "-5", "+4", "+0", "-0", "0.1", "0.2", "0.3", "1.5", "-2.25", "333", "1e3", "1E-3",
           "0x10", "0b101", "0o17", ".5", "5.", "1e21", "1e300", "1e-7", "123456789012345678901", "1e400", "1e-400",
           "5e-324", "Infinity", "-Infinity", "+Infinity", " 7", "7 ", " ", "\u00a07", "0x1fffffffffffff81", "9007199254740993",
           "0.30000000000000004", "1.7976931348623157e308", "123456.789e-3"]
NOT_NUMBERS = ["", "NaN", "abc", "1,5", "1_000", "0x", "-0x10", "--1", "1e", ".", "e5", "1 2", "infinity", "inf", "0b2", "١"]
TYPES = ["c", "c", "c", "ms", "ms", "ms", "g", "g", "s", "h", "d", "m", "zz", "", "C", " c", "ms ", "g\r", "s\r", " ms", "c\r"]
RATES = ["@0.1", "@0.5", "@1", "@2", "@0", "@0.3", "@1e-3", "@0x10", "@.5", "@1.", "@0.1\r"]
NOT_RATES = ["", "0.1", "@", "@-1", "@abc", "@0.1x", "@1.2.3", "T1700000000", "@."]
MEMBERS = ["765", "abc", "a b", "0", "", "é", "x" * 300, "1", "01", "1.0"]
COMMANDS = ["counters", "timers", "gauges", "help", "health", "health DOWN", "health up", "delcounters gorets", "deltimers glork nope",
            "delgauges a.*", "delcounters a.* x", "deltimers busy render.*", "delgauges  x", "nonsense", "Counters", "", "stats"]
# StatsD throws on such a rate and is gone; ours counts a bad line, which has a test of its own.
CRASHES = re.compile(rb"\|@[^0-9.\-a-zA-HJ-Z|:\n]")


def number_text(rng):
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(NUMBERS)
    if kind < 0.65:
        return str(rng.randrange(0, 1000))
    if kind < 0.9:
        return repr(round(rng.uniform(-10, 1000), rng.randrange(0, 12)))
    return repr(rng.uniform(0, 1) * 10 ** rng.randrange(-12, 25))


def value(rng, kinds):
    kind = rng.choice(kinds)
    if kind.strip() == "s":
        text = rng.choice(MEMBERS) if rng.random() < 0.5 else str(rng.randrange(50))
    else:
        text = rng.choice(NOT_NUMBERS) if rng.random() < 0.03 else number_text(rng)
        if kind.strip() == "ms" and rng.random() < 0.9:
            text = text.lstrip("-")
    fields = [text, kind]
    chance = rng.random()
    if chance < 0.25:
        fields.append(rng.choice(RATES))
    elif chance < 0.28:
        fields.append(rng.choice(NOT_RATES))
    if rng.random() < 0.01:
        fields.append("more")
    return "|".join(fields)


def line(rng, names):
    if rng.random() < 0.02:
        return rng.choice(["nocolon", "onlyname:", "badtype:1", ":", "|", ":|", "a|c:1", "\r", "a:1|c|#", "a|#t:1", "_sc|x|0", "a:1:2:3|c"])
    text = rng.choice(names) + ":" + ":".join(value(rng, names_kinds(rng)) for _ in range(rng.choice([1, 1, 1, 1, 2, 3])))
    if rng.random() < 0.2:
        text += "|#" + ",".join(rng.choice(TAGS) for _ in range(rng.choice([1, 1, 2, 3])))
        if rng.random() < 0.1:
            text += "|#" + rng.choice(TAGS)
    return text


def names_kinds(rng):
    return TYPES if rng.random() < 0.5 else ["c", "ms", "g", "s"]


def damaged(rng, packet):
    """Some bytes changed, doubled or left out."""
    data = bytearray(packet)
    for _ in range(rng.randrange(1, 4)):
        if not data:
            break
        at = rng.randrange(len(data))
        change = rng.random()
        if change < 0.4:
            data[at] = rng.choice(b":|@#\n ,;-+.e0\t\x00x/")
        elif change < 0.7:
            del data[at]
        else:
            data.insert(at, data[at])
    return bytes(data)


def packet(rng, names, options):
    lines = [line(rng, names) for _ in range(rng.choice([1, 1, 1, 2, 5, 20]))]
    data = "\n".join(lines).encode() + rng.choice([b"", b"", b"\n", b"\n\n"])
    # Texts that are not UTF-8 are told apart by us, and not by them: only names may be such.
    if rng.random() < 0.1 and options.get("sanitize_names", True):
        data = damaged(rng, data)
        try:
            data.decode()
        except UnicodeDecodeError:
            return b"broken\xff\xfename\xc3:1|c"
    return b"safe:1|c" if CRASHES.search(data) else data


def random_options(rng):
    options = {"flush_interval": rng.choice([1000, 2000, 10000, 10000, 1500, 700, 60000])}
    if rng.random() < 0.5:
        options["legacy_namespace"] = rng.random() < 0.3
        if rng.random() < 0.5:
            options.update(global_prefix=rng.choice(["gp", "", "a.b"]), prefix_counter=rng.choice(["cc", ""]),
                           prefix_timer=rng.choice(["tt", ""]), prefix_gauge=rng.choice(["gg", ""]),
                           prefix_set=rng.choice(["ss", ""]))
    if rng.random() < 0.3:
        options["global_suffix"] = "host1"
    if rng.random() < 0.2:
        options["prefix_stats"] = "self.stats"
    if rng.random() < 0.6:
        options["percent_threshold"] = rng.choice([[90], [99.9], [90, 99.9, -10, 50, 1], [75, -25], [100], [-0.5, -99.9, 0.1],
                                                   [50, 50, 50.0], [95, 99, 99.99, -5, -90], [10.25, -33.3]])
    if rng.random() < 0.4:
        options["histogram"] = rng.choice([
            [{"metric": "", "bins": [1, 10, 100, 1000, "inf"]}],
            [{"metric": "nothing", "bins": []}, {"metric": "render", "bins": [15, 45.5, 90, "inf"]}],
            [{"metric": "glork", "bins": []}, {"metric": "", "bins": [0.01, 0.1, 1, 2.5]}],
            [{"metric": "=", "bins": [50]}],
        ])
    if rng.random() < 0.25:
        options["calculated_timer_metrics"] = rng.choice([
            ["count", "median", "upper_percent", "mean_percent", "lower_percent"], ["histogram", "std", "sum_percent"],
            ["count_ps", "upper_99_percent", "count_percent"], ["upper", "lower", "mean", "sum", "sum_squares", "sum_squares_percent"]])
    if rng.random() < 0.3:
        options["flush_counts"] = rng.random() < 0.3
    if rng.random() < 0.2:
        options["sanitize_names"] = False
    if rng.random() < 0.5:
        for each in ("counters", "timers", "sets", "gauges"):
            options[f"delete_{each}"] = rng.random() < 0.6
        options["gauges_max_ttl"] = rng.choice([1, 2, 3])
    return options


def random_script(rng, options):
    script = statsd_peer.Script(START + rng.choice([0, 0, 499, 500, 999]))
    names = rng.sample(WHOLE_NAMES, 8) + [f"n{i}.{rng.randrange(1000)}" for i in range(6)]
    for _ in range(rng.randrange(2, 6)):
        if rng.random() < 0.15:
            pass  # nothing at all in this interval
        elif rng.random() < 0.15:
            many = "\n".join(f"busy:{number_text(rng).lstrip('-')}|ms" for _ in range(rng.randrange(5, 2000)))
            script.packet(many.encode())
        else:
            for _ in range(rng.randrange(1, 120)):
                script.packet(packet(rng, names, options))
        if rng.random() < 0.3:
            for command in rng.sample(COMMANDS, rng.randrange(1, 6)):
                script.ask(command)
        script.at(script.now + options["flush_interval"] + rng.choice([0, 0, 0, 1, 3, 700]))
        script.flush()
    return script


def as_table(flush):
    """Name to what follows it. A name may come twice: names that differ may be sanitised to the same."""
    table = {}
    for each in flush.split("\n"):
        name, _, rest = each.rpartition(" ")
        name, _, number = name.rpartition(" ")
        table.setdefault(name, []).append(number + " " + rest)
    return {name: sorted(found) for name, found in table.items()}


def is_their_nan(name, theirs, mine, table):
    """With a threshold from the top that takes in all values, StatsD computes NaN; we say what it is of all."""
    top = re.fullmatch(r"(.*\.(?:sum|sum_squares|mean))_top[0-9_]+(\D.*)?", name)
    if not top or any(not each.startswith("NaN ") for each in theirs):
        return False
    whole = table.get(top.group(1) + (top.group(2) or ""))
    return whole is None or whole == mine


def is_flush(text):
    return ".graphiteStats.flush_length" in text


def as_lines(reply):
    """A reply to be compared: that node puts names that are whole numbers first is not, nor is the flush's length."""
    reply = re.sub(r"graphite.flush_length: \d+", "", reply)
    return sorted(line.rstrip(",") for line in reply.split("\n")) if "'9': " in reply else reply


def own_length(table, flushes, number):
    """Takes the line of the flush's length out of the table: whether it is that of the flush before.

    It is not compared with the other side's: they count UTF-16 units and we bytes, and a NaN has a length, too."""
    (name,) = [each for each in table if ".graphiteStats.flush_length" in each]
    before = flushes[number - 1] if number > 0 else ""
    lengths = {len(before.encode("utf-8", "surrogateescape")), len(before.encode("utf-16-le", "surrogatepass")) // 2}
    return int(table.pop(name)[0].split(" ")[0]) in lengths


def differences(theirs, mine):
    """In what was printed: by the console, and by each flush."""
    if [is_flush(each) for each in theirs] != [is_flush(each) for each in mine]:
        return ["not the same number of flushes and replies"]
    found = []
    for their_reply, my_reply in zip(theirs, mine):
        if not is_flush(their_reply) and as_lines(their_reply) != as_lines(my_reply):
            found.append(f"replies differ: they {their_reply!r}, we {my_reply!r}")
    return found + flush_differences([each for each in theirs if is_flush(each)], [each for each in mine if is_flush(each)])


def flush_differences(theirs, mine):
    found = []
    for number, (their_flush, my_flush) in enumerate(zip(theirs, mine)):
        their_table, my_table = as_table(their_flush), as_table(my_flush)
        if not (own_length(their_table, theirs, number) and own_length(my_table, mine, number)):
            found.append(f"flush {number}: a wrong flush_length")
        for name in sorted(set(their_table) | set(my_table)):
            their_value, my_value = their_table.get(name), my_table.get(name)
            if their_value == my_value:
                continue
            if their_value and my_value and is_their_nan(name, their_value, my_value, their_table):
                continue
            found.append(f"flush {number}: {name!r}: they {their_value}, we {my_value}")
    return found


def compare(folder, statsd, seed):
    rng = random.Random(seed)
    options = random_options(rng)
    script = random_script(rng, options)
    theirs = statsd_peer.theirs(folder, statsd, options, script)
    found = differences(theirs, statsd_peer.ours(folder, options, script))
    if found:
        print(f"seed {seed}: {options}")
        for each in found[:10]:
            print("  " + each)
    return sum(flush.count("\n") for flush in theirs), len(found)


def main():
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COUNT * (10 if LONG else 1)
    lines = failed = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        statsd = statsd_peer.install(folder)
        for seed in range(first, first + count):
            compared, different = compare(folder, statsd, seed)
            lines += compared
            failed += different > 0
    print(f"seeds {first} to {first + count - 1}: {lines} lines of statsd {statsd_peer.VERSION} compared, "
          f"{failed} seeds differ, {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed or lines == 0 else 0)


if __name__ == "__main__":
    main()
