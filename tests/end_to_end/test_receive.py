"""`carbon-spool receive`: the small receiver for trying things out."""

import harness
import points
from harness import wait_until


class Receive(harness.EndToEnd):
    def start(self, *options):
        out, log = self.folder / "out", self.folder / "log"
        with out.open("wb") as stdout, log.open("wb") as stderr:
            process = harness.spawn([harness.PROGRAM, "receive", *options], stdout, stderr)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.process = process

        def address():
            for line in log.read_text().splitlines():
                if "listening on " in line:
                    return line.split("listening on ", 1)[1].strip()
            return None

        return wait_until(address, "it says where it listens"), out

    def test_prints_each_line_as_it_came_and_confirms(self):
        url, out = self.start("--listen", "tcp://127.0.0.1:0")
        self.assertRegex(url, r"^tcp://127\.0\.0\.1:\d+$")
        sent = b"a.b 1 1700000000\nodd..path;tag=x 1e3 1700000000.75\n"
        self.assertTrue(harness.send(url, sent))
        self.assertEqual(out.read_bytes(), sent, "what was confirmed is not printed")

    def test_takes_many_connections_at_once(self):
        url, out = self.start("--listen", "tcp://127.0.0.1:0")
        clients = [harness.connect(url) for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall(points.plain(number * 500, number * 500 + 500))
        for client in clients:
            self.assertTrue(harness.half_close(client))
        checks = points.CheckList(10_000)
        checks(out.read_bytes())
        self.assert_all_arrived(checks, 0, 10_000)
        self.assertEqual(checks.total, 10_000)

    def test_counts_instead_with_count(self):
        url, out = self.start("--listen", "tcp://127.0.0.1:0", "--count")
        self.assertTrue(harness.send(url, points.plain(0, 4321)))
        wait_until(lambda: b"4321" in out.read_bytes(), "the count on stdout")
        self.assertNotIn(b"load.i", out.read_bytes())

    def test_listens_on_a_unix_socket_and_on_ipv6(self):
        url, out = self.start("--listen", f"unix://{self.folder}/in.sock")
        self.assertTrue(harness.send(url, b"a.b 1 1700000000\n"))
        self.assertEqual(out.read_bytes(), b"a.b 1 1700000000\n")
        self.process.kill()
        url, out = self.start("--listen", "tcp://[::1]:0")
        self.assertTrue(harness.send(url, b"a.b 2 1700000000\n"))
        self.assertEqual(out.read_bytes(), b"a.b 2 1700000000\n")

    def test_ends_on_sigterm(self):
        self.start("--listen", "tcp://127.0.0.1:0")
        self.process.terminate()
        self.assertEqual(self.process.wait(harness.PATIENCE), 0)

    def test_a_bad_address_is_bad_usage(self):
        self.assertEqual(harness.run_program("receive", "--listen", "nonsense").returncode, 2)


if __name__ == "__main__":
    harness.main()
