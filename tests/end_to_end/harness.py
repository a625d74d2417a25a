"""What every end-to-end test stands on: a folder of its own, the daemon as a child process, its
status, and clients. Nothing here knows the code, only the commands, the configuration and the JSON.

From the environment: CARBON_SPOOL is the program. CARBON_SPOOL_LONG=1 runs everything at the sizes
that the product is judged by. CARBON_SPOOL_SANITIZED=1 scales sizes down and leaves out what a
sanitizer makes meaningless (resident memory).
"""

import ctypes
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import peers

PROGRAM = os.environ.get("CARBON_SPOOL", "carbon-spool")
LONG = os.environ.get("CARBON_SPOOL_LONG") == "1"
SANITIZED = os.environ.get("CARBON_SPOOL_SANITIZED") == "1"
PATIENCE = 300 if SANITIZED else 90  # seconds until what should happen counts as never happening

MIB = 1 << 20
_SANITIZER_FINDING = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ).*"
)


def sized(default, long, sanitized):
    """The size for this run."""
    return long if LONG else sanitized if SANITIZED else default


def long_only(test):
    return unittest.skipUnless(LONG, "takes long: CARBON_SPOOL_LONG=1 runs it")(test)


def wait_until(condition, what, timeout=PATIENCE, pause=0.02):
    """Polls `condition`; the time-out is a bound on failure, never a delay. Returns its true value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)


def wait_until_still(value, seconds, what, timeout=PATIENCE):
    """Waits until `value()` has not changed for `seconds`; returns it."""
    end = time.monotonic() + timeout
    last, since = value(), time.monotonic()
    while time.monotonic() - since < seconds:
        if time.monotonic() > end:
            raise AssertionError(f"never came to rest within {timeout} s: {what}")
        time.sleep(0.05)
        current = value()
        if current != last:
            last, since = current, time.monotonic()
    return last


def run_program(*arguments, timeout=PATIENCE, env=None):
    """Runs `carbon-spool arguments…` to its end."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, env=None if env is None else {**os.environ, **env}, check=False,
    )  # fmt: skip


_LIBC = ctypes.CDLL(None)


def _die_with_parent():
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def spawn(command, stdout, stderr, env=None, stdin=subprocess.DEVNULL):
    """A child that does not outlive the test. To be called from the main thread: it is that thread's
    end that kills the child."""
    assert threading.current_thread() is threading.main_thread()
    return subprocess.Popen(
        command, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=_die_with_parent,
        env=None if env is None else {**os.environ, **env},
    )  # fmt: skip


# --- configuration ------------------------------------------------------------------------------


def toml(config):
    """{"queue": {…}, "destination": [{…}, …]} as TOML; {"input": [{"metric": [{…}, …]}]}, too."""

    def is_tables(value):
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict)

    def tables(name, content):
        text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in content.items() if not is_tables(value))
        for key, value in content.items():
            if is_tables(value):
                text += "".join(f"[[{name}.{key}]]\n{tables(f'{name}.{key}', each)}" for each in value)
        return text

    text = ""
    for name, content in config.items():
        if isinstance(content, dict):
            text += f"[{name}]\n{tables(name, content)}\n"
        else:
            text += "".join(f"[[{name}]]\n{tables(name, table)}\n" for table in content)
    return text


def destination(url, name="primary", **keys):
    """A destination that confirms every second: tests wait for confirmations."""
    return {"name": name, "type": "graphite", "address": url, "confirm_every": "1s", "backoff_max": "1s", **keys}


# --- clients ------------------------------------------------------------------------------------


def connect(url, timeout=PATIENCE):
    """A socket to where an input listens, as `status` names it."""
    transport, rest = url.split("://", 1)
    if transport in ("unix", "unixgram"):
        kind = socket.SOCK_STREAM if transport == "unix" else socket.SOCK_DGRAM
        client = socket.socket(socket.AF_UNIX, kind)
        address = rest
    else:
        host, port = rest.rsplit(":", 1)
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
        address = (host.strip("[]"), int(port))
    client.settimeout(timeout)
    try:
        client.connect(address)
    except OSError:
        client.close()
        raise
    return client


def half_close(client):
    """Half-closes and waits for the answer: True for a clean end of file, False for anything else."""
    try:
        client.shutdown(socket.SHUT_WR)
    except OSError as error:
        client.close()
        if isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN:  # reset before we were done
            return False
        raise
    return ended_cleanly(client)


