"""The real StatsD sends pickles to our input: what we deliver is what it sends as text, name by name, digit by digit."""

import contextlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import statsd_peer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))

import harness  # noqa: E402
from harness import connect, destination, wait_until  # noqa: E402

# One datagram, so that all of it is of one flush.
PACKET = "\n".join(
    ["gorets:1|c", "gorets:1|c|@0.1", "third:1|c|@0.3", "large:123456789012345678901|c", "tiny:1e-9|c", "gaugor:333|g",
     "gaugor:-10.25|g", "gaugor:+4|g", "below:-5|g", "huge:1e300|g", "uniques:765|s", "uniques:it's|s",
     "tagged:2|c|#env:prod,host:a", "naïve/path here:1|c", *(f"glork:{ms}|ms" for ms in (320, 100, 200, 0.1, 50, 33.3)),
     *(f"many.n{number}:{number / 7}|g" for number in range(1000))]
).encode()  # fmt: skip
INTERVAL_SECONDS = 2  # so that no two flushes have the same timestamp, even if one is late
LAST_OF_A_FLUSH = "stats.statsd.graphiteStats.flush_length "
SENT = re.compile(r"stats_counts\.gorets 11$")
OF_THE_MACHINE = re.compile(
    r"(.*\.(calculationtime|processing_time|flush_time|flush_length|last_flush|last_exception|timestamp_lag)) \S+"
)


class Statsd:
    """The real one, on ports that the kernel chooses."""

    def __init__(self, folder, installed, graphite):
        config = {"port": "0", "address": "127.0.0.1", "mgmt_address": "127.0.0.1", "mgmt_port": "0",
                  "flushInterval": INTERVAL_SECONDS * 1000, "graphiteHost": "127.0.0.1", **graphite}  # fmt: skip
        file = statsd_peer.write(folder, "statsd.js", json.dumps(config))
        self._log = (folder / "statsd.log").open("ab")
        program = os.path.join(installed, "stats.js")
        self._process = harness.spawn(["node", program, file], self._log, self._log)
        self.url = "udp://127.0.0.1:%d" % wait_until(self._port, "StatsD listens")

    def _port(self):
        if self._process.poll() is not None:
            raise AssertionError(Path(self._log.name).read_text())
        folder = Path(f"/proc/{self._process.pid}")
        inodes = set()
        for each in (folder / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it is closed again
                inodes.update(re.findall(r"^socket:\[(\d+)\]$", os.readlink(each)))
        for line in (folder / "net" / "udp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                return int(fields[1].partition(":")[2], 16)
        return None

    def stop(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()


class Flushes:
    """Lines as they come, by their timestamps: each flush has its own, and its connections overlap."""

    def __init__(self):
        self.whole = []
        self._lines = {}

    def __call__(self, data):
        for line in data.decode().splitlines():
            point, _, timestamp = line.rpartition(" ")
            self._lines.setdefault(timestamp, []).append(point)
            if line.startswith(LAST_OF_A_FLUSH):
                self.whole.append(self._lines.pop(timestamp))


class StatsdPickles(harness.EndToEnd):
    def flushed(self, installed, graphite, flushes):
        """The flush that has the packet in it, and the next."""
        statsd = Statsd(self.folder, installed, graphite)
        self.close_later(statsd.stop)
        # What tells of the flush before is there from the second on.
        wait_until(lambda: len(flushes.whole) >= 2, "it flushes")
        client = connect(statsd.url)
        client.send(PACKET)

        def both():
            having = [number for number, lines in enumerate(flushes.whole) if any(SENT.match(line) for line in lines)]
            return having and flushes.whole[having[0] : having[0] + 2]

        found = wait_until(lambda: both() if len(both()) == 2 else None, "the packet is flushed")
        client.close()
        statsd.stop()
        # Of what the machine is the cause, there remain the names.
        return [[OF_THE_MACHINE.sub(r"\1", line) for line in lines] for lines in found]

    def test_pickles_bring_what_text_brings(self):
        installed = statsd_peer.install(str(self.folder / "npm"))
        plain = Flushes()
        receiver = self.receiver(plain).start()
        text = self.flushed(installed, {"graphitePort": int(receiver.url.rpartition(":")[2])}, plain)
        receiver.close()

        delivered = Flushes()
        port = self.reserved_port()
        # One connection after the other, so that lines arrive in order.
        to = [destination(self.receiver(delivered).start().url, replay="oldest_first")]
        spool = self.daemon(to, [{"type": "pickle", "listen": [port.url]}]).start()
        graphite = {"graphiteProtocol": "pickle", "graphitePicklePort": port.number}
        pickled = self.flushed(installed, graphite, delivered)

        self.assertEqual(text, pickled)
        self.assertGreater(len(text[0]), 1000)
        for line in ("stats.gorets 5.5", "stats_counts.gorets 11", "stats.timers.glork.upper_90 200", "stats.gauges.gaugor 326.75",
                     "stats.gauges.huge 1e+300", "stats_counts.large 123456789012345680000", "stats_counts.tiny 1e-9",
                     "stats.sets.uniques.count 2"):  # fmt: skip
            self.assertIn(line, pickled[0])
        status = spool.now()
        self.assertEqual(status["inputs"][0]["rejected_total"], 0)
        self.assert_adds_up(status)


if __name__ == "__main__":
    harness.main()
