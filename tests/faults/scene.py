"""What a row of the fault table is made of: a daemon, a peer process, a load, and who watches them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))

import harness  # noqa: E402
import peers  # noqa: E402
import points  # noqa: E402
from harness import MIB, wait_until  # noqa: E402
from load import Load  # noqa: E402

RATE = harness.sized(10_000, 20_000, 2_000)  # points a second
PAUSE = 0.1  # between two looks at the status: each is a process, and takes from what is measured
CAPACITY = 100_000_000  # numbers that a check list has room for


class PeerProcess:
    """peer_process.py as a child, over all its lives; what it read is checked off from its record."""

    def __init__(self, folder, transport, name="peer", host="127.0.0.1", port=None, **keys):
        self._record = folder / f"{name}.record"
        self._record.touch()
        self._reader = self._record.open("rb")
        self._fragment = b""
        self._own = None
        if transport == "unix":
            self._keys = {"path": str(folder / f"{name}.sock"), **keys}
            self.url = f"unix://{self._keys['path']}"
        else:
            self._own = None if port else peers.ReservedPort()
            number = port or self._own.number
            self._keys = {"port": number, "host": host, **keys}
            self.url = f"tcp://{host}:{number}"
        self.process = None

    def start(self, **keys):
        self._keys.update(keys)
        command = [sys.executable, HERE / "peer_process.py", self._record, json.dumps(self._keys)]
        self.process = harness.spawn(command, subprocess.PIPE, None, stdin=subprocess.PIPE)
        self._answer("listens")
        return self

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        self._answer(command)

    def _answer(self, expected):
        line = self.process.stdout.readline().decode().strip()
        assert line == expected, f"the peer answered {line!r}, not {expected!r}"

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def close(self):
        self.kill()
        self._reader.close()
        if self._own:
            self._own.close()

    def bytes_recorded(self):
        return self._record.stat().st_size

    def read_record(self, take):
        """Hands what came since the last call to `take`, in whole lines."""
        data = self._fragment + self._reader.read()
        whole = data.rfind(b"\n") + 1
        self._fragment = data[whole:]
        if whole:
            take(data[:whole])


class Arrivals:
    """Reads peers' records as they grow; knows the highest number that arrived, and when."""

    def __init__(self):
        self.checks = points.CheckList(4_000_000 if not harness.LONG else 20_000_000)
        self._peers = []
        self._lock = threading.Lock()
        self.newest = []  # (when, number), rising

    def add(self, peer):
        self._peers.append(peer)
        return peer

    def look(self):
        with self._lock:
            for peer in self._peers:
                peer.read_record(self._take)

    def _take(self, lines):
        self.checks(lines)
        number = self.checks.newest
        if not self.newest or number > self.newest[-1][1]:
            self.newest.append((time.monotonic(), number))


class Identity:
    """Whether the numbers of every status add up."""

    def __init__(self):
        self.looks = 0
        self.breaches = []

    def check(self, status):
        self.looks += 1
        try:
            harness.EndToEnd().assert_adds_up(status)
        except AssertionError as breach:
            self.breaches.append(str(breach))


