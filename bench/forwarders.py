"""carbon-spool and its peers, each as it is configured to lose nothing, ready to be run between a load
generator and sinks. The peers come from Debian: those that cannot be installed side by side are unpacked into
a folder of their own.
"""

import os
import pathlib
import signal
import subprocess

import pipeline

FOLDER = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "carbon-spool-bench"


def unpacked(package):
    """The folder with a Debian package and what it needs and is not installed; downloaded once."""
    root = FOLDER / package
    if (root / "complete").exists():
        return root
    root.mkdir(parents=True, exist_ok=True)
    simulated = subprocess.run(
        ["apt-get", "-s", "--no-install-recommends", "install", package], capture_output=True, text=True, check=True
    ).stdout
    packages = [line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")] or [package]
    subprocess.run(["apt-get", "download", *packages], cwd=root, check=True, stdout=subprocess.DEVNULL)
    for archive in root.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, root], check=True)
    (root / "complete").touch()
    return root


class Forwarder:
    """One run of one program: `start`, then `stop`. `sinks` are (host, port)."""

    name = ""
    about = ""
    scenarios = ("one sink", "three sinks", "cluster of three", "outage", "fixed rate")
    lines_per_second = 100_000  # about; what it is given goes by it

    def __init__(self, folder, port, sinks, cluster):
        self.folder = folder
        self.port = port
        self.sinks = sinks
        self.cluster = cluster  # share out, instead of everything to every sink
        self.process = None

    def start(self):
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command()], stdout=log, stderr=log, env={**os.environ, **self.environment()}
            )
        pipeline.await_listener(self.port, self.process)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def environment(self):
        return {}

    def write(self, text, name="config"):
        file = self.folder / name
        file.write_text(text)
        return file


class CarbonSpool(Forwarder):
    name = "carbon-spool"
    about = "everything through the disk, acknowledge = \"close\""
    lines_per_second = 2_500_000
    program = pipeline.PROJECT / "build/release/carbon-spool"
    threads = 1

    def command(self):
        text = f"""
[queue]
path = "{self.folder}/queue"
max_size = "8GiB"
[daemon]
threads = {self.threads}
[admin]
socket = "{self.folder}/admin.sock"
[[input]]
listen = ["tcp://127.0.0.1:{self.port}", "udp://127.0.0.1:{self.port}"]
"""
        for host, port in self.sinks:
            text += f'[[destination]]\nname = "{host}:{port}"\naddress = "tcp://{host}:{port}"\nbackoff_max = "1s"\n'
        if self.cluster:
            members = ", ".join(f'"{host}:{port}"' for host, port in self.sinks)
            text += f'[[cluster]]\nname = "all"\nmembers = [{members}]\n'
        return [self.program, "run", "--config", self.write(text)]


class CarbonCRelay(Forwarder):
    name = "carbon-c-relay"
    about = "in memory, queues of 20 million lines a server"
    lines_per_second = 500_000

    def command(self):
        servers = " ".join(f"{host}:{port}" for host, port in self.sinks)
        kind = "carbon_ch replication 1" if self.cluster else "forward"
        config = self.write(
            f"listen type linemode 127.0.0.1:{self.port} proto tcp 127.0.0.1:{self.port} proto udp ;\n"
            f"cluster all {kind} {servers} ;\nmatch * send to all stop ;\n"
        )
        return ["carbon-c-relay", "-f", config, "-q", "20000000", "-b", "2500"]


