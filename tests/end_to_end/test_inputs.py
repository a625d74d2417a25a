"""Every way in, and that what goes in comes out byte for byte."""

import os
import resource
import socket
import time

import harness
import points
from harness import connect, destination, half_close, send, wait_until

# As they are sent; normalised they have one blank between fields and a plain LF.
ODD_BUT_GOOD = [
    b"a.b 5 1700000000",
    b"a..b...c 5 1700000000",
    b".leading.dot 1 1700000000",
    b"trailing.dot. 1 1700000000",
    b"with/slash 1 1700000000",
    b'quo"ted.\'path 1 1700000000',
    "grün.größe.日本語.🚢 1 1700000000".encode(),
    b"disk;host=web01;dc=eu 1 1700000000",
    b"disk;b=2;a=1 1 1700000000",
    b"broken;tag 1 1700000000",
    b'name{tag="v"} 1 1700000000',
    b"v.exponent 1e3 1700000000",
    b"v.exponent 1E-3 1700000000",
    b"v.exponent -2.5e+10 1700000000",
    b"v.plus +7 1700000000",
    b"v.minus -0 1700000000",
    b"v.bare .5 1700000000",
    b"v.bare 5. 1700000000",
    b"v.zeros 007.500 1700000000",
    b"v.long 3.14159265358979323846264338327950288 1700000000",
    b"v.tiny 1e-999 1700000000",
    b"v.large 1.7976931348623157e308 1700000000",
    b"t.fraction 1 1700000000.75",
    b"t.dot 1 1700000000.",
    b"t.exponent 1 1.7e9",
    b"t.plus 1 +1700000000",
    b"t.zeros 1 0001700000000",
    b"t.first 1 1",
    b"t.last 1 4294967295",
    b"t.last.fraction 1 4294967295.9",
    b"e" * 250 + b" 1 1700000000",
    (b"p" * 199 + b".") * 20 + b" 1 1700000000",
]


class Collected:
    """Keeps every line."""

    def __init__(self):
        self.data = b""

    def __call__(self, lines):
        self.data += lines

    @property
    def lines(self):
        return self.data.splitlines()


