"""Random `kill -9`s of the daemon under load, its destination up and down in turns.

    kill_daemon.py [--kills N] [--seed N] [--json FILE]

No point whose acceptance was confirmed may be lost, the queue must open every time, the numbers must
add up after each start, and the time from start to accepting must not grow with the queue: the
median of the starts with the fullest quarter of queues over that with the emptiest is printed.
The exit code is 1 if any of that fails.
"""

import argparse
import json
import random
import statistics
import sys
import time

from scene import CAPACITY, Row, harness, points

RATE = 20_000
OUTAGE = 25  # kills, at most, between two changes of the destination
WORST_RATIO = 3.0  # of medians; a start that reads the queue would be tens of times slower


def kill_once(row, rng):
    """Returns (points that waited, seconds from start to accepting)."""
    row.seconds(rng.uniform(0.05, 0.6))
    with row.gate:
        row.daemon.kill()
        begin = time.monotonic()
        row.daemon.launch()
        harness.wait_until(lambda: accepts(row), "the daemon accepts")
        seconds = time.monotonic() - begin
        harness.wait_until(row.daemon.ready, "the daemon runs")
    status = row.daemon.now()
    row.identity.check(status)
    return status["destinations"][0]["points_pending"], seconds


def accepts(row):
    assert row.daemon.running, f"the queue did not open:\n{row.daemon.log_tail()}"
    try:
        harness.connect(row.port.url).close()
        return True
    except OSError:
        return False


def kill_all(row, kills, rng):
    peer = row.peer().start()
    row.begin(peer, rate=RATE)
    starts, up, turn = [], True, rng.randrange(1, OUTAGE)
    for number in range(kills):
        if turn == 0:
            up, turn = not up, rng.randrange(1, min(OUTAGE, kills // 3 + 2))
            peer.tell("start" if up else "die")
        turn -= 1
        starts.append(kill_once(row, rng))
        if (number + 1) % 25 == 0:
            print(f"{number + 1} kills, {starts[-1][0]:,} points waited, {starts[-1][1]:.2f} s", flush=True)
    if not up:
        peer.tell("start")
    row.over()
    return starts


def growth(starts):
    """(median of the emptiest quarter, of the fullest)"""
    quarter = max(1, len(starts) // 4)
    ordered = [seconds for _, seconds in sorted(starts)]
    return statistics.median(ordered[:quarter]), statistics.median(ordered[-quarter:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=harness.sized(20, 500, 8))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--json")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.kills} kills", flush=True)
    row = Row("tcp")
    row.arrivals.checks = points.CheckList(CAPACITY)
    starts = kill_all(row, options.kills, random.Random(options.seed))
    emptiest, fullest = growth(starts)
    result = row.finish()
    result.update(seed=options.seed, kills=options.kills, start_emptiest=emptiest, start_fullest=fullest)
    print(f"start to accepting: {emptiest:.3f} s with the emptiest queues, {fullest:.3f} s with the fullest "
          f"(up to {max(starts)[0]:,} points): {fullest / emptiest:.2f} times")  # fmt: skip
    if fullest / emptiest > WORST_RATIO:
        result["broken"].append("a start takes longer the more there is in the queue")
    print(f"{result['sent']:,} accepted, {result['lost']} lost, {result['duplicated']:,} twice, "
          f"{result['identity_looks']} looks at the numbers, {len(row.identity.breaches)} did not add up")  # fmt: skip
    for promise in result["broken"]:
        print(f"BROKEN: {promise}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    row.clean_up(keep=bool(result["broken"]))
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
