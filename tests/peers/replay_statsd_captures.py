"""What a real StatsD 0.10.2 was seen to flush and to reply (tests/statsd/captures), from ours, line by line."""

import glob
import json
import os
import re
import tempfile
import unittest

import statsd_peer

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "statsd", "captures")
START = 1_700_000_000_000
# What depends on how fast the machine was.
OF_THE_MACHINE = re.compile(r"(calculationtime|processing_time|flush_time)(\.\w+)? \d+ TS$")
# Lines of `config` that tell of what we do not have, and those that the daemon adds with its addresses.
OTHERS_IN_CONFIG = re.compile(r"(port|mgmt_port|address|mgmt_address|graphite\w*|backends > 0): ")


class Capture:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        config, text = text.split("# config\n")[1].split("# input\n")
        packets, output = text.split("# output lines (TS = flush time, epoch seconds)\n")
        self.config = json.loads(config)
        self.packets = [each.replace("\\n", "\n").encode() for each in packets.splitlines()]
        output, *replies = output.split("\n>> ")
        self.flushes = [each.splitlines()[1:] for each in output.split("--- ")[1:]]
        self.replies = [each.partition("\n")[::2] for each in replies]

    def options(self):
        """StatsD's configuration as our options."""
        ours = {}
        keys = {theirs: mine for mine, theirs in statsd_peer.KEYS.items()}
        graphite_keys = {theirs: mine for mine, theirs in statsd_peer.GRAPHITE_KEYS.items()}
        for key, value in self.config.items():
            if key == "graphite":
                ours.update({graphite_keys[each]: what for each, what in value.items()})
            elif key == "deleteIdleStats":
                ours.update({f"delete_{each}": value for each in ("counters", "timers", "sets", "gauges")})
            elif key != "server":
                ours[keys[key]] = value
        return ours

    def datagrams(self):
        """The packets; of TCP writes what ends in a newline, as the server cuts them."""
        if self.config.get("server") != "./servers/tcp":
            return self.packets
        stream, packets = b"", []
        for write in self.packets:
            stream += write
            if b"\n" in write:
                whole, _, stream = stream.rpartition(b"\n")
                packets.append(whole + b"\n")
        return packets


def run(capture, commands=()):
    options = capture.options()
    # It had flushed once, with nothing, before the packets came.
    script = statsd_peer.Script(START - options["flush_interval"])
    script.at(START)
    script.flush()
    for packet in capture.datagrams():
        script.packet(packet)
    for command in commands:
        script.ask(command)
    flushes = 0 if commands else len(capture.flushes)
    for _ in range(flushes):
        script.at(script.now + options["flush_interval"])
        script.flush()
    with tempfile.TemporaryDirectory() as folder:
        return statsd_peer.ours(folder, options, script)[1:]


def as_captured(line):
    """Our line with TS for its time, and the epoch's time as the capture has it."""
    line = re.sub(r" \d+$", " TS", line)
    line = re.sub(r"(graphiteStats\.last_flush\S*) \d+ ", r"\1 <epoch> ", line)
    return OF_THE_MACHINE.sub(r"\1\2 MS TS", line)


class Captures(unittest.TestCase):
    def compare_flushes(self, name):
        capture = Capture(os.path.join(FOLDER, name))
        ours = run(capture)
        self.assertEqual(len(capture.flushes), len(ours))
        for theirs, mine in zip(capture.flushes, ours):
            self.assertGreater(len(theirs), 10)
            self.assertEqual([OF_THE_MACHINE.sub(r"\1\2 MS TS", each) for each in theirs],
                             [as_captured(each) for each in mine.splitlines()])

    def test_the_legacy_namespace(self):
        self.compare_flushes("statsd-legacy-namespace.txt")

    def test_the_new_namespace(self):
        self.compare_flushes("statsd-new-namespace.txt")

    def test_custom_prefixes(self):
        self.compare_flushes("statsd-custom-prefixes.txt")

    def test_idle_names_deleted(self):
        self.compare_flushes("statsd-delete-idle.txt")

    def test_fragments_over_tcp(self):
        self.compare_flushes("statsd-tcp-fragments.txt")

    def test_the_flush_after_deletions_by_the_console(self):
        capture = Capture(os.path.join(FOLDER, "statsd-management.txt"))
        options = capture.options()
        script = statsd_peer.Script(START)
        script.flush()
        for packet in capture.packets:
            script.packet(packet)
        for command in ("delcounters a.*", "deltimers t1", "delgauges g1"):
            script.ask(command)
        script.at(START + 2000)
        script.flush()
        with tempfile.TemporaryDirectory() as folder:
            ours = statsd_peer.ours(folder, options, script)[-1]
        self.assertEqual([OF_THE_MACHINE.sub(r"\1\2 MS TS", each) for each in capture.flushes[0]],
                         [as_captured(each) for each in ours.splitlines()])

    def test_the_consoles_replies(self):
        capture = Capture(os.path.join(FOLDER, "statsd-management.txt"))
        self.assertEqual(17, len(capture.replies))
        ours = run(capture, [command for command, _ in capture.replies])
        for (command, theirs), mine in zip(capture.replies, ours):
            with self.subTest(command):
                # The capture has an empty line behind each reply.
                theirs = theirs if theirs.endswith("\n") else theirs + "\n"
                self.assertEqual(self.comparable(command, theirs).rstrip("\n"),
                                 self.comparable(command, mine).rstrip("\n"))

    @staticmethod
    def comparable(command, reply):
        if command == "stats":
            # Ages, and the epoch where nothing has gone wrong yet.
            return re.sub(r"(uptime|last_flush|last_exception): \d+", r"\1: N", reply)
        if command == "config":
            kept = [each for each in reply.splitlines() if not OTHERS_IN_CONFIG.match(each)]
            names = ("flushInterval", "gaugesMaxTTL", "delete")
            return "\n".join(sorted(each for each in kept if each.startswith(names)))
        return reply

    def test_every_capture_is_compared(self):
        self.assertEqual(6, len(glob.glob(os.path.join(FOLDER, "statsd-*.txt"))))


if __name__ == "__main__":
    unittest.main()
