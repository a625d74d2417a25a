#!/usr/bin/python3
"""An hour of everything at once: a steady load, two destinations, a random fault every few seconds, and
a restart with `kill -9` every five minutes. At the end nothing is lost, the numbers add up, and memory,
file descriptors and disk are what they were at minute ten.

    CARBON_SPOOL=build/release/carbon-spool tests/soak/soak.py [--minutes 60] [--json FILE]

Prints a line a minute. Exits with 1 if a promise was broken.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "end_to_end"), str(HERE.parent / "faults")]

import harness  # noqa: E402
import peers  # noqa: E402
import points  # noqa: E402
from harness import MIB, wait_until  # noqa: E402
from load import Load  # noqa: E402
from scene import Identity  # noqa: E402

LIFE = 300  # seconds between two kills of the daemon
CALM = 20  # the last seconds of each life, without faults: what is measured is a daemon at rest
CAP = 256 * MIB
TOLERANCE = 0.05


class Peer:
    """A receiver in a process of its own. What it reads comes through a pipe, which survives it."""

    def __init__(self, folder, name, transport, checks):
        self._pipe = folder / f"{name}.pipe"
        os.mkfifo(self._pipe)
        self._read_end = os.open(self._pipe, os.O_RDWR)  # also written to, so that it never ends
        self._fragment = b""
        self._checks = checks
        self._port = peers.ReservedPort() if transport == "tcp" else None
        path = str(folder / f"{name}.sock")
        self._keys = {"port": self._port.number} if self._port else {"path": path}
        self.name = name
        self.url = self._port.url if self._port else f"unix://{path}"
        self.process = None
        self._lock = threading.Lock()
        threading.Thread(target=self._take_for_ever, daemon=True).start()

    def start(self):
        self.process = harness.spawn(
            [sys.executable, HERE.parent / "faults" / "peer_process.py", self._pipe, json.dumps(self._keys)],
            subprocess.PIPE, None, stdin=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout.readline() == b"listens\n"

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().decode().strip() == command

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        # A record that the death cut short must not spoil the next one.
        os.write(self._read_end, b"\n")

    def _take_for_ever(self):
        while True:
            data = self._fragment + os.read(self._read_end, MIB)
            whole = data.rfind(b"\n") + 1
            self._fragment = data[whole:]
            with self._lock:
                self._checks(data[:whole])

    def missing(self, first, last):
        with self._lock:
            return self._checks.missing(first, last)


class Faults:
    """One every few seconds, on one of the peers."""

    def __init__(self, rng, targets):
        self._rng = rng
        self._peers = targets
        self.count = {}

    def one(self):
        peer = self._rng.choice(self._peers)
        fault = self._rng.choice([self.resets, self.closes, self.hangs, self.stops, self.is_killed])
        self.count[fault.__name__] = self.count.get(fault.__name__, 0) + 1
        fault(peer)

    def resets(self, peer):
        peer.tell("reset_all")

    def closes(self, peer):
        peer.tell("close_idle")

    def hangs(self, peer):
        peer.tell("pause")
        time.sleep(self._rng.uniform(0.5, 5))
        peer.tell("resume")

    def stops(self, peer):
        peer.process.send_signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.5, 5))
        peer.process.send_signal(signal.SIGCONT)

    def is_killed(self, peer):
        peer.kill()
        time.sleep(self._rng.uniform(0, 5))
        peer.start()


class Watch:
    """What the daemon takes, and whether its numbers add up, once a second."""

    def __init__(self, daemon):
        self._daemon = daemon
        self.identity = Identity()
        self.highest_disk = 0
        self.highest_memory = 0
        self.at_rest = []  # (memory, descriptors) at the end of each life
        self._samples = []
        self.gate = threading.Lock()  # held while the daemon is away
        self._sampler = harness.Sampler(self._look, 1)

    def _look(self):
        with self.gate:
            self.highest_disk = max(self.highest_disk, self._daemon.disk_use())
            status = self._daemon.try_status()
            if status:
                self.identity.check(status)
            memory = self._daemon.resident()
            self.highest_memory = max(self.highest_memory, memory)
            self._samples.append((memory, len(os.listdir(f"/proc/{self._daemon.pid}/fd"))))

    def begin_rest(self):
        with self.gate:
            self._samples = []

    def end_rest(self):
        with self.gate:
            self.at_rest.append(tuple(statistics.median(values) for values in zip(*self._samples)))

    def stop(self):
        self._sampler.stop()


def run(options, folder):
    rng = random.Random(options.seed)
    capacity = int(options.minutes * 60 * options.rate * 1.1) + 1_000_000
    checks = {name: points.CheckList(capacity) for name in ("over_tcp", "over_unix")}
    targets = [Peer(folder, "over_tcp", "tcp", checks["over_tcp"]), Peer(folder, "over_unix", "unix", checks["over_unix"])]
    port = peers.ReservedPort()
    daemon = harness.Daemon(
        folder / "daemon", [harness.destination(peer.url, peer.name, confirm_timeout="3s") for peer in targets],
        [{"type": "graphite", "listen": [port.url]}], queue={"max_size": f"{CAP // MIB}MiB"},
    ).start()  # fmt: skip
    for peer in targets:
        peer.start()
    watch, faults, load = Watch(daemon), Faults(rng, targets), Load(port.url, options.rate)
    begun = time.monotonic()
    end = begun + options.minutes * 60
    life_ends, minute, kills = begun + LIFE, 1, 0
    while time.monotonic() < end:
        time.sleep(rng.uniform(1, 5))
        if time.monotonic() < min(life_ends, end) - CALM:
            faults.one()
        else:
            watch.begin_rest()
            time.sleep(max(0, min(life_ends, end) - time.monotonic()))
            watch.end_rest()
            if time.monotonic() < end:
                with watch.gate:
                    daemon.kill()
                    daemon.start()
                kills += 1
                life_ends += LIFE
        while time.monotonic() >= begun + minute * 60:
            tell(minute, daemon, load, watch, faults)
            minute += 1
    load.finish()
    for peer in targets:
        wait_until(lambda peer=peer: daemon.to(peer.name)["points_pending"] == 0, f"{peer.name} has everything")
    watch.stop()
    status = daemon.now()
    watch.identity.check(status)
    # What the pipes still hold.
    harness.wait_until_still(lambda: [each.total for each in checks.values()], 2, "all is checked off")
    lost = {peer.name: sum(len(peer.missing(*part)) for part in load.accepted) for peer in targets}
    daemon.terminate()
    for peer in targets:
        peer.kill()
    return result(options, load, watch, faults, status, lost, kills)


def tell(minute, daemon, load, watch, faults):
    daemon_memory, descriptors = daemon.resident() / MIB, len(os.listdir(f"/proc/{daemon.pid}/fd"))
    print(f"minute {minute}: {load.accepted_points:,} accepted, {sum(faults.count.values())} faults, "
          f"memory {daemon_memory:.1f} MiB, {descriptors} descriptors, highest disk {watch.highest_disk / MIB:.1f} MiB, "
          f"{len(watch.identity.breaches)} breaches of the identity", flush=True)  # fmt: skip


def result(options, load, watch, faults, status, lost, kills):
    first, last = watch.at_rest[min(1, len(watch.at_rest) - 1)], watch.at_rest[-1]  # minute ten, and the end
    dropped = sum(one["points_dropped_total"] for one in status["destinations"])
    broken = []
    if sum(lost.values()) or dropped:
        broken.append(f"lost: {lost}, dropped: {dropped}")
    if watch.identity.breaches:
        broken.append(f"the numbers do not add up: {watch.identity.breaches[0]}")
    for name, before, after in zip(("memory", "descriptors"), first, last):
        if after > before * (1 + TOLERANCE):
            broken.append(f"{name} grew from {before} to {after}")
    if watch.highest_disk > CAP:
        broken.append(f"disk: {watch.highest_disk} of {CAP}")
    return {
        "seed": options.seed, "minutes": options.minutes, "rate": options.rate, "accepted": load.accepted_points,
        "sent_again_by_the_load": load.retried, "lost": lost, "dropped": dropped, "faults": faults.count, "kills": kills,
        "memory_mib_minute_ten": round(first[0] / MIB, 1), "memory_mib_end": round(last[0] / MIB, 1),
        "highest_memory_mib": round(watch.highest_memory / MIB, 1),
        "descriptors_minute_ten": first[1], "descriptors_end": last[1],
        "highest_disk_mib": round(watch.highest_disk / MIB, 1), "cap_mib": CAP // MIB,
        "looks_at_the_identity": watch.identity.looks, "broken": broken,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=20_000, help="points a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--json", help="where to write the result")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="carbon-spool-soak-") as folder:
        found = run(options, Path(folder))
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    raise SystemExit(1 if found["broken"] else 0)


if __name__ == "__main__":
    main()
