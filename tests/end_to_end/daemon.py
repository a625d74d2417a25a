"""The daemon and the receiver as child processes, with files of their own."""

import json
import os

from running import PATIENCE, PROGRAM, run_program, spawn, wait_until


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