def ended_cleanly(client):
    """Waits for the end of a connection that was half-closed: True for a clean end of file."""
    try:
        return client.recv(1) == b"" and client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    except ConnectionError:
        return False
    finally:
        client.close()


def send(url, data, timeout=PATIENCE):
    """Sends `data` on a connection of its own; True once the receiver confirmed it."""
    client = connect(url, timeout)
    try:
        client.sendall(data)
    except ConnectionError:
        client.close()
        return False
    return half_close(client)


class Background(threading.Thread):
    """A thread whose failure is the failure of the test that joins it."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self._work = work
        self._failure = None
        self.start()

    def run(self):
        try:
            self._work()
        except BaseException as failure:  # pylint: disable=broad-except
            self._failure = failure

    def finish(self, timeout=PATIENCE):
        self.join(timeout)
        if self.is_alive():
            raise AssertionError(f"the thread did not end within {timeout} s")
        if self._failure:
            raise self._failure


class Sampler:
    """Calls `measure` ten times a second on a thread of its own; keeps (time, value)."""

    def __init__(self, measure, period=0.1):
        self.samples = []
        self._measure = measure
        self._period = period
        self._ended = threading.Event()
        self._thread = Background(self._run)

    def _run(self):
        while not self._ended.is_set():
            value = self._measure()
            self.samples.append((time.monotonic(), value))
            self._ended.wait(self._period)

    def stop(self):
        self._ended.set()
        self._thread.finish()
        return self

    def values(self, after=0.0, before=float("inf")):
        return [value for at, value in self.samples if after <= at <= before]


def disk_use(folder):
    """What `du` says: blocks in use of everything below, the folders too."""
    total = 0
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            total += os.lstat(current).st_blocks * 512
            with os.scandir(current) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += _blocks(entry)
        except FileNotFoundError:
            pass
    return total


def _blocks(entry):
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except FileNotFoundError:
        return 0


# --- the daemon ---------------------------------------------------------------------------------


class Daemon:
    """`carbon-spool run` with a configuration, a queue and a log of its own."""

    def __init__(self, folder, destinations, inputs=None, **tables):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.queue = folder / "queue"
        self.file = folder / "carbon-spool.toml"
        self.log = folder / "daemon.log"
        self.process = None
        self.configure(destinations, inputs, **tables)

    def configure(self, destinations, inputs=None, **tables):
        """Writes the configuration; what is not given has a default that suits tests."""
        self.config = {
            "queue": {"path": str(self.queue), **tables.get("queue", {})},
            "daemon": {"shutdown_timeout": "1s", **tables.get("daemon", {})},
            "admin": {"socket": str(self.folder / "admin.sock")},
            "log": {"level": "info"},
            "input": inputs or [{"type": "graphite", "listen": ["tcp://127.0.0.1:0"]}],
            "destination": destinations,
            **{name: tables[name] for name in ("cluster", "route", "rewrite", "routing") if name in tables},
        }
        self.file.write_text(toml(self.config))

    def start(self, env=None, wrapper=()):
        """`wrapper`: a command that ends in running what stands behind it."""
        self.launch(env, wrapper)
        wait_until(self.ready, "the daemon runs")
        return self

    def launch(self, env=None, wrapper=()):
        """Starts it, and does not wait."""
        with self.log.open("ab") as log:
            self.process = spawn([*wrapper, PROGRAM, "run", "--config", str(self.file)], log, log, env)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended at its start with {self.process.returncode}:\n{self.log_tail()}")
        status = self.try_status()
        return status is not None and status["state"] == "running"

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout=PATIENCE):
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout)

    def command(self, *arguments, **keys):
        return run_program(*arguments, "--config", self.file, **keys)

    def status(self):
        """(exit code, JSON)"""
        done = self.command("status", "--json")
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON: exit code {done.returncode}\n{done.stdout}{done.stderr}") from None

    def try_status(self):
        done = self.command("status", "--json")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return None

    def now(self):
        return self.status()[1]

    def to(self, name="primary"):
        """The status of one destination."""
        return find(self.now()["destinations"], name)

    def listening(self, transport="tcp", name=None):
        for one in self.now()["inputs"]:
            for url in one["listen"]:
                if url.startswith(transport + "://") and name in (None, one["name"]):
                    return url
        raise AssertionError(f"no {transport} listener")

    def wait_delivered(self, name="primary", timeout=PATIENCE):
        """Until nothing waits for the destination any more."""
        wait_until(lambda: self.to(name)["points_pending"] == 0, f"nothing waits for {name}", timeout)

    def disk_use(self):
        return disk_use(str(self.queue))

    def resident(self):
        """Bytes of memory, as the kernel counts them."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])


