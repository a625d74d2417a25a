"""Bad lines are refused, each under its reason, and cost no good one."""

import itertools

import harness
import points
from harness import Background, connect, destination, half_close, wait_until

BAD = {
    "no_value": [b"", b"   ", b"\r", b"\t", b"only.a.path", b"  padded.path  "],
    "too_many_fields": [b"a.b 1 1700000000 x", b"a b c d e f", b"a.b 1 1700000000 1700000000\r"],
    "bad_encoding": [b"a\x01b 1 1700000000", b"a.b 1\x00 1700000000", b"\x1b[31m 1 1700000000", b"a.\xff 1 1700000000",
                     b"a.\xc3( 1 1700000000", b"a.\xc0\xaf 1 1700000000", b"a.\xed\xa0\x80 1 1700000000",
                     b"a.\xf5\x80\x80\x80 1 1700000000", b"a.\xe2\x82 1 1700000000"],
    "path_too_long": [b"e" * 251 + b" 1 1700000000", b"a." + b"e" * 251 + b".b 1 1700000000",
                      (b"p" * 199 + b".") * 20 + b"x 1 1700000000"],
    "bad_value": [b"a.b x 1700000000", b"a.b 0x10 1700000000", b"a.b 1_000 1700000000", b"a.b nan 1700000000",
                  b"a.b inf 1700000000", b"a.b -Infinity 1700000000", b"a.b 1e999 1700000000", b"a.b --1 1700000000",
                  b"a.b 1,5 1700000000", b"a.b 1e 1700000000", b"a.b . 1700000000", b"a.b +-1 1700000000"],
    "bad_timestamp": [b"a.b 1 x", b"a.b 1 0", b"a.b 1 0.9", b"a.b 1 -2", b"a.b 1 -1700000000", b"a.b 1 4294967296",
                      b"a.b 1 nan", b"a.b 1 inf", b"a.b 1 0x65530000", b"a.b 1 1_700_000_000", b"a.b 1 1e400",
                      b"a.b 1 NN"],
}  # fmt: skip
TOO_LONG = [b"long.line 1 1700000000" + b" " * 16363, b"x" * 16385, b"y" * 40000]
EVERY_LONG = 40  # one in so many bad lines is a long one: they are big
CONNECTIONS = 64


class BadLines(harness.EndToEnd):
    def test_each_bad_line_is_refused_under_its_own_reason(self):
        receiver = self.receiver(points.CheckList(1000)).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        url = daemon.listening()
        for reason, lines in {**BAD, "line_too_long": TOO_LONG}.items():
            for line in lines:
                before = daemon.now()["inputs"][0]
                self.assertTrue(harness.send(url, line + b"\n"), line[:60])
                after = daemon.now()["inputs"][0]
                grown = {key: count - before["rejected"].get(key, 0) for key, count in after["rejected"].items()}
                grown = {key: count for key, count in grown.items() if count}
                with self.subTest(reason=reason, line=line[:60]):
                    self.assertEqual((grown, after["points_total"]), ({reason: 1}, before["points_total"]))

    def test_a_last_line_without_its_end_is_refused_however_the_stream_ends(self):
        checks = points.CheckList(1000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        url = daemon.listening()
        half_line = b"half.a.line 1 1700000000"
        self.assertTrue(harness.send(url, points.plain(0, 10) + half_line))
        client = connect(url)
        client.sendall(points.plain(10, 20) + half_line)
        client.close()
        wait_until(lambda: daemon.now()["inputs"][0]["rejected"].get("unterminated") == 2, "both are refused")
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, 20)
        self.assertEqual(checks.total, 20)

    def test_good_lines_at_the_very_limits_are_taken(self):
        checks = []
        receiver = self.receiver(checks.append).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        filled = b"a.b" + b" " * (16384 - len(b"a.b1 1700000000")) + b"1 1700000000"
        self.assertEqual(len(filled), 16384)
        crlf = b"a.c" + b" " * (16383 - len(b"a.c2 1700000000")) + b"2 1700000000\r"
        self.assertTrue(harness.send(daemon.listening(), filled + b"\n" + crlf + b"\n"))
        daemon.wait_delivered()
        self.assertEqual(b"".join(checks), b"a.b 1 1700000000\na.c 2 1700000000\n")

    def test_among_many_lines_from_64_connections_exactly_the_good_ones_arrive(self):
        total = harness.sized(1_000_000, 1_000_000, 150_000)
        share = total // CONNECTIONS
        checks = points.CheckList(total)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        url = daemon.listening()
        expected = dict.fromkeys([*BAD, "line_too_long"], 0)
        expected["unterminated"] = CONNECTIONS
        bad = self.endless_bad_lines()
        parts = [self.mixed(first, first + share, bad, expected) for first in range(0, share * CONNECTIONS, share)]
        good = sum(count for _, count in parts)

        clients = [connect(url) for _ in parts]
        senders = [
            Background(lambda client=client, data=data: self.send_all(client, data))
            for client, (data, _) in zip(clients, parts)
        ]
        for sender in senders:
            sender.finish()

        status = daemon.now()
        self.assertEqual(status["inputs"][0]["points_total"], good)
        self.assertEqual({key: count for key, count in status["inputs"][0]["rejected"].items() if count}, expected)
        self.assertEqual(status["inputs"][0]["rejected_total"], sum(expected.values()))
        self.assertGreater(min(expected.values()), 10)
        daemon.wait_delivered()
        self.assertEqual((checks.strange, checks.strange_examples), (0, []))
        self.assertEqual((checks.unique, checks.total), (good, good))
        self.assert_adds_up(daemon.now())

    def send_all(self, client, data):
        for at in range(0, len(data), 1 << 20):
            client.sendall(data[at : at + (1 << 20)])
        if not half_close(client):
            raise AssertionError("not confirmed")

    def endless_bad_lines(self):
        """(reason, line) in turn: every kind, and a long one now and then."""
        kinds = itertools.cycle([(reason, line) for reason, lines in BAD.items() for line in lines])
        long_ones = itertools.cycle(TOO_LONG)
        for count in itertools.count(1):
            yield ("line_too_long", next(long_ones)) if count % EVERY_LONG == 0 else next(kinds)

    def mixed(self, first, last, bad, expected):
        """Lines first … last-1, every tenth of them bad, half a line at the end; and how many are good."""
        pieces = []
        good = 0
        for ten in range(first, last, 10):
            reason, line = next(bad)
            expected[reason] += 1
            until = min(ten + 9, last)
            pieces += (points.plain(ten, until), line, b"\n")
            good += until - ten
        pieces.append(b"load.i0000")
        return b"".join(pieces), good


if __name__ == "__main__":
    harness.main()