class Rsyslog(Forwarder):
    name = "rsyslog"
    about = "disk-assisted queues"
    scenarios = ("one sink", "three sinks", "outage", "fixed rate")
    lines_per_second = 700_000

    def command(self):
        root = unpacked("rsyslog")
        actions = ""
        for number, (host, port) in enumerate(self.sinks):
            actions += (
                f'action(type="omfwd" target="{host}" port="{port}" protocol="tcp" template="raw"\n'
                f'  action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList"\n'
                f'  queue.filename="queue{number}" queue.size="1000000" queue.dequeueBatchSize="4096"\n'
                f'  queue.maxDiskSpace="8g" queue.timeoutEnqueue="600000" queue.saveOnShutdown="on")\n'
            )
        config = self.write(
            f'global(workDirectory="{self.folder}" maxMessageSize="16k")\n'
            'module(load="imtcp" maxSessions="1000")\n'
            'template(name="raw" type="string" string="%rawmsg%\\n")\n'
            f'ruleset(name="all") {{\n{actions}}}\n'
            f'input(type="imtcp" address="127.0.0.1" port="{self.port}" ruleset="all")\n'
        )
        return [root / "usr/sbin/rsyslogd", "-n", "-f", config, "-i", self.folder / "pid", "-C",
                "-M", root / "usr/lib/x86_64-linux-gnu/rsyslog"]  # fmt: skip

    def environment(self):
        return {"LD_LIBRARY_PATH": f"{unpacked('rsyslog')}/usr/lib/x86_64-linux-gnu"}


class SyslogNg(Forwarder):
    name = "syslog-ng"
    about = "reliable disk buffer"
    scenarios = ("one sink", "three sinks", "outage")
    lines_per_second = 80_000

    def command(self):
        root = unpacked("syslog-ng-core")
        text = '@version: 3.38\noptions { stats-freq(0); keep-hostname(yes); };\n'
        text += (
            f'source in {{ network(ip("127.0.0.1") port({self.port}) transport("tcp") flags(no-parse)\n'
            "  max-connections(1000) log-fetch-limit(1000) log-iw-size(1000000)); };\n"
        )
        log = ""
        for number, (host, port) in enumerate(self.sinks):
            text += (
                f'destination out{number} {{ network("{host}" port({port}) transport("tcp") template("$MSG\\n")\n'
                f'  time-reopen(1) flush-lines(1000) disk-buffer(reliable(yes) disk-buf-size(4294967296)\n'
                f'  mem-buf-size(67108864) dir("{self.folder}"))); }};\n'
            )
            log += f"destination(out{number}); "
        text += f"log {{ source(in); {log}flags(flow-control); }};\n"
        return [root / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", self.write(text),
                "-R", self.folder / "persist", "-c", self.folder / "control", "-p", self.folder / "pid",
                f"--module-path={root}/usr/lib/syslog-ng/3.38"]  # fmt: skip

    def environment(self):
        root = unpacked("syslog-ng-core")
        return {"LD_LIBRARY_PATH": f"{root}/usr/lib/x86_64-linux-gnu:{root}/usr/lib/syslog-ng:{root}/lib/x86_64-linux-gnu"}


class CarbonRelay(Forwarder):
    name = "carbon-relay"
    about = "graphite-carbon's, in memory, flow control"
    scenarios = ("one sink", "three sinks", "cluster of three", "outage")
    lines_per_second = 15_000

    def command(self):
        destinations = ", ".join(f"{host}:{port}:{number}" for number, (host, port) in enumerate(self.sinks))
        method = "consistent-hashing" if self.cluster else "rules"
        self.write(f"[default]\ndefault = true\ndestinations = {destinations}\n", "rules.conf")
        self.write("[default]\npattern = .*\nretentions = 60s:1d\n", "storage-schemas.conf")
        for name in ("storage", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        self.write(
            f"""[relay]
USER =
STORAGE_DIR = {self.folder}/storage
LOG_DIR = {self.folder}/logs
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {self.port}
PICKLE_RECEIVER_PORT = 0
RELAY_METHOD = {method}
DESTINATIONS = {destinations}
DESTINATION_PROTOCOL = line
MAX_QUEUE_SIZE = 10000000
USE_FLOW_CONTROL = True
LOG_LISTENER_CONNECTIONS = False
CARBON_METRIC_INTERVAL = 0
""",
            "carbon.conf",
        )
        return ["/usr/bin/carbon-relay", "--nodaemon", "--config", self.folder / "carbon.conf",
                "--rules", self.folder / "rules.conf", "--pidfile", self.folder / "pid", "start"]  # fmt: skip


ALL = [CarbonSpool, CarbonCRelay, Rsyslog, SyslogNg, CarbonRelay]