def find(entries, name):
    for entry in entries:
        if entry["name"] == name:
            return entry
    raise AssertionError(f"no {name} in {[entry['name'] for entry in entries]}")


class ReceiveCommand:
    """`carbon-spool receive`, what it prints kept in one file a life."""

    def __init__(self, folder, port):
        self._folder = folder
        self._port = port
        self._lives = 0
        self.process = None

    @property
    def url(self):
        return self._port.url

    def start(self):
        self._lives += 1
        self.log = self._folder / f"receive-{self._lives}.log"
        with open(self._folder / f"received-{self._lives}", "wb") as out, self.log.open("wb") as log:
            self.process = spawn([PROGRAM, "receive", "--listen", self._port.url], out, log)
        wait_until(lambda: b"listening on" in self.log.read_bytes(), "the receiver listens")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def whole_lines(self):
        """What all lives together printed; a line that a death cut short does not count."""
        for file in sorted(self._folder.glob("received-*")):
            data = file.read_bytes()
            yield data[: data.rfind(b"\n") + 1]


# --- tests --------------------------------------------------------------------------------------


class EndToEnd(unittest.TestCase):
    """A test with a folder of its own. On failure the daemons' logs are shown and kept."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="carbon-spool-e2e-"))
        self._daemons = []
        self._closers = []
        self.addCleanup(self._clean_up)

    def close_later(self, closer):
        """Runs after the daemons have stopped."""
        self._closers.append(closer)

    def daemon(self, destinations, inputs=None, name="daemon", **tables):
        """A daemon that is stopped in order, and must stop well, at the end of the test."""
        made = Daemon(self.folder / name, destinations, inputs, **tables)
        self._daemons.append(made)
        return made

    def receiver(self, take, kind=peers.Receiver, **keys):
        made = kind(take, **keys)
        self.close_later(made.close)
        return made

    def reserved_port(self):
        made = peers.ReservedPort()
        self.close_later(made.close)
        return made

    def receive_command(self, port):
        made = ReceiveCommand(self.folder, port)
        self.close_later(lambda: made.process and made.process.poll() is None and made.kill())
        return made

    def assert_adds_up(self, status):
        """The identity of the numbers of every destination, and of every cluster that shares a reader."""
        shared = [each["reader"] for each in status["clusters"] if each["reader"]]
        for one in status["destinations"] + shared:
            dropped = sum(one["dropped"].values())
            self.assertEqual(one["points_dropped_total"], dropped, one)
            self.assertEqual(
                one["points_received_total"],
                one["points_acknowledged_total"] + one["points_pending"] + dropped
                + one["points_routed_elsewhere_total"],
                one,
            )  # fmt: skip
            self.assertLessEqual(one["points_unconfirmed"], one["points_pending"], one)
        for one in status["inputs"]:
            self.assertEqual(one["rejected_total"], sum(one["rejected"].values()), one)

    def assert_all_arrived(self, checks, first, last):
        missing = checks.missing(first, last)
        self.assertEqual(missing[:10], [], f"{len(missing)} of {last - first} points are missing")
        self.assertEqual(checks.strange, 0, checks.strange_examples)

    def _clean_up(self):
        failed = not self._outcome.success  # where unittest keeps it
        try:
            for daemon in self._daemons:
                self._end(daemon)
        except BaseException:
            failed = True
            raise
        finally:
            for closer in self._closers:
                closer()
            if failed:
                self._show_logs()
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, daemon):
        if daemon.running:
            self.assertEqual(daemon.terminate(), 0, "the daemon's exit code after SIGTERM")
        elif daemon.process is not None:
            self.assertIn(daemon.process.returncode, (0, -signal.SIGKILL), "the daemon died by itself")
        finding = _SANITIZER_FINDING.search(daemon.log_text())
        self.assertIsNone(finding, finding and finding.group())

    def _show_logs(self):
        for daemon in self._daemons:
            print(f"--- {daemon.log}, its end\n{daemon.log_tail()}", file=sys.stderr)
            shutil.rmtree(daemon.queue, ignore_errors=True)
        for file in self.folder.glob("received-*"):
            file.unlink()
        print(f"--- logs are kept in {self.folder}", file=sys.stderr)


def main():
    unittest.main(verbosity=2, warnings="ignore")
