"""Graphite servers as they are met: good, hung, resetting, deaf, out of reach."""

import collections
import contextlib
import os
import selectors
import socket
import struct
import threading

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ReservedPort:
    """A port of 127.0.0.1 that stays ours between the lives of who listens on it.

    The socket is bound but never listens: others may bind beside it, connecting is refused while
    they are away, and the kernel gives the port to nobody else.
    """

    def __init__(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    @property
    def url(self):
        return f"tcp://127.0.0.1:{self.number}"

    def close(self):
        self._socket.close()


def reset(connection):
    """Closes with RST, whatever is unread or unsent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()


class Receiver:
    """Reads lines on a thread of its own and hands whole ones to `take`; closes a connection only
    after its peer's end of file. Can be stopped from reading, killed and started again."""

    def __init__(self, take, port=None, receive_buffer=None, closes=True, path=None, host="127.0.0.1"):
        self._take = take
        self._own_port = None
        if path is None and port is None:
            port = self._own_port = ReservedPort()
        self._port = port
        self._path = path
        self._host = host
        self._receive_buffer = receive_buffer
        self._closes = closes  # False: never answers a half-close
        self._thread = None
        self._commands = collections.deque()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._buffer = bytearray(1 << 20)
        self.connections_total = 0
        self.ends_of_file = 0

    @property
    def url(self):
        return f"unix://{self._path}" if self._path else self._port.url

    def start(self):
        if self._path:
            if os.path.exists(self._path):
                os.unlink(self._path)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self._path)
        else:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._receive_buffer:
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
            self._listener.bind((self._host, self._port.number))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._fragments = {}
        self._paused = False
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def pause(self):
        """Reads nothing any more; still accepts."""
        self._on_thread(self._stop_reading)

    def resume(self):
        self._on_thread(self._go_on_reading)

    def die(self):
        """Resets every connection and listens no more."""
        self._end(reset)

    def reset_all(self):
        """Resets every connection; goes on listening."""
        self._on_thread(lambda: self._close_all(reset))

    def half_close_all(self):
        """Ends every connection's other direction, and goes on reading."""

        def half_close():
            for connection in self._fragments:
                with contextlib.suppress(OSError):  # it is gone already
                    connection.shutdown(socket.SHUT_WR)

        self._on_thread(half_close)

    def close_idle(self):
        """Ends every connection from this side, in order, as servers do with idle ones."""
        self._on_thread(self._close_all)

    def close(self):
        if self._thread:
            self._end(reset)
        self._wake.close()
        self._woken.close()
        if self._own_port:
            self._own_port.close()

    def _end(self, ending):
        def end():
            self._running = False
            self._listener.close()
            for connection in self._fragments:
                ending(connection)
            self._fragments.clear()

        self._on_thread(end)
        self._thread.join()
        self._thread = None
        self._selector.close()

    def _on_thread(self, command):
        done = threading.Event()
        self._commands.append((command, done))
        self._wake.send(b"x")
        if not done.wait(60):
            raise AssertionError("the receiver's thread does not answer")

    def _run(self):
        while self._running:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    self._obey()
                    break  # what else was ready may be closed by now
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)

    def _obey(self):
        self._woken.recv(64)
        while self._commands:
            command, done = self._commands.popleft()
            command()
            done.set()

    def _accept(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self.connections_total += 1
        self._fragments[connection] = b""
        if not self._paused:
            self._selector.register(connection, selectors.EVENT_READ)

    def receive(self, connection):
        """Reads what is there."""
        count = connection.recv_into(self._buffer)
        return self._buffer[:count]

    def _read(self, connection):
        try:
            read = self.receive(connection)
        except BlockingIOError:
            return
        except OSError:
            self._forget(connection)
            connection.close()
            return
        if not read:
            self._end_of_file(connection)
            return
        data = self._fragments[connection] + read
        whole = data.rfind(b"\n") + 1
        self._fragments[connection] = bytes(data[whole:])
        if whole:
            self.on_lines(connection, bytes(data[:whole]))

    def on_lines(self, connection, lines):
        self._take(lines)

    def _end_of_file(self, connection):
        if self._closes:
            self.ends_of_file += 1
            self._forget(connection)
            connection.close()
        else:
            self._selector.unregister(connection)

    def _forget(self, connection):
        del self._fragments[connection]
        if not self._paused:
            self._selector.unregister(connection)

    def _stop_reading(self):
        if not self._paused:
            self._paused = True
            for connection in self._fragments:
                self._selector.unregister(connection)

    def _go_on_reading(self):
        if self._paused:
            self._paused = False
            for connection in self._fragments:
                self._selector.register(connection, selectors.EVENT_READ)

    def _close_all(self, ending=socket.socket.close):
        for connection in list(self._fragments):
            self._forget(connection)
            ending(connection)


class ResettingReceiver(Receiver):
    """Resets the connection on which each `every`-th line arrives, counted over all of them."""

    def __init__(self, take, every):
        super().__init__(take)
        self._every = every
        self._left = every
        self.resets = 0

    def on_lines(self, connection, lines):
        count = lines.count(b"\n")
        if count < self._left:
            self._left -= count
            self._take(lines)
            return
        self._take(b"".join(lines.splitlines(keepends=True)[: self._left]))
        self._left = self._every
        self.resets += 1
        self._forget(connection)
        reset(connection)


class ChokingReceiver(Receiver):
    """Dies of one particular line: resets the connection that brings it, what came with it unread.

    It looks before it takes: a Unix socket resets when it is closed with bytes unread, and only then.
    With none unread it looks like one that confirms."""

    def __init__(self, take, poison, **keys):
        super().__init__(take, **keys)
        self._poison = poison
        self.resets = 0

    def receive(self, connection):
        seen = connection.recv(len(self._buffer), socket.MSG_PEEK)
        if self._poison in self._fragments[connection] + seen:
            self.resets += 1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            raise ConnectionResetError("it chokes")
        return connection.recv(len(seen)) if seen else seen


class BlackHole:
    """An address that does not answer: its accept queue is full, so the kernel drops every SYN."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.url = "tcp://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._listener.getsockname())
            self._fillers.append(filler)

    def close(self):
        for filler in self._fillers:
            filler.close()
        self._listener.close()
