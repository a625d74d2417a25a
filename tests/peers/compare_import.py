"""Imported configurations against the real carbon-c-relay that reads the originals: `check` takes what
`import` makes of them, and every name goes to the same servers under the same name."""

import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import compare_carbon_c_relay
import import_styles
import route_names

PROGRAM = os.environ.get("CARBON_SPOOL", "carbon-spool")
NAMES = 1_000 if route_names.SANITIZED else 10_000


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, check=False, text=True, **more)


class Imported:
    """What carbon-spool makes of one configuration, and where it would send names."""

    def __init__(self, folder, file, notes):
        done = run("import", file)
        said = done.stderr.splitlines()
        assert done.returncode == (1 if notes else 0), (done.returncode, done.stderr)
        assert len(said) == len(notes), done.stderr
        for line, note in zip(said, notes):
            assert line.startswith(f"{folder}/{note}"), (line, note)
            assert f"# NOT AS IT WAS: {line}\n" in done.stdout, line
        self.config = tomllib.loads(done.stdout)
        # A queue that may be made there.
        local = f'[queue]\npath = "{folder}/queue"\n[admin]\nsocket = "{folder}/admin"\n[[input]]\nname="test"\nlisten = []\n'
        self.file = Path(folder) / "carbon-spool.toml"
        self.file.write_text(local.split("[[input]]")[0] + done.stdout)
        self.check()

    def check(self):
        checked = run("check", "--config", self.file)
        assert checked.returncode == 0, checked.stderr

    def places(self):
        return {
            one["name"]: re.fullmatch(r"tcp://\[?(.*?)\]?:(\d+)", one["address"]).groups()
            for one in self.config["destination"]
        }

    def route(self, names):
        """For each name {(host, port): the name it gets}."""
        said = run("route", "--config", self.file, input="".join(f"{name}\n" for name in names))
        assert said.returncode == 0, said.stderr
        places = {name: (host, int(port)) for name, (host, port) in self.places().items()}
        answers = []
        for line in said.stdout.splitlines():
            name, *targets = line.split("\t")
            # Of a cluster that shares a reader, the member that gets it while all are up: `cluster/member`.
            answers.append(
                {target.split(" as ")[0].rpartition("/")[2]: target.partition(" as ")[2] or name for target in targets}
            )
        assert len(answers) == len(names)
        return [{places[target]: sent for target, sent in answer.items()} for answer in answers]


class Original:
    """The same configuration for carbon-c-relay, with a socket for the test."""

    def __init__(self, file, expected):
        self._file = file
        self._lines = sum(map(len, expected))

    def config(self, listen):
        return f"listen type linemode {listen} proto unix ;\ninclude {self._file} ;\n"

    def lines(self, _names):
        return self._lines


def received(servers, count):
    """For each name {(host, port): the names that came there}."""
    got = [{} for _ in range(count)]
    for place, pieces in servers.got.items():
        for line in b"".join(pieces).decode().splitlines():
            name, index, _ = line.rsplit(" ", 2)
            got[int(index)].setdefault(place, set()).add(name)
    return got


def write_files(folder, files, servers):
    def put_in(text):
        text = re.sub(r"\bP([0-3])\b", lambda found: str(servers.ports[int(found[1])]), text)
        text = re.sub(r"\bS([0-3])\b", lambda found: str(servers.ports6[int(found[1])]), text)
        return text.replace("DIR", folder)

    for name, text in files.items():
        file = Path(folder) / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(put_in(text))
    return Path(folder) / next(iter(files))


def compare(style, names, servers):
    """How many names differ; prints some of them."""
    what, files, notes = style
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        file = write_files(folder, files, servers)
        os.chdir(folder)  # from where carbon-c-relay takes relative paths
        ours = Imported(folder, file, notes).route(names)
        compare_carbon_c_relay.run_relay(Original(file, ours), names, servers)
        theirs = received(servers, len(names))
        os.chdir("/")
    different = 0
    for name, we, they in zip(names, ours, theirs):
        if {place: {sent} for place, sent in we.items()} != they:
            different += 1
            if different <= 5:
                print(f"  {name!r}: they {they}, we {we}")
    lines = sum(map(len, ours))
    print(f"{what}: {len(names)} names, {lines} lines, {different} differences, {time.monotonic() - began:.1f} s")
    return different


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260101
    names = route_names.make_names(NAMES, seed)
    servers = compare_carbon_c_relay.Servers()
    chosen = [style for style in import_styles.STYLES if len(sys.argv) < 3 or sys.argv[2] in style[0]]
    return 1 if any([compare(style, names, servers) for style in chosen]) else 0


if __name__ == "__main__":
    sys.exit(main())
