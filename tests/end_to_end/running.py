"""How tests run things and wait for them: sizes, patience, child processes, threads.

From the environment: CARBON_SPOOL is the program. CARBON_SPOOL_LONG=1 runs everything at the sizes
that the product is judged by. CARBON_SPOOL_SANITIZED=1 scales sizes down and leaves out what a
sanitizer makes meaningless (resident memory).
"""

import ctypes
import os
import signal
import subprocess
import threading
import time
import unittest

PROGRAM = os.environ.get("CARBON_SPOOL", "carbon-spool")
LONG = os.environ.get("CARBON_SPOOL_LONG") == "1"
SANITIZED = os.environ.get("CARBON_SPOOL_SANITIZED") == "1"
PATIENCE = 300 if SANITIZED else 90  # seconds until what should happen counts as never happening

MIB = 1 << 20


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
