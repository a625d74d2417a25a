"""The hung peer: it stops reading with a full socket buffer, dies by a reset, and comes back.

A relay that takes a successful write for a delivery loses what sat in the buffers, without a word.
"""

import signal
import time

import harness
import points
from harness import Background, connect, destination, wait_until

ROUNDS = harness.sized(2, 10, 2)
RATE = harness.sized(20_000, 20_000, 5_000)  # points a second
SECONDS = 10  # a round


class Load:
    """`RATE` points a second over one connection, `SECONDS` long."""

    def __init__(self, url, first):
        self.first = first
        self.last = first
        self._client = connect(url)
        self._thread = Background(self._run)

    def _run(self):
        step = RATE // 20
        start = time.monotonic()
        for tick in range(20 * SECONDS):
            self._client.sendall(points.plain(self.last, self.last + step))
            self.last += step
            time.sleep(max(0.0, start + (tick + 1) / 20 - time.monotonic()))
        assert harness.half_close(self._client), "the daemon did not take it all"

    def finish(self):
        self._thread.finish()


class HungPeer(harness.EndToEnd):
    def run_rounds(self, daemon, hang, die, come_back):
        """Each round: two good seconds, two hung, two away, then back. Returns how many were sent."""
        sent = 0
        for _ in range(ROUNDS):
            load = Load(daemon.listening(), sent)
            time.sleep(2)
            hang()
            time.sleep(2)
            die()
            time.sleep(2)
            come_back()
            load.finish()
            sent = load.last
        return sent

    def test_a_graphite_server_with_the_settings_as_they_come(self):
        checks = points.CheckList(RATE * SECONDS * ROUNDS)
        receiver = self.receiver(checks, receive_buffer=128 * 1024).start()
        daemon = self.daemon([{"name": "primary", "address": receiver.url}]).start()
        sent = self.run_rounds(daemon, receiver.pause, receiver.die, receiver.start)
        wait_until(lambda: not checks.missing(0, sent), "every point arrives")
        self.assert_all_arrived(checks, 0, sent)
        self.assert_something_was_at_risk(daemon)

    def test_the_receive_command_killed(self):
        port = self.reserved_port()
        receiver = self.receive_command(port).start()
        daemon = self.daemon([destination(receiver.url)]).start()
        sent = self.run_rounds(
            daemon, lambda: receiver.process.send_signal(signal.SIGSTOP), receiver.kill, receiver.start
        )
        daemon.wait_delivered()
        checks = points.CheckList(sent)
        for lines in receiver.whole_lines():
            checks(lines)
        self.assert_all_arrived(checks, 0, sent)
        self.assert_something_was_at_risk(daemon)

    def test_a_second_daemon_killed(self):
        checks = points.CheckList(RATE * SECONDS * ROUNDS)
        receiver = self.receiver(checks).start()
        port = self.reserved_port()
        second = self.daemon(
            [destination(receiver.url)], [{"type": "graphite", "listen": [port.url]}], name="second"
        ).start()
        first = self.daemon([destination(port.url)], name="first").start()
        sent = self.run_rounds(
            first, lambda: second.process.send_signal(signal.SIGSTOP), second.kill, second.start
        )
        first.wait_delivered()
        second.wait_delivered()
        self.assert_all_arrived(checks, 0, sent)
        self.assert_something_was_at_risk(first)
        self.assert_adds_up(second.now())

    def assert_something_was_at_risk(self, daemon):
        status = daemon.now()
        self.assert_adds_up(status)
        self.assertGreater(status["destinations"][0]["points_resent_total"], 0, "the hangs came at quiet moments")


if __name__ == "__main__":
    harness.main()
