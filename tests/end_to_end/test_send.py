"""`carbon-spool send`: what it sends, and that its exit code tells whether the peer confirmed it."""

import socket
import subprocess
import threading
import time

import harness
import peers
import points
from harness import destination, wait_until

GOOD, UNCONFIRMED, BAD_USAGE = 0, 1, 2


class Server:
    """Accepts one connection, reads to its end and then ends it in the way that it is given."""

    def __init__(self, ending):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "tcp://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.data = b""
        self._ending = ending
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        connection, _ = self._listener.accept()
        self._listener.close()
        self._ending(self, connection)

    def read(self, connection):
        while data := connection.recv(1 << 16):
            self.data += data

    def finish(self):
        self._thread.join(harness.PATIENCE)


class Send(harness.EndToEnd):
    def send(self, *arguments, lines=None):
        """Runs it; its exit code and what it said on standard error. `lines`: on standard input."""
        command = [harness.PROGRAM, "send", *map(str, arguments)]
        keys = {"stdin": subprocess.DEVNULL} if lines is None else {"input": lines}
        done = subprocess.run(command, **keys, capture_output=True, timeout=harness.PATIENCE, check=False)
        self.assertEqual(done.stdout, b"")
        return done.returncode, done.stderr.decode()

    def spool(self, *listen):
        self.taken = []
        sink = self.receiver(self.taken.append).start()
        inputs = [{"type": "graphite", "listen": list(listen) or ["tcp://127.0.0.1:0"]}]
        return self.daemon([destination(sink.url)], inputs).start()

    def delivered(self, spool):
        spool.wait_delivered()
        return b"".join(self.taken).decode().splitlines()

    def test_points_from_arguments_are_confirmed(self):
        spool = self.spool("tcp://127.0.0.1:0", f"unix://{self.folder}/in.sock")
        before = int(time.time())
        self.assertEqual(self.send(spool.listening(), "a.b 1.50 1700000000", "a.c\t2"), (GOOD, ""))
        self.assertEqual(self.send(f"unix://{self.folder}/in.sock", "a.d 3 1700000001"), (GOOD, ""))
        first, now, third = self.delivered(spool)
        self.assertEqual((first, third), ("a.b 1.50 1700000000", "a.d 3 1700000001"))
        self.assertEqual(now[:6], "a.c 2 ")
        self.assertTrue(before <= int(now.split()[2]) <= int(time.time()), now)

    def test_many_points_from_standard_input_are_confirmed(self):
        count = harness.sized(500_000, 2_000_000, 50_000)
        checks = points.CheckList(count)
        sink = self.receiver(checks).start()
        spool = self.daemon([destination(sink.url)]).start()
        self.assertEqual(self.send(spool.listening(), lines=points.plain(0, count)), (GOOD, ""))
        self.assertEqual(spool.now()["inputs"][0]["points_total"], count)
        spool.wait_delivered()
        self.assert_all_arrived(checks, 0, count)

    def test_bad_lines_are_named_and_the_others_sent(self):
        spool = self.spool()
        code, said = self.send(spool.listening(), lines=b"good.1 1 1700000000\nbad x\n\ngood.2 2 1700000000\nbad 1 2 3")
        self.assertEqual(code, UNCONFIRMED)
        self.assertEqual(said.splitlines(), [
            'carbon-spool: line 2: refused (bad_value): "bad x"',
            'carbon-spool: line 3: refused (no_value): ""',
            'carbon-spool: line 5: refused (too_many_fields): "bad 1 2 3"',
        ])  # fmt: skip
        code, said = self.send(spool.listening(), "good.3 3 1700000000", "bad 1 soon")
        self.assertEqual((code, said), (UNCONFIRMED, 'carbon-spool: argument 2: refused (bad_timestamp): "bad 1 soon"\n'))
        self.assertEqual(self.delivered(spool), [f"good.{n} {n} 1700000000" for n in (1, 2, 3)])
        self.assertEqual(spool.now()["inputs"][0]["rejected_total"], 0)

    def test_without_an_address_the_plaintext_input_of_the_configuration_is_it(self):
        port = self.reserved_port()
        spool = self.spool(f"unixgram://{self.folder}/d.sock", f"tcp://0.0.0.0:{port.number}")
        self.assertEqual(self.send("--config", spool.file, "a 1 1700000000"), (GOOD, ""))
        self.assertEqual(self.send("--config", spool.file, lines=b"b 2 1700000000\n"), (GOOD, ""))
        self.assertEqual(self.delivered(spool), ["a 1 1700000000", "b 2 1700000000"])

    def test_without_an_address_lines_for_statsd_go_to_the_statsd_input_of_the_configuration(self):
        plain, stream = self.reserved_port(), self.reserved_port()
        taken = []
        statsd = {"type": "statsd", "flush_interval": "7d", "console": "off"}
        inputs = [{"type": "graphite", "listen": [plain.url]},
                  {**statsd, "listen": ["udp://127.0.0.1:0", f"tcp://0.0.0.0:{stream.number}"]}]  # fmt: skip
        spool = self.daemon([destination(self.receiver(taken.append).start().url)], inputs).start()
        self.assertEqual(self.send("--statsd", "--config", spool.file, "a:1|c", "b:2|c|#url:http://x/"), (GOOD, ""))
        self.assertEqual(self.send("--config", spool.file, "--statsd", lines=b"c:3|c\n"), (GOOD, ""))
        # A tag that looks like one is no address.
        self.assertEqual(self.send("--statsd", "--config", spool.file, "d:4|c|#url:http://x/"), (GOOD, ""))
        self.assertEqual(self.send("--config", spool.file, "e;url=http://x 5 1700000000"), (GOOD, ""))
        spool.terminate()
        spool.start()
        spool.wait_delivered()
        counted = [line.rsplit(" ", 1)[0] for line in b"".join(taken).decode().splitlines() if line.startswith("stats_counts.")]
        self.assertEqual([line for line in counted if ".statsd." not in line],
                         ["stats_counts.a 1", "stats_counts.b;url=http--x- 2", "stats_counts.c 3", "stats_counts.d;url=http--x- 4"])  # fmt: skip
        self.assertIn(b"e;url=http://x 5 1700000000\n", b"".join(taken))

    def test_nothing_to_send_is_said_and_asks_nothing_of_anybody(self):
        nobody = self.reserved_port()
        self.assertEqual(self.send(nobody.url), (GOOD, "carbon-spool: there was nothing to send\n"))

    def test_what_the_peer_does_not_confirm_is_told(self):
        def reset(server, connection):
            server.read(connection)
            peers.reset(connection)

        def close_early(server, connection):
            server.data += connection.recv(1)
            connection.close()

        def never_answer(server, connection):
            server.read(connection)
            released.wait(harness.PATIENCE)

        released = threading.Event()
        self.addCleanup(released.set)
        for ending, timeout, complaint in (
            (reset, "60s", "reset"),
            (close_early, "60s", "closed|reset|broken"),
            (never_answer, "300ms", "did not close its side within 300ms"),
        ):
            with self.subTest(ending.__name__):
                server = Server(ending)
                code, said = self.send("--timeout", timeout, server.url, "a 1 1700000000")
                self.assertEqual(code, UNCONFIRMED)
                self.assertRegex(said.lower(), f"carbon-spool: not confirmed: 127.0.0.1:.*({complaint.lower()})")
        nobody = self.reserved_port()
        code, said = self.send(nobody.url, "a 1 1700000000")
        self.assertEqual((code, said), (UNCONFIRMED, f"carbon-spool: not confirmed: {nobody.url[6:]}: Connection refused\n"))

    def test_a_peer_that_stops_reading_is_given_up(self):
        released = threading.Event()
        self.addCleanup(released.set)
        server = Server(lambda _, connection: released.wait(harness.PATIENCE))
        code, said = self.send("--timeout", "300ms", server.url, lines=points.plain(0, 1_000_000))
        self.assertEqual(code, UNCONFIRMED)
        self.assertRegex(said, "took nothing for 300ms")

    def test_a_clean_end_is_taken_for_a_confirmation_only_after_everything_was_read(self):
        def read_and_close(server, connection):
            server.read(connection)
            connection.close()

        server = Server(read_and_close)
        self.assertEqual(self.send(server.url, "a 1 1700000000", "b 2 1700000000"), (GOOD, ""))
        server.finish()
        self.assertEqual(server.data, b"a 1 1700000000\nb 2 1700000000\n")

    def test_datagrams_are_sent_in_packets_of_whole_lines(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
            udp.bind(("127.0.0.1", 0))
            unix.bind(f"{self.folder}/d.sock")
            for receiver, url in (
                (udp, "udp://127.0.0.1:%d" % udp.getsockname()[1]),
                (unix, f"unixgram://{self.folder}/d.sock"),
            ):
                receiver.settimeout(harness.PATIENCE)
                self.assertEqual(self.send(url, lines=points.plain(0, 100)), (GOOD, ""))
                data = b""
                while len(data) < len(points.plain(0, 100)):
                    datagram = receiver.recv(65536)
                    self.assertTrue(datagram.endswith(b"\n"))
                    self.assertLessEqual(len(datagram), 1400)
                    data += datagram
                self.assertEqual(data, points.plain(0, 100))
        code, said = self.send(f"unixgram://{self.folder}/nobody.sock", "a 1")
        self.assertEqual(code, UNCONFIRMED)
        self.assertIn("nobody.sock", said)

    def test_lines_for_statsd_go_as_they_are(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            udp.settimeout(harness.PATIENCE)
            url = "udp://127.0.0.1:%d" % udp.getsockname()[1]
            self.assertEqual(self.send("--statsd", url, "logins:1|c", "load:0.5|g|#host:a"), (GOOD, ""))
            self.assertEqual(udp.recv(65536), b"logins:1|c\nload:0.5|g|#host:a\n")
            self.assertEqual(self.send(url, "--statsd", lines=b"logins:1|c\n"), (GOOD, ""))
            self.assertEqual(udp.recv(65536), b"logins:1|c\n")

        def read_and_close(server, connection):
            server.read(connection)
            connection.close()

        server = Server(read_and_close)
        self.assertEqual(self.send("--statsd", server.url, "logins:1|c"), (GOOD, ""))
        server.finish()
        self.assertEqual(server.data, b"logins:1|c\n")

    def test_what_cannot_be_meant_is_bad_usage(self):
        for arguments, complaint in (
            (("localhost:2003", "a 1"), 'found "localhost:2003"'),
            (("tcp://localhost", "a 1"), "expected a port"),
            (("--timeout", "soon", "tcp://127.0.0.1:1", "a 1"), "--timeout: expected a duration"),
            (("--timeout", "0s", "tcp://127.0.0.1:1", "a 1"), "--timeout: expected a duration"),
            (("--config", self.folder / "missing.toml", "--statsd", "logins:1|c"), "cannot be read"),
            (("--config", self.folder / "missing.toml", "a 1"), "cannot be read"),
        ):
            with self.subTest(arguments):
                code, said = self.send(*arguments)
                self.assertEqual(code, BAD_USAGE)
                self.assertIn(complaint, said)
        spool = self.spool()
        code, said = self.send("--config", spool.file, "a 1")
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("no plaintext input with a fixed address", said)
        code, said = self.send("--config", spool.file, "--statsd", "logins:1|c")
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("no StatsD input with a fixed address", said)

    def test_what_is_sent_to_receive_is_printed_there(self):
        port = self.reserved_port()
        receive = self.receive_command(port).start()
        self.assertEqual(self.send(port.url, "a 1 1700000000"), (GOOD, ""))
        wait_until(lambda: b"a 1 1700000000\n" in b"".join(receive.whole_lines()), "it is printed")


if __name__ == "__main__":
    harness.main()
