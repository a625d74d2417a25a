"""Points that come in at a steady rate, and which of them the daemon confirmed."""

import select
import socket
import time

import harness
import points

TICK = 0.05  # seconds a connection's worth of points


class Load:
    """`rate` numbered points a second. Each tick's points go over a connection of their own, which is
    half-closed; the daemon's clean close says that they are accepted. What is not confirmed is sent
    again under the same numbers. Never waits for one connection: a daemon that holds an answer back
    holds up nothing else."""

    def __init__(self, url, rate, first=0, lines=points.plain):
        self.accepted = []  # (first, last), confirmed
        self.sent = []  # (when, number behind the last one)
        self.retried = 0
        self._url = url
        self._step = max(1, int(rate * TICK))
        self._lines = lines
        self._at = first
        self._waiting = {}  # socket: (first, last)
        self._again = []
        self._ending = False
        self._thread = harness.Background(self._run)

    @property
    def accepted_points(self):
        return sum(last - first for first, last in self.accepted)

    def finish(self, timeout=harness.PATIENCE):
        """Ends when all that was sent is confirmed."""
        self._ending = True
        self._thread.finish(timeout)

    def _run(self):
        due = time.monotonic()
        while not self._ending or self._waiting or self._again:
            if self._again:
                self._send(*self._again.pop(0))
            if not self._ending:
                self._send(self._at, self._at + self._step)
                self._at += self._step
                self.sent.append((time.monotonic(), self._at))
            due = max(due + TICK, time.monotonic() - 1)
            self._take_answers(due)

    def _send(self, first, last):
        try:
            client = harness.connect(self._url, timeout=10)
        except OSError:
            self._lost(first, last)
            return
        try:
            client.sendall(self._lines(first, last))
            client.shutdown(socket.SHUT_WR)
            self._waiting[client] = (first, last)
        except OSError:
            client.close()
            self._lost(first, last)

    def _lost(self, first, last):
        self.retried += 1
        self._again.append((first, last))

    def _take_answers(self, until):
        while True:
            ready, _, _ = select.select(list(self._waiting), [], [], max(0.0, until - time.monotonic()))
            for client in ready:
                part = self._waiting.pop(client)
                if harness.ended_cleanly(client):
                    self.accepted.append(part)
                else:
                    self._lost(*part)
            if time.monotonic() >= until:
                return
