"""Pickles in, lines out: every protocol, what no pickle may do, and Debian's carbon-relay in front."""

import pickle
import signal
import struct
import time

import harness
import points
from carbon_programs import CarbonRelay
from harness import MIB, connect, destination, half_close, send, wait_until

FLAT = 48 * MIB  # more memory than any number of hostile pickles may take together
PER_SECOND = 100_000
SECONDS = harness.sized(5, 60, 2)


def frame(data):
    return struct.pack(">I", len(data)) + data


def pickled(items, protocol=2):
    return frame(pickle.dumps(items, protocol))


class PythonTwo:
    """Pickles as Python 2's cPickle makes them: texts as bytes, long integers, its own memo numbers."""

    def __init__(self, protocol):
        self._protocol = protocol
        self._memo = 0

    def frame(self, items):
        self._memo = 0
        body = b"".join(self._item(*item) + b"a" for item in items)
        empty = b"(l" if self._protocol == 0 else b"]"
        head = b"\x80\x02" if self._protocol == 2 else b""
        return frame(head + empty + self._put() + body + b".")

    def _item(self, path, timestamp, value):
        inner = self._tuple(self._number(timestamp) + self._number(value))
        return self._tuple(self._text(path) + inner)

    def _tuple(self, content):
        if self._protocol == 2:
            return content + b"\x86" + self._put()
        return b"(" + content + b"t" + self._put()

    def _text(self, text):
        data = text.encode()
        if self._protocol == 0:
            return b"S" + repr(data)[1:].encode() + b"\n" + self._put()
        return b"U" + bytes([len(data)]) + data + self._put()

    def _number(self, number):
        if isinstance(number, float):
            return b"F%b\n" % repr(number).encode() if self._protocol == 0 else b"G" + struct.pack(">d", number)
        if self._protocol == 2 and number >= 1 << 31:
            data = number.to_bytes((number.bit_length() + 8) // 8, "little")
            return b"\x8a" + bytes([len(data)]) + data
        if number >= 1 << 31 or self._protocol == 0:
            return b"L%dL\n" % number if number >= 1 << 31 else b"I%d\n" % number
        return b"J" + struct.pack("<i", number)

    def _put(self):
        self._memo += 1
        return b"p%d\n" % self._memo if self._protocol == 0 else b"q" + bytes([self._memo])


class Command:
    """What runs a command where a pickle is trusted."""

    def __init__(self, file):
        self._file = file

    def __reduce__(self):
        return (open, (str(self._file), "w"))


class Pickles(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.lines = []
        self.sink = self.receiver(self.lines.append).start()
        self.to = [destination(self.sink.url)]
        self.port = self.reserved_port()
        self.inputs = [{"type": "pickle", "listen": [self.port.url, f"unix://{self.folder}/pickle.sock"]}]
        self.spool = self.daemon(self.to, self.inputs).start()

    def input(self):
        return harness.find(self.spool.now()["inputs"], "pickle")

    def rejected(self):
        return {reason: count for reason, count in self.input()["rejected"].items() if count}

    def delivered(self):
        self.spool.wait_delivered()
        return b"".join(self.lines).decode().splitlines()

    def test_every_protocol_of_python_3_on_tcp_and_unix_sockets(self):
        expected = []
        for number, url in enumerate((self.port.url, f"unix://{self.folder}/pickle.sock")):
            for protocol in range(6):
                name = f"p{protocol}.u{number}"
                data = [
                    (f"{name}.größe", (1700000000, 0.1)),
                    [f"{name}.lists", [1700000000.75, 3]],
                    (f"{name}.text", ("1700000001", "8.50")),
                    (f"{name}.large", (1700000002, 2**64 + 1)),
                ]
                if protocol >= 3:  # before, Python 3 pickles bytes as a call
                    data.append((f"{name}.bytes".encode(), (1700000003, 1 / 3)))
                    expected.append(f"{name}.bytes 0.3333333333333333 1700000003")
                self.assertTrue(send(url, pickled(data, protocol)))
                expected += [f"{name}.größe 0.1 1700000000", f"{name}.lists 3 1700000000.75",
                             f"{name}.text 8.50 1700000001", f"{name}.large 18446744073709551617 1700000002"]  # fmt: skip
        self.assertEqual(sorted(self.delivered()), sorted(expected))
        self.assertEqual(self.rejected(), {})
        self.assertEqual(self.input()["type"], "pickle")
        self.assert_adds_up(self.spool.now())

    def test_pickles_as_python_2_makes_them(self):
        items = [("a.b", 1700000000, 5.5), ("größe", 1700000001, 2**40), ("it's", 3000000000, 0.1), ("c", 1700000002, 7)]
        frames = [PythonTwo(protocol).frame(items) for protocol in (0, 1, 2)]
        for one in frames:  # of Python's own word
            found = pickle.loads(one[4:], encoding="utf-8")
            self.assertEqual(found, [(path, (timestamp, value)) for path, timestamp, value in items])
        self.assertTrue(send(self.port.url, b"".join(frames)))
        expected = ["a.b 5.5 1700000000", "größe 1099511627776 1700000001", "it's 0.1 3000000000", "c 7 1700000002"]
        self.assertEqual(self.delivered(), expected * 3)

    def test_a_good_item_beside_a_bad_one_is_kept(self):
        data = [
            ("good.1", (1700000000, 1)), ("bad", (1700000000, "x")), ("bad", (1700000000, float("nan"))),
            ("bad", (1700000000, float("inf"))), ("bad", (1700000000, None)), ("bad", (0, 1)), ("bad", (None, 1)),
            ("bad name", (1700000000, 1)), ("bad\n", (1700000000, 1)), ("", (1700000000, 1)), ("e" * 251, (1700000000, 1)),
            ("bad", 1), ("bad", (1700000000, 1, 2)), None, 5, "bad", ("x" * 20_000, (1700000000, 1)), ("good.2", (-1, 2)),
        ]  # fmt: skip
        before = int(time.time())
        self.assertTrue(send(self.port.url, pickled(data)))
        one, two = self.delivered()
        self.assertEqual((one, two[:9]), ("good.1 1 1700000000", "good.2 2 "))
        self.assertTrue(before <= int(two.split()[2]) <= int(time.time()))
        self.assertEqual(self.rejected(), {
            "bad_value": 4, "bad_timestamp": 2, "too_many_fields": 1, "bad_encoding": 1, "no_value": 1,
            "path_too_long": 1, "bad_item": 5, "line_too_long": 1,
        })  # fmt: skip

    def test_hostile_pickles_are_refused_and_the_connection_goes_on(self):
        """Each is counted under its own reason, costs no memory, and does nothing."""
        victim = self.folder / "victim"
        deep = []
        for _ in range(200):
            deep = [deep]
        hostile = {
            "unsafe_pickle": [pickled([("a", (1, Command(victim)))], protocol) for protocol in range(6)]
            + [frame(b"cos\nsystem\n(S'touch %b'\ntR." % str(victim).encode())],
            "pickle_too_large": [
                pickled(deep),
                frame(b"(" * 1_000_000 + b"."),
                frame(b")" + b"\x85" * 1_000_000 + b"."),
                frame(b"]" + b"]" * 1000 + b"a" * 1000 + b"."),
                frame(b"]" + b"\x94" * 1_000_000 + b"."),  # a memo without end
                frame(b"]r\xff\xff\xff\xff."),  # a place of the memo that would take 64 GiB
                frame(b"](" + b"N" * 1_000_000 + b"e."),
                # one name of 16 KiB for 100,000 points
                frame(b"](X\x00\x3e\x00\x00" + b"n;t=" + b"x" * 15_868 + b"K\x01K\x02\x86\x86q\x01" + b"h\x01" * 100_000 + b"e."),
            ],
            "bad_pickle": [
                frame(b""), frame(b"nonsense"), pickled({"a": 1}), pickled({1, 2}, 4), frame(b"]X\xff\xff\xff\xff."),
                frame(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), frame(b"](K\x01"), pickled([("a", (1, bytearray(b"1")))], 5),
            ],
            "frame_too_long": [frame(b"(" * (MIB + 1))],
        }  # fmt: skip
        good = 0
        memory = None
        for round_ in range(harness.sized(8, 40, 2)):
            for reason, frames in hostile.items():
                before = self.input()
                client = connect(self.port.url)
                for one in frames:
                    client.sendall(one + pickled([(f"good.{good}", (1700000000, 1))]))
                    good += 1
                self.assertTrue(half_close(client))
                after = self.input()
                self.assertEqual(after["rejected"][reason] - before["rejected"][reason], len(frames), reason)
                self.assertEqual(after["rejected_total"] - before["rejected_total"], len(frames), reason)
            if round_ == 1:
                memory = self.spool.resident()
        if not harness.SANITIZED:
            self.assertLess(self.spool.resident() - memory, FLAT)
        self.assertFalse(victim.exists())
        delivered = self.delivered()
        self.assertEqual(sum(line.startswith("good.") for line in delivered), good)
        self.assertIn("unsafe_pickle", self.spool.log_text())

    def test_a_length_of_four_gibibytes_ends_the_connection_and_takes_no_memory(self):
        before = self.spool.resident()
        for number in range(20):
            client = connect(self.port.url)
            client.sendall(pickled([(f"good.{number}", (1700000000, 1))]) + b"\xff\xff\xff\xff" + b"x" * 100_000)
            with self.assertRaises(ConnectionError):
                while client.recv(1):
                    pass
                raise AssertionError("it was closed in order")
        client = connect(self.port.url)
        client.sendall(b"plain.text 1 1700000000\n")  # sent to the wrong port: 1.9 GB of a frame
        self.assertFalse(half_close(client))
        self.assertEqual(self.rejected(), {"frame_too_long": 21})
        self.assertEqual(len(self.delivered()), 20)
        if not harness.SANITIZED:
            self.assertLess(self.spool.resident() - before, FLAT)

    def test_a_frame_that_is_cut_by_the_end_of_its_stream_is_counted_and_logged(self):
        whole = pickled([("cut", (1700000000, 1))])
        good = pickled([("good", (1700000000, 1))])
        self.assertTrue(send(self.port.url, good + whole[:-1]))
        self.assertTrue(send(self.port.url, good + whole[:3]))
        client = connect(self.port.url)
        client.sendall(good + whole[:10])
        client.close()
        wait_until(lambda: self.rejected() == {"unterminated": 3}, "all three are refused")
        self.assertEqual(self.delivered(), ["good 1 1700000000"] * 3)
        self.assertIn("unterminated", self.spool.log_text())
        self.spool.terminate()
        self.spool.start()
        self.assertEqual(self.rejected(), {"unterminated": 3})

    def test_half_sent_frames_of_many_connections_take_bounded_memory_and_hurt_no_lines(self):
        self.spool.terminate()
        line_port = self.reserved_port()
        self.inputs.append({"type": "graphite", "listen": [line_port.url]})
        self.spool.configure(self.to, self.inputs)
        self.spool.start()
        slow = connect(line_port.url)
        slow.sendall(b"half.a.line 1 17")
        before = self.spool.resident()
        half = struct.pack(">I", MIB) + b"(" * (MIB - 1000)
        clients = []
        for _ in range(harness.sized(200, 1000, 100)):
            clients.append(connect(self.port.url))
            clients[-1].sendall(half)
        wait_until(lambda: self.input()["fragments_cut_total"] > 0, "some are cut")
        if not harness.SANITIZED:
            self.assertLess(self.spool.resident() - before, 64 * MIB + FLAT)
        self.assertTrue(send(self.port.url, pickled([("good", (1700000000, 1))])))
        slow.sendall(b"00000000\n")
        self.assertTrue(half_close(slow))
        self.assertEqual(sorted(self.delivered()), ["good 1 1700000000", "half.a.line 1 1700000000"])
        for client in clients:
            client.close()

    def test_a_death_of_the_daemon_is_a_reset_even_with_nothing_unread(self):
        client = connect(self.port.url)
        client.sendall(pickled([("a", (1700000000, 1))]))
        wait_until(lambda: self.input()["points_total"] == 1, "the point is accepted")
        self.spool.kill()
        with self.assertRaises(ConnectionResetError):
            client.recv(1)
        self.spool.start()
        self.assertEqual(set(self.delivered()), {"a 1 1700000000"})  # it may be sent again

    def test_inputs_of_pickle_come_and_go_with_a_reload_but_do_not_turn_into_another(self):
        second = self.reserved_port()
        stays = connect(self.port.url)
        stays.sendall(pickled([("stays.1", (1700000000, 1))])[:20])
        more = {"name": "more", "type": "pickle", "listen": [second.url]}
        self.spool.configure(self.to, [*self.inputs, more])
        self.reload("reloaded")
        self.assertTrue(send(second.url, pickled([("more", (1700000000, 1))])))
        self.spool.configure(self.to, [*self.inputs, {**more, "type": "graphite"}])
        self.reload("a change of input.type needs a restart")
        self.spool.configure(self.to, self.inputs)
        self.reload("reloaded")
        with self.assertRaises(ConnectionRefusedError):
            connect(second.url)
        stays.sendall(pickled([("stays.1", (1700000000, 1))])[20:])
        self.assertTrue(half_close(stays))
        self.assertEqual(sorted(self.delivered()), ["more 1 1700000000", "stays.1 1 1700000000"])

    def reload(self, expect):
        before = self.spool.log_text().count("reloaded")
        self.spool.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.spool.log_text().count("reloaded") > before, "the reload is over")
        self.assertIn(expect, [line for line in self.spool.log_text().splitlines() if "reloaded" in line][-1])


class Relayed(harness.EndToEnd):
    """Debian's carbon-relay with a pickle destination: what it takes comes out at the other end."""

    FIRST = 10_000_000  # of eight digits, so that a number reads the same in path, value and timestamp

    def setUp(self):
        super().setUp()
        self.total = PER_SECOND * SECONDS
        self.checks = points.CheckList(self.FIRST + self.total + 1000)
        self.sink = self.receiver(self.checks).start()
        port = self.reserved_port()
        self.spool = self.daemon([destination(self.sink.url)], [{"type": "pickle", "listen": [port.url]}]).start()
        self.lines, self.pickles = self.reserved_port(), self.reserved_port()
        self.relay = CarbonRelay(self.folder / "relay", self.lines, self.pickles, port.url)
        self.close_later(self.relay.stop)
        self.relay.start()

    def test_a_flood_through_carbon_relay_arrives_whole(self):
        # Its lines and pickles in are carbon's own business; both end as pickles of its own making.
        by_line = connect(self.lines.url)
        by_line.sendall(b"".join(b"l.i%d %d 17%d\n" % (n, n, n) for n in range(self.FIRST, self.FIRST + 1000)))
        by_pickle = connect(self.pickles.url)
        tenth = PER_SECOND // 10
        begin = time.monotonic()
        for number in range(10 * SECONDS):
            first = self.FIRST + 1000 + number * tenth
            for at in range(first, first + tenth, 1000):
                by_pickle.sendall(
                    pickled([("load.i%d" % n, (1_700_000_000 + n, float(n))) for n in range(at, at + 1000)])
                )  # fmt: skip
            # The load is to last; where the machine is slower, it takes as long as it takes.
            time.sleep(max(0.0, begin + (number + 1) / 10 - time.monotonic()))
        last = self.FIRST + 1000 + self.total
        wait_until(lambda: self.spool.now()["inputs"][0]["points_total"] == 1000 + self.total,
                   "all is accepted", 2 * harness.PATIENCE + 4 * SECONDS)  # fmt: skip
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, self.FIRST, last)
        status = self.spool.now()
        self.assertEqual(status["inputs"][0]["rejected_total"], 0)
        self.assert_adds_up(status)


if __name__ == "__main__":
    harness.main()
