"""A Graphite server as a process of its own, which can be stopped and killed like any other.

    peer_process.py RECORD JSON

RECORD gets every whole line before the socket's buffer gives it up: whatever kills this process,
what it had read is in there. JSON: {"port": 1, "host": "…"} or {"path": "…"}, and what else
`peers.Receiver` takes; {"poison": "…"} resets every connection that brings that line.

Commands come one a line on standard input, each answered with a line: the names of the receiver's
methods, `sip` to read one kilobyte a second and no more, `gulp` to end that.
"""

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))

import peers  # noqa: E402

SIP = 1 << 10
GULP = 1 << 20


class Recorder(peers.Receiver):
    """Looks, records, and only then takes from the kernel: a kill in between records twice, at worst."""

    def __init__(self, record, **keys):
        super().__init__(lambda lines: None, **keys)
        self._record = record
        self._most = GULP
        self._taken = 0

    def receive(self, connection):
        seen = connection.recv(self._most, socket.MSG_PEEK)
        lines = self._fragments[connection] + seen
        os.write(self._record, lines[: lines.rfind(b"\n") + 1])
        self._taken += len(seen)
        return connection.recv(len(seen)) if seen else seen

    def sip(self):
        """Reads a kilobyte, from the connection that waits longest and has one."""

        def read_a_little():
            self._most = SIP
            for connection in list(self._fragments):
                before = self._taken
                self._read(connection)
                if self._taken != before:
                    return

        self._on_thread(read_a_little)

    def gulp(self):
        self._most = GULP
        self.resume()


class Sipper(threading.Thread):
    """One kilobyte a second from a receiver that is paused."""

    def __init__(self, receiver):
        super().__init__(daemon=True)
        self._receiver = receiver
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(1):
            self._receiver.sip()


def main():
    record = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    keys = json.loads(sys.argv[2])
    if "port" in keys:
        keys["port"] = SimpleNamespace(number=keys["port"])
    if "poison" in keys:
        keys["poison"] = keys["poison"].encode()
        receiver = peers.ChokingReceiver(lambda lines: os.write(record, lines), **keys)
    else:
        receiver = Recorder(record, **keys)
    receiver.start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sipper = None
    print("listens", flush=True)
    for command in sys.stdin:
        name = command.strip()
        if name == "sip":
            receiver.pause()
            sipper = Sipper(receiver)
            sipper.start()
        elif name == "gulp":
            sipper.ended.set()
            sipper.join()
            receiver.gulp()
        else:
            getattr(receiver, name)()
        print(name, flush=True)


if __name__ == "__main__":
    main()
