"""Our rings against the real carbon-c-relay: which of its servers gets which name, on sockets.

One carbon-c-relay a kind of hash, with several clusters that all get every name. Their servers are
addresses of 127.0.0.0/8 and a few ports that the kernel gave; one listener a port tells by the
address that it was reached at which server it stands for.
"""

import collections
import os
import random
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import route_names

LONG = os.environ.get("CARBON_SPOOL_LONG") == "1"
PATIENCE = 300  # seconds until what should arrive counts as lost
PORTS = 4
FLAVOUR = "carbon-c-relay"


class Servers:
    """Every address of 127.0.0.0/8 on a few ports; what each one got."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._listeners = []
        self.got = collections.defaultdict(list)  # (host, port): pieces of the stream
        self.lines = 0
        for family, host in [(socket.AF_INET, "0.0.0.0")] * PORTS + [(socket.AF_INET6, "::1")] * PORTS:
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.bind((host, 0))
            listener.listen(1000)
            listener.setblocking(False)
            self._listeners.append(listener)
            self._selector.register(listener, selectors.EVENT_READ)
        self.ports = [listener.getsockname()[1] for listener in self._listeners[:PORTS]]
        self.ports6 = [listener.getsockname()[1] for listener in self._listeners[PORTS:]]

    def read(self, timeout):
        for key, _ in self._selector.select(timeout):
            if key.fileobj in self._listeners:
                connection, _ = key.fileobj.accept()
                connection.setblocking(False)
                self._selector.register(connection, selectors.EVENT_READ, connection.getsockname()[:2])
            else:
                self._take(key)

    def read_what_is_there(self):
        before = None
        while before != (self.lines, len(self._selector.get_map())):
            before = (self.lines, len(self._selector.get_map()))
            self.read(0)

    def _take(self, key):
        try:
            data = key.fileobj.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(key.fileobj)
            key.fileobj.close()
            return
        self.got[key.data].append(data)
        self.lines += data.count(b"\n")

    def forget(self):
        for key in list(self._selector.get_map().values()):
            if key.fileobj not in self._listeners:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()
        self.got.clear()
        self.lines = 0


class Scene:
    """Servers and clusters of one carbon-c-relay."""

    def __init__(self, select, rng, servers):
        self.select = select
        self.destinations = []
        self.clusters = []
        self._rng = rng
        self._servers = servers

    def add(self, size, replication, instances, hosts="many"):
        """A cluster. `instances`: none | all | some | numbers; `hosts`: many | few | six (IPv6)."""
        number = len(self.clusters) + 1
        places = []
        if hosts == "six":
            places = [("::1", port) for port in self._servers.ports6[:size]]
        elif hosts == "few":
            places = [(f"127.{number}.0.{i // PORTS + 1}", self._servers.ports[i % PORTS]) for i in range(size)]
        else:
            places = [(f"127.{number}.{i % 3}.{i + 1}", self._servers.ports[i % PORTS]) for i in range(size)]
        self._rng.shuffle(places)
        numbers = self._rng.sample(range(200), size)
        members = []
        for i, (host, port) in enumerate(places):
            named = instances in ("all", "numbers") or (instances == "some" and i % 2 == 0)
            instance = None
            if named:
                instance = str(numbers[i]) if instances == "numbers" else f"{self._rng.getrandbits(32):x}-n{i}"
            members.append(len(self.destinations))
            self.destinations.append((host, port, instance))
        self.clusters.append((self.select, FLAVOUR, "-", "-", replication, members))

    def config(self, listen):
        def server(host, port, instance):
            host = f"[{host}]" if ":" in host else host
            return f"{host}:{port}" + (f"={instance}" if instance else "")

        text = f"listen type linemode {listen} proto unix ;\n"
        for number, (select, _, _, _, replication, members) in enumerate(self.clusters):
            copies = f" replication {replication}" if select.endswith("_ch") else ""
            text += f"cluster c{number} {select}{copies}\n"
            text += "".join(f"  {server(*self.destinations[member])}\n" for member in members) + "  ;\n"
        return text + "match * send to " + " ".join(f"c{i}" for i in range(len(self.clusters))) + " ;\n"

    def lines(self, names):
        return len(names) * sum(cluster[4] for cluster in self.clusters)


def connect(path, relay, log):
    end = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.connect(str(path))
            return client
        except OSError:
            client.close()
            if relay.poll() is not None or time.monotonic() > end:
                raise AssertionError("carbon-c-relay does not listen:\n" + log.read_text()) from None
            time.sleep(0.02)


def run_relay(scene, names, servers):
    """Sends all names through a carbon-c-relay, and reads what its servers get until it is all there, and
    whatever else it sends before it ends by itself."""
    servers.forget()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        listen, log, config = folder / "s", folder / "log", folder / "relay.conf"
        config.write_text(scene.config(listen))
        # Submission mode: no statistics among the points. Queues that hold everything: nothing is
        # dropped, whatever the speed. Large batches, since it sleeps between two; but much smaller than
        # the queues, or the servers of an any_of cluster would take each other's work.
        command = ["carbon-c-relay", "-s", "-f", str(config), "-q", "400000", "-b", "20000", "-T", "5000"]
        with log.open("wb") as out:
            relay = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            client = connect(listen, relay, log)
            left = memoryview("".join(f"{name} {i} 1700000000\n" for i, name in enumerate(names)).encode())
            client.setblocking(False)
            expected = scene.lines(names)
            end = time.monotonic() + PATIENCE
            while servers.lines < expected:
                if left:
                    try:
                        left = left[client.send(left[: 1 << 16]) :]
                    except BlockingIOError:
                        pass
                servers.read(0 if left else 0.1)
                if relay.poll() is not None or time.monotonic() > end:
                    raise AssertionError(
                        f"{servers.lines} of {expected} lines arrived:\n" + log.read_text()[-4000:]
                    )
            client.close()
            relay.terminate()
            while relay.poll() is None and time.monotonic() < end:
                servers.read(0.1)
            servers.read_what_is_there()
        finally:
            relay.kill()
            relay.wait()


def compare(scene, names, servers):
    """How many names differ, in any cluster, or in what was sent; prints some of them."""
    numbers = {(host, port): i for i, (host, port, _) in enumerate(scene.destinations)}
    cluster_of = {member: i for i, cluster in enumerate(scene.clusters) for member in cluster[5]}
    theirs = [[set() for _ in scene.clusters] for _ in names]
    sent = [set() for _ in names]
    for place, pieces in servers.got.items():
        number = numbers[place]
        for line in b"".join(pieces).decode().splitlines():
            name, index, _ = line.rsplit(" ", 2)
            theirs[int(index)][cluster_of[number]].add(number)
            sent[int(index)].add(name)
    ours = route_names.route(scene.destinations, scene.clusters, names)
    different = collections.Counter()
    for i, (name, (our_name, members)) in enumerate(zip(names, ours)):
        findings = []
        if sent[i] != {our_name}:
            findings.append(("name", sent[i], our_name))
        for number, cluster in enumerate(scene.clusters):
            if set(members[number]) != theirs[i][number]:
                findings.append((f"cluster {number}: {cluster[:5]}", theirs[i][number], members[number]))
        for what, they, we in findings:
            different[what] += 1
            if different[what] <= 5:
                print(f"  {name!r}: {what}: they {they}, we {we}")
    return different


def scenes(rng, servers):
    for select in ("carbon_ch", "fnv1a_ch", "jump_fnv1a_ch"):
        scene = Scene(select, rng, servers)
        scene.add(3, 1, "none")
        scene.add(14, 2, "some")
        scene.add(60, 3, "all", hosts="few")
        if LONG:
            scene.add(7, 2, "some")
            scene.add(31, 2, "numbers")
            scene.add(60, 1, "none")
            scene.add(60, 3, "none")
        scene.add(4, 1, "numbers", hosts="six")
        yield scene
    scene = Scene("any_of", rng, servers)
    scene.add(3, 1, "none")
    scene.add(60, 1, "none")
    yield scene
    scene = Scene("failover", rng, servers)
    scene.add(5, 1, "none")
    yield scene


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260101
    rng = random.Random(seed)
    names = route_names.make_names(route_names.NAMES, seed)
    servers = Servers()
    failed = False
    for scene in scenes(rng, servers):
        began = time.monotonic()
        run_relay(scene, names, servers)
        different = compare(scene, names, servers)
        print(
            f"{scene.select}: {len(names)} names, {len(scene.clusters)} clusters, {servers.lines} lines, "
            f"{sum(different.values())} differences, {time.monotonic() - began:.1f} s"
        )
        failed = failed or bool(different)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
