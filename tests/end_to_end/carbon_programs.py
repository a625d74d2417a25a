"""The real Graphite's programs, of Debian's graphite-carbon, each with everything in a folder of the test's own."""

import whisper

import harness
from harness import connect, wait_until


class CarbonProgram:
    """carbon-cache or carbon-relay in the foreground, listening for lines on `port`."""

    def __init__(self, program, folder, port, settings):
        self._program = program
        self._folder = folder
        self._log = folder / "carbon.log"
        self._process = None
        self.storage = folder / "storage" / "whisper"
        self.conf = folder / "conf"
        self.conf.mkdir(parents=True)
        self._port = port
        self._settings = {
            "STORAGE_DIR": folder / "storage",
            "LOCAL_DATA_DIR": self.storage,
            "WHITELISTS_DIR": folder / "storage" / "lists",
            "CONF_DIR": self.conf,
            "LOG_DIR": folder / "log",
            "PID_DIR": folder,
            "ENABLE_LOGROTATION": "False",
            "ENABLE_TAGS": "False",
            "LINE_RECEIVER_INTERFACE": "127.0.0.1",
            "LINE_RECEIVER_PORT": port.number,
            "PICKLE_RECEIVER_PORT": 0,  # none
            "CARBON_METRIC_INTERVAL": 0,
        }
        (self.conf / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 1s:1h\n")
        self.configure(settings)

    def configure(self, settings):
        """Adds to the settings, from its next start on."""
        self._settings.update(settings)
        section = self._program.removeprefix("carbon-")
        text = "".join(f"{key} = {value}\n" for key, value in self._settings.items())
        (self.conf / "carbon.conf").write_text(f"[{section}]\n{text}")

    def start(self):
        with self._log.open("ab") as log:
            self._process = harness.spawn(
                [self._program, f"--config={self.conf / 'carbon.conf'}", "--nodaemon", "--debug", "start"],
                log, log, {"GRAPHITE_ROOT": str(self._folder)},
            )  # fmt: skip
        wait_until(self._listens, f"{self._program} listens")

    def _listens(self):
        if self._process.poll() is not None:
            raise AssertionError(f"{self._program} ended:\n" + self._log.read_text()[-4000:])
        try:
            connect(self._port.url).close()
        except ConnectionRefusedError:
            return False
        return True

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(harness.PATIENCE)

    def kill(self):
        self._process.kill()
        self._process.wait()


class CarbonCache(CarbonProgram):
    def __init__(self, folder, port, updates_per_second="inf"):
        settings = {
            "MAX_CREATES_PER_MINUTE": "inf",
            "LOG_CREATES": "False",
            "LOG_UPDATES": "False",
            "CACHE_QUERY_INTERFACE": "127.0.0.1",
            "CACHE_QUERY_PORT": 0,  # any
        }
        super().__init__("carbon-cache", folder, port, settings)
        self.write_at(updates_per_second)

    def write_at(self, updates_per_second):
        """How many of its files it updates in a second from its next start on; the rest stays in its memory."""
        self.configure({"MAX_UPDATES_PER_SECOND": updates_per_second})

    def kill(self):
        """What it was just making stays without a header, and no later carbon-cache mends that: it goes."""
        super().kill()
        for file in self.storage.glob("e2e/*.wsp"):
            try:
                whisper.info(str(file))
            except whisper.CorruptWhisperFile:
                file.unlink()

    def slots(self, series, first, last):
        """{second: value} for first … last; seconds without a value are not in it."""
        return self.slots_of(f"e2e.s{series:03d}", first, last)

    def slots_of(self, name, first, last):
        file = self.storage / (name.replace(".", "/") + ".wsp")
        if not file.exists():
            return {}
        try:
            (start, _, step), values = whisper.fetch(str(file), first - 1, last)
        except whisper.CorruptWhisperFile:  # it is being made
            return {}
        return {start + i * step: value for i, value in enumerate(values) if value is not None}


class CarbonRelay(CarbonProgram):
    """Takes lines and pickles, and sends everything on to one address in pickles of its own."""

    def __init__(self, folder, port, pickle_port, to):
        destination = to.removeprefix("tcp://") + ":a"
        settings = {
            "RELAY_METHOD": "rules",
            "DESTINATIONS": destination,
            "DESTINATION_PROTOCOL": "pickle",
            "PICKLE_RECEIVER_INTERFACE": "127.0.0.1",
            "PICKLE_RECEIVER_PORT": pickle_port.number,
            "MAX_QUEUE_SIZE": 100_000_000,  # it drops what comes before it has stopped reading
            "USE_FLOW_CONTROL": "True",
            "LOG_LISTENER_CONN_SUCCESS": "False",
        }
        super().__init__("carbon-relay", folder, port, settings)
        (self.conf / "relay-rules.conf").write_text(f"[all]\ndefault = true\ndestinations = {destination}\n")