class Inputs(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.collected = Collected()
        self.sink = self.receiver(self.collected).start()

    def start(self, *listen, **keys):
        inputs = [{"type": "graphite", "listen": list(listen) or ["tcp://127.0.0.1:0"], **keys}]
        return self.daemon([destination(self.sink.url)], inputs).start()

    def wait_for(self, *lines):
        wait_until(lambda: len(self.collected.lines) >= len(lines), f"{len(lines)} lines at the destination")
        self.assertEqual(sorted(self.collected.lines), sorted(lines))

    def test_odd_spellings_go_through_byte_for_byte(self):
        daemon = self.start()
        self.assertTrue(send(daemon.listening(), b"\n".join(ODD_BUT_GOOD) + b"\n"))
        wait_until(lambda: len(self.collected.lines) >= len(ODD_BUT_GOOD), "all at the destination")
        self.assertEqual(self.collected.lines, ODD_BUT_GOOD)
        self.assertEqual(daemon.now()["inputs"][0]["rejected_total"], 0)

    def test_blanks_between_fields_become_one_and_line_ends_become_plain(self):
        daemon = self.start()
        sent = b"a.b 1 1700000000\r\n  a.c\t \t2   1700000001 \t\n\ta.d 3 1700000002 \r\n"
        self.assertTrue(send(daemon.listening(), sent))
        self.wait_for(b"a.b 1 1700000000", b"a.c 2 1700000001", b"a.d 3 1700000002")

    def test_points_without_a_time_are_stamped_when_they_are_accepted_and_only_then(self):
        self.sink.die()
        daemon = self.start()
        before = int(time.time())
        self.assertTrue(send(daemon.listening(), b"a 1\nb 2 -1\nc 3 N\nd 4 -1.5\ne 5 \n"))
        after = int(time.time())
        wait_until(lambda: int(time.time()) >= after + 2, "the clock goes on while they wait")
        self.sink.start()
        wait_until(lambda: len(self.collected.lines) >= 5, "all at the destination")
        fields = [line.split(b" ") for line in self.collected.lines]
        self.assertEqual([one[:2] for one in fields],
                         [[b"a", b"1"], [b"b", b"2"], [b"c", b"3"], [b"d", b"4"], [b"e", b"5"]])  # fmt: skip
        for one in fields:
            self.assertRegex(one[2], rb"^\d{10}$")
            self.assertTrue(before <= int(one[2]) <= after, one)

    def test_tcp_over_ipv6(self):
        daemon = self.start("tcp://[::1]:0")
        self.assertTrue(send(daemon.listening(), b"six 6 1700000000\n"))
        self.wait_for(b"six 6 1700000000")

    def test_udp_over_both_families_with_or_without_a_last_newline(self):
        daemon = self.start("udp://127.0.0.1:0", "udp://[::1]:0")
        four, six = [url for url in daemon.now()["inputs"][0]["listen"]]
        connect(four).send(b"one 1 1700000000\ntwo 2 1700000000\nthree 3 1700000000")
        connect(six).send(b"four 4 1700000000\nfive 5\x01 1700000000\n")
        self.wait_for(b"one 1 1700000000", b"two 2 1700000000", b"three 3 1700000000", b"four 4 1700000000")
        self.assertEqual(daemon.now()["inputs"][0]["rejected_total"], 1)

    def test_unix_stream_and_datagram_sockets(self):
        stream, datagram = f"unix://{self.folder}/s.sock", f"unixgram://{self.folder}/d.sock"
        self.start(stream, datagram)
        self.assertTrue(send(stream, b"stream 1 1700000000\n"))
        connect(datagram).send(b"datagram 1 1700000000\ndatagram 2 1700000000")
        self.wait_for(b"stream 1 1700000000", b"datagram 1 1700000000", b"datagram 2 1700000000")

    def test_unix_sockets_are_taken_over_from_a_dead_daemon(self):
        stream = f"unix://{self.folder}/s.sock"
        daemon = self.start(stream)
        daemon.kill()
        daemon.start()
        self.assertTrue(send(stream, b"again 1 1700000000\n"))
        self.wait_for(b"again 1 1700000000")

    def test_several_inputs_each_with_its_own_counts(self):
        inputs = [{"name": name, "type": "graphite", "listen": ["tcp://127.0.0.1:0"]} for name in ("east", "west")]
        daemon = self.daemon([destination(self.sink.url)], inputs).start()
        self.assertTrue(send(daemon.listening(name="east"), b"e 1 1700000000\n"))
        self.assertTrue(send(daemon.listening(name="west"), b"w 1 1700000000\nw 2 1700000000\nbad\n"))
        status = daemon.now()
        east, west = harness.find(status["inputs"], "east"), harness.find(status["inputs"], "west")
        self.assertEqual((east["points_total"], east["rejected_total"]), (1, 0))
        self.assertEqual((west["points_total"], west["rejected_total"]), (2, 1))

    def test_a_client_that_sends_one_byte_at_a_time_is_understood(self):
        daemon = self.start()
        client = connect(daemon.listening())
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"slow.client 1 1700000000\nnext 2 1700000000\n":
            client.send(bytes([byte]))
        self.assertTrue(half_close(client))
        self.wait_for(b"slow.client 1 1700000000", b"next 2 1700000000")

    def test_a_half_close_with_nothing_sent_is_answered(self):
        daemon = self.start()
        self.assertTrue(send(daemon.listening(), b""))

    def test_a_half_close_is_answered_under_every_sync_policy(self):
        for sync in ("always", "1h", "never"):
            with self.subTest(sync):
                daemon = self.daemon([destination(self.sink.url)], name=f"sync-{sync}", queue={"sync": sync}).start()
                self.assertTrue(send(daemon.listening(), b"a 1 1700000000\n"))

    def test_a_half_close_is_not_answered_while_the_points_before_it_are_held_back(self):
        self.sink.die()
        checks = points.CheckList(1_000_000)
        self.sink._take = checks
        daemon = self.daemon([destination(self.sink.url)], queue={"max_size": "16MiB", "when_full": "block"}).start()
        noise = points.Noise(3)
        client = connect(daemon.listening())
        sent = [0]

        def fill():
            while sent[0] < 1_000_000:
                first = sent[0]
                client.sendall(noise.lines(first, first + 1000))
                sent[0] += 1000
                if full:
                    break

        full = False
        filling = harness.Background(fill)
        harness.wait_until_still(lambda: sent[0], 3, "the queue is full")
        full = True
        self.assertLess(sent[0], 1_000_000, "the sender was never held back")

        second = connect(daemon.listening())
        second.sendall(b"last.i00999999 00999999 1700999999\n")
        second.shutdown(socket.SHUT_WR)
        second.settimeout(1)
        with self.assertRaises(TimeoutError, msg="confirmed though nothing can be accepted"):
            second.recv(1)

        self.sink.start()
        filling.finish()
        self.assertTrue(half_close(client))
        second.settimeout(harness.PATIENCE)
        self.assertEqual(second.recv(1), b"")
        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, sent[0])
        self.assert_all_arrived(checks, 999_999, 1_000_000)

    def test_a_death_of_the_daemon_is_a_reset_even_with_nothing_unread(self):
        daemon = self.start()
        client = connect(daemon.listening())
        client.sendall(b"a 1 1700000000\n")
        wait_until(lambda: daemon.now()["inputs"][0]["points_total"] == 1, "the point is accepted")
        daemon.kill()
        with self.assertRaises(ConnectionResetError):
            client.recv(1)

    def test_connections_beyond_the_limit_are_refused_and_the_others_live_on(self):
        daemon = self.start(max_connections=3)
        clients = [connect(daemon.listening()) for _ in range(3)]
        wait_until(lambda: daemon.now()["inputs"][0]["connections"] == 3, "three connections")
        self.assertFalse(self.is_kept(daemon.listening()))
        for number, client in enumerate(clients):
            client.sendall(b"c%d 1 1700000000\n" % number)
            self.assertTrue(half_close(client))
        wait_until(lambda: daemon.now()["inputs"][0]["connections"] == 0, "none is left")
        self.assertTrue(send(daemon.listening(), b"c3 1 1700000000\n"))
        self.wait_for(*(b"c%d 1 1700000000" % number for number in range(4)))


    def is_kept(self, url):
        """False if the connection is ended at once."""
        try:
            return connect(url).recv(1) != b""
        except ConnectionResetError:
            return False


