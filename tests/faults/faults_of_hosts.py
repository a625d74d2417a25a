"""What the network, the clock, the disk and our own death do. Everything is private to the row: it
runs in namespaces of its own, so nothing that it mounts or filters is seen by anybody else."""

import os
import subprocess

from scene import RATE
from harness import LONG, MIB, sized

TIMED = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def run(*command):
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


# --- the network ---


def packets_dropped(row):
    peer = row.peer().start()
    row.begin(peer)
    number = peer.url.rsplit(":", 1)[1]
    rules = [("INPUT", f"--{side}port", number) for side in "sd"]
    for chain, side, port in rules:
        run("iptables", "-w", "-A", chain, "-p", "tcp", side, port, "-j", "DROP")
    row.seconds(sized(5, 90, 5))
    if LONG:
        row.expect(row.to()["state"] != "connected", "a peer that does not answer for 20 s is not found out")
    for chain, side, port in rules:
        run("iptables", "-w", "-D", chain, "-p", "tcp", side, port, "-j", "DROP")
    row.over()


def name_comes_and_moves(row):
    """It does not resolve; then it does; then it resolves elsewhere, where another peer listens."""
    hosts, switch = row.folder / "hosts", row.folder / "nsswitch.conf"
    hosts.write_text("127.0.0.1 localhost\n")
    switch.write_text("hosts: files\n")
    run("mount", "--bind", hosts, "/etc/hosts")
    run("mount", "--bind", switch, "/etc/nsswitch.conf")
    here = row.peer().start()
    port = int(here.url.rsplit(":", 1)[1])
    there = row.peer(host="127.0.0.2", port=port).start()
    row.begin(here, url=f"tcp://graphite.invalid:{port}")
    row.seconds(2)
    row.expect(row.to()["state"] == "backing_off", "a name that does not resolve is not shown as such")
    hosts.write_text("127.0.0.1 localhost graphite.invalid\n")
    row.eventually(lambda: row.to()["points_acknowledged_total"], "the name is found")
    hosts.write_text("127.0.0.1 localhost\n127.0.0.2 graphite.invalid\n")
    row.over()
    row.eventually(lambda: there.bytes_recorded(), "the new address is found while the old one still answers")


# --- ourselves ---


def our_kill_9(row):
    peer = row.peer().start()
    row.begin(peer)
    for _ in range(sized(3, 20, 2)):
        with row.gate:
            row.daemon.kill()
            row.identity.check(row.daemon.now())  # of what the death left on the disk
            row.daemon.start()
        row.over()
        row.seconds(1)


def our_sigterm_in_an_outage(row):
    peer = row.peer().start()
    row.begin(peer)
    peer.tell("die")
    row.seconds(1)
    with row.gate:
        row.expect(row.daemon.terminate() == 0, "the daemon ends well while its destination is down")
        row.identity.check(row.daemon.now())
        row.daemon.start()
    row.seconds(1)
    peer.tell("start")
    row.over()


def clock_set_back_and_forward(row):
    """Only the daemon's clock: libfaketime under it alone. Its monotonic clock runs on, as the kernel's does."""
    clock = row.folder / "clock"
    clock.write_text("+0")
    peer = row.peer().start()
    row.expect(os.path.exists(TIMED), "libfaketime is not installed")
    row.begin(peer, env={
        "LD_PRELOAD": TIMED, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    })  # fmt: skip
    for offset in ("-3600", "+0", "+3600", "+0"):
        clock.write_text(offset)
        before = row.to()["points_acknowledged_total"]
        row.seconds(sized(1.5, 30, 1.5))
        row.eventually(
            lambda before=before: row.to()["points_acknowledged_total"] > before, f"points are confirmed at {offset} s"
        )
    row.over()


# --- the disk ---


def small_file_system(row):
    """A 64 MiB ext4 of its own, for the queue alone."""
    image, mount = row.folder / "image", row.folder / "small"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    run("mkfs.ext4", "-q", "-m", "0", image)
    run("mount", "-o", "loop", image, mount)
    return mount


def begin_on(row, mount, peer):
    row.begin(peer, queue={"path": str(mount / "queue"), "min_free_disk": "0B", "max_size": "32MiB"})


def expect_live_points(row, why):
    """Live points reach the destination while the fault lasts."""
    row.arrivals.look()
    before = row.arrivals.checks.newest
    row.eventually(lambda: row.arrivals.checks.newest > before + RATE // 2, f"live points arrive while {why}", 20)


def expect_healed(row):
    row.eventually(
        lambda: not row.daemon.now()["queue"].get("points_in_memory") and not row.daemon.now()["queue"]["last_error"],
        "appending resumes by itself",
    )


def disk_full(row):
    mount = small_file_system(row)
    peer = row.peer().start()
    begin_on(row, mount, peer)
    filler = mount / "filler"
    with filler.open("wb") as out:
        subprocess.run(["cat", "/dev/zero"], stdout=out, stderr=subprocess.DEVNULL, check=False)
    free = os.statvfs(mount)
    row.expect(free.f_bavail * free.f_frsize < MIB, "the file system is not full")
    row.eventually(lambda: row.daemon.now()["queue"]["last_error"], "status tells that the disk is full")
    row.seconds(sized(2, 30, 2))
    expect_live_points(row, "the disk is full")
    filler.unlink()
    row.over()
    expect_healed(row)


def queue_folder_read_only(row):
    """Not one file of the queue can be written, made or removed: the immutable flag stops writes through files that
    are open, too, which a mount that is made read-only cannot do, as the kernel refuses it while they are open."""
    mount = small_file_system(row)
    peer = row.peer().start()
    begin_on(row, mount, peer)
    run("chattr", "-f", "-R", "+i", mount / "queue")
    row.eventually(lambda: row.daemon.now()["queue"]["last_error"], "status tells that the folder cannot be written")
    row.seconds(sized(2, 30, 2))
    expect_live_points(row, "the folder cannot be written")
    run("chattr", "-f", "-R", "-i", mount / "queue")
    row.over()
    expect_healed(row)