class Row:
    """One row while it happens. A fault is a function that gets one and says what must hold with
    `expect`; it returns when the fault is over."""

    def __init__(self, transport):
        self.transport = transport
        self.folder = Path(tempfile.mkdtemp(prefix="carbon-spool-fault-"))
        self.port = peers.ReservedPort()  # of the daemon's input, over all its lives
        self.arrivals = Arrivals()
        self.identity = Identity()
        self.broken = []  # promises
        self.load = None
        self.over_at = None  # when the fault ended
        self.allowed_drops = {}  # of points that are not the load's: of those, none may be lost
        self.peers = []
        self._memory = 0
        self._disk = 0
        self._samplers = []
        self.daemon = None
        self.gate = threading.Lock()  # held while the daemon is away on purpose

    def peer(self, **keys):
        made = self.arrivals.add(PeerProcess(self.folder, self.transport, f"peer{len(self.peers)}", **keys))
        self.peers.append(made)
        return made

    def begin(self, peer, wrapper=(), env=None, url=None, rate=RATE, queue=None, **keys):
        """Starts the daemon with `peer` as its destination, and the load; returns after a good second."""
        folder = self.folder / "daemon"
        self.daemon = harness.Daemon(
            folder, [harness.destination(url or peer.url, **keys)],
            [{"type": "graphite", "listen": [self.port.url]}], queue=queue or {},
        ).start(env, wrapper)  # fmt: skip
        self._samplers = [harness.Sampler(self._measure, 0.1), harness.Sampler(self._look, 0.02),
                          harness.Sampler(self._check, 0.5)]  # fmt: skip
        self.load = Load(self.port.url, rate)
        self.seconds(1)

    def seconds(self, count):
        """Lets time pass: the length of a fault, not a wait for anything."""
        time.sleep(count)

    def expect(self, holds, what):
        if not holds:
            self.broken.append(what)

    def eventually(self, condition, what, timeout=harness.PATIENCE):
        """As `expect`, for what comes true in time."""
        try:
            return wait_until(condition, what, timeout, PAUSE)
        except AssertionError as failure:
            self.broken.append(str(failure))
            return None

    def to(self):
        return self.daemon.to()

    def over(self):
        """The fault ends now."""
        self.over_at = time.monotonic()

    def finish(self):
        """A good second more; then all is confirmed, delivered and counted. Returns the row."""
        self.seconds(1)
        self.eventually(lambda: self._current_at() is not None, "the destination is current again")
        self.load.finish()
        self.eventually(lambda: self.to()["points_pending"] == 0, "all that waits is delivered")
        for sampler in self._samplers:
            sampler.stop()
        self._measure()
        status = self.daemon.now()
        self.identity.check(status)
        self.expect(self.daemon.terminate() == 0, "the daemon ends well")
        self.identity.check(self.daemon.now())
        self.arrivals.look()
        return self._result(status)

    def _result(self, status):
        checks, load = self.arrivals.checks, self.load
        to = status["destinations"][0]
        dropped = {reason: count for reason, count in to["dropped"].items() if count}
        lost = sum(len(checks.missing(first, last)) for first, last in load.accepted)
        self.expect(lost == 0, f"{lost} accepted points never arrived")
        self.expect(dropped == self.allowed_drops, f"dropped: {dropped}, not {self.allowed_drops}")
        self.expect(checks.strange == 0, f"strange lines arrived: {checks.strange_examples}")
        self.expect(self.identity.looks >= 5, f"only {self.identity.looks} looks at the numbers")
        self.expect(not self.identity.breaches, f"the numbers do not add up: {self.identity.breaches[:1]}")
        self.expect(
            to["points_received_total"] == sum(one["points_total"] for one in status["inputs"]),
            "received is not what came in",
        )
        current = self._current_at()
        return {
            "sent": load.accepted_points, "arrived": checks.unique, "lost": lost,
            "duplicated": checks.total - checks.unique, "retried_by_sender": load.retried,
            "seconds_until_current": None if current is None else round(max(0.0, current - self.over_at), 2),
            "memory_mib": round(self._memory / MIB, 1), "disk_mib": round(self._disk / MIB, 1),
            "identity": not self.identity.breaches, "identity_looks": self.identity.looks, "dropped": dropped,
            "broken": self.broken,
        }  # fmt: skip

    def _current_at(self):
        """When a point arrived, after the fault, that was no older than a second."""
        for when, number in list(self.arrivals.newest):
            if when >= self.over_at and number >= self._number_at(when - 1):
                return when
        return None

    def _number_at(self, when):
        """How many had been sent by then."""
        number = 0
        for at, behind in list(self.load.sent):
            if at > when:
                break
            number = behind
        return number - 1

    def _measure(self):
        try:
            self._memory = max(self._memory, self.daemon.resident())
        except OSError:
            pass  # between two lives
        self._disk = max(self._disk, harness.disk_use(self.daemon.config["queue"]["path"]))

    def _look(self):
        self.arrivals.look()

    def _check(self):
        with self.gate:
            status = self.daemon.try_status()
            if status:
                self.identity.check(status)

    def clean_up(self, keep):
        for peer in self.peers:
            peer.close()
        if self.daemon and self.daemon.running:
            self.daemon.kill()
        self.port.close()
        if keep:
            print(f"logs are kept in {self.folder}", file=sys.stderr)
            shutil.rmtree(self.folder / "daemon" / "queue", ignore_errors=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