class ManyConnections(harness.EndToEnd):
    def test_ten_thousand_that_idle_in_the_middle_of_a_line_cost_little_and_hurt_nobody(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        checks = points.CheckList(20_000)
        receiver = self.receiver(checks).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        count = min(10_000, hard - 500)
        url = daemon.listening()
        empty = daemon.resident()

        clients = []
        for number in range(count):
            client = connect(url)
            client.sendall(b"load.i%08d %08d 17" % (number, number))
            clients.append(client)
        wait_until(lambda: daemon.now()["inputs"][0]["connections"] == count, f"{count} connections")
        self.assertTrue(send(url, points.plain(10_000, 20_000)), "another client is hurt")
        if not harness.SANITIZED:
            self.assertLess(daemon.resident() - empty, 32 * harness.MIB)
        for number, client in enumerate(clients):
            client.sendall(b"%08d\n" % number)
            client.shutdown(socket.SHUT_WR)
        for client in clients:
            self.assertEqual(client.recv(1), b"")
            client.close()

        daemon.wait_delivered()
        self.assert_all_arrived(checks, 0, count)
        self.assert_all_arrived(checks, 10_000, 20_000)
        wait_until(lambda: daemon.now()["inputs"][0]["connections"] == 0, "all are gone")
        self.assertLess(len(os.listdir(f"/proc/{daemon.pid}/fd")), 500, "descriptors are left over")


if __name__ == "__main__":
    harness.main()
