"""Prints pickles as this Python makes them, for pickle_python_test.cc: one a line, its name and its
bytes in hex, and behind it what is to become of it, a line each, until an empty one.

A line is `path value timestamp`, numbers as Python writes them in hex where they are floats.
"""

import pickle
import random

SEED = 20231114


def show(name, data, items):
    for protocol in range(6):
        print(f"{name} {protocol}", pickle.dumps(data, protocol).hex())
        for path, (timestamp, value) in items:
            print(path, number(value), number(timestamp))
        print()


def number(value):
    return value.hex() if isinstance(value, float) else str(value)


def main():
    points = [("a.b", (1700000000, 5.5)), ("größe.日本語.🚢", (1700000000.75, -3))]
    show("tuples", points, points)
    show("lists", [[path, [timestamp, value]] for path, (timestamp, value) in points], points)
    show("tuple", tuple(points), points)
    show("texts", [(path, (str(timestamp), str(value))) for path, (timestamp, value) in points],
         [(path, (str(timestamp), str(value))) for path, (timestamp, value) in points])  # fmt: skip
    large = [("i%d" % i, (1700000000, sign * 2**i + off))
             for i in range(0, 1020, 7) for sign in (1, -1) for off in (-1, 0, 1)]  # fmt: skip
    show("integers", large, large)
    escapes = [(path, (1700000000, True)) for path in ("it's", 'quo"te', "back\\slash", "\\u0041", "é", "\x7fé"[1:])]
    show("escapes", escapes, [(path, (timestamp, 1)) for path, (timestamp, _) in escapes])
    shared = "shared.path"
    again = [(shared, (1700000000 + i, 0.1)) for i in range(3000)]
    show("memo", again, again)

    dice = random.Random(SEED)
    reals = []
    for i in range(5000):
        value = dice.choice([
            dice.random(), dice.uniform(-1e6, 1e6), round(dice.uniform(0, 1000), dice.randrange(6)),
            float(dice.randrange(10**9)), 2.0 ** dice.randrange(-1074, 1024), dice.random() * 10.0 ** dice.randrange(-320, 308),
        ])  # fmt: skip
        reals.append((f"random.{i}", (dice.choice([1700000000 + i, 1700000000 + dice.random()]), value)))
    show("reals", reals, reals)


main()
