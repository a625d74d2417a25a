"""Servers that reset, hang, crawl, die, or choke."""

import signal
import time

from scene import RATE, wait_until
from harness import connect, half_close, sized

SMALL = {"receive_buffer": 64 * 1024}  # soon full
POISON = "poison.line 1 1700000001"


def peer_resets(row):
    peer = row.peer().start()
    row.begin(peer)
    for _ in range(sized(10, 100, 10)):
        peer.tell("reset_all")
        row.seconds(0.2)
    row.over()


def peer_hangs_then_resets(row):
    peer = row.peer(**SMALL).start()
    row.begin(peer)
    for _ in range(sized(1, 5, 1)):
        peer.tell("pause")
        row.seconds(2)
        peer.tell("die")
        row.seconds(0.5)
        peer.tell("start")
        row.over()
        row.seconds(sized(0.5, 3, 0.5))


def peer_closes_cleanly_mid_stream(row):
    peer = row.peer().start()
    row.begin(peer)
    for _ in range(sized(10, 100, 10)):
        peer.tell("close_idle")
        row.seconds(0.2)
    row.over()


def peer_half_closes(row):
    peer = row.peer().start()
    row.begin(peer)
    for _ in range(sized(10, 100, 10)):
        peer.tell("half_close_all")
        row.seconds(0.2)
    row.over()


def peer_accepts_and_never_reads(row):
    peer = row.peer(**SMALL).start()
    peer.tell("pause")
    row.begin(peer, stall_timeout="1m")
    row.eventually(lambda: row.to()["state"] == "stalled", "a peer that takes nothing is `stalled`")
    row.seconds(sized(0, 150, 0))
    peer.tell("resume")
    row.over()


def peer_reads_one_kilobyte_a_second(row):
    peer = row.peer(**SMALL).start()
    peer.tell("sip")
    row.begin(peer, rate=RATE // 100, confirm_timeout="1s", confirm_every="200ms")
    row.seconds(sized(2, 180, 2))
    before = row.to()["points_acknowledged_total"]
    row.eventually(lambda: row.to()["points_acknowledged_total"] > before, "a kilobyte a second gets through", 300)
    peer.tell("gulp")
    row.over()


def peer_killed_with_a_full_receive_buffer(row):
    peer = row.peer(**SMALL).start()
    row.begin(peer)
    peer.signal(signal.SIGSTOP)
    wait_until_full(row)
    peer.kill()
    row.seconds(0.5)
    peer.start()
    row.over()
    row.expect(wait_until(lambda: row.to()["points_resent_total"], "points are sent again") > 0, "nothing was at risk")


def wait_until_full(row):
    """Until the daemon can hand no more to the peer's kernel."""
    last = [-1, time.monotonic()]

    def full():
        sent = row.to()["points_sent_total"]
        if sent != last[0]:
            last[:] = [sent, time.monotonic()]
        return time.monotonic() - last[1] > 1

    wait_until(full, "the peer's receive buffer is full")


def peer_stopped(row):
    peer = row.peer(**SMALL).start()
    row.begin(peer)
    peer.signal(signal.SIGSTOP)
    row.seconds(sized(5, 60, 5))
    peer.signal(signal.SIGCONT)
    row.over()


def flapping_every_200_ms(row):
    peer = row.peer().start()
    row.begin(peer)
    for _ in range(sized(10, 150, 10)):
        peer.tell("die")
        row.seconds(0.2)
        peer.tell("start")
        row.seconds(0.2)
    row.over()


def half_close_never_answered_close(row):
    """The peer takes everything and confirms nothing, until one comes that does."""
    peer = row.peer(closes=False).start()
    row.begin(peer, confirm_timeout="1s", rate=RATE // 10)
    row.eventually(lambda: row.to()["state"] == "unconfirmed", "the state becomes `unconfirmed`")
    to = row.to()
    row.expect("acknowledge" in (to["last_error"] or ""), "last_error names the setting")
    row.expect(row.daemon.status()[0] == 1, "status exits with 1")
    row.expect(to["points_acknowledged_total"] == 0, "something was taken for confirmed")
    peer.tell("die")
    peer.kill()
    peer.start(closes=True)
    row.over()


def half_close_never_answered_kernel(row):
    peer = row.peer(closes=False).start()
    row.over()  # there is nothing to come back from
    row.begin(peer, acknowledge="kernel")
    row.seconds(sized(3, 60, 3))
    row.eventually(lambda: row.to()["points_acknowledged_total"] > 0, "the kernel's word confirms")


def one_line_resets_the_peer(row):
    peer = row.peer(poison=POISON).start()
    row.begin(peer, backoff_max="10ms", rate=RATE // 5)
    row.allowed_drops = {"poison": 1}
    client = connect(row.port.url)
    client.sendall(POISON.encode() + b"\n")
    row.expect(half_close(client), "the bad line is accepted")
    row.eventually(lambda: row.to()["dropped"].get("poison") == 1, "the one line is set aside")
    row.over()
    aside = (row.daemon.queue / "set-aside").glob("*")
    row.expect(any(POISON in one.read_text(errors="replace") for one in aside), "the line is not in the queue's folder")
