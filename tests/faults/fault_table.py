"""Every fault against every transport, with real processes; a row each.

    fault_table.py [--only WORD] [--transport tcp|unix] [--json FILE] [--keep]

From the environment: CARBON_SPOOL is the program; CARBON_SPOOL_LONG=1 runs the faults that take long
in full length. The exit code is 1 if a row broke its promise. Needs root: each row has mounts
and a network of its own. What the columns mean is in docs/faults.md.
"""

import argparse
import collections
import ctypes
import json
import multiprocessing
import os
import sys
import time
import traceback

from scene import Row  # first: it lets the others find tests/end_to_end

import faults_of_hosts as hosts
import faults_of_peers as peer_faults

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000

# (short name, as the table calls it, what happens, why it cannot happen on a Unix socket)
FAULTS = [
    ("peer-resets", "peer resets, again and again", peer_faults.peer_resets, None),
    ("hang-reset", "peer hangs, then resets", peer_faults.peer_hangs_then_resets, None),
    ("clean-close", "peer closes cleanly mid-stream", peer_faults.peer_closes_cleanly_mid_stream, None),
    ("half-close", "peer half-closes", peer_faults.peer_half_closes, None),
    ("never-reads", "peer accepts and never reads", peer_faults.peer_accepts_and_never_reads, None),
    ("slow-reader", "peer reads one kilobyte a second", peer_faults.peer_reads_one_kilobyte_a_second, None),
    ("peer-killed", "peer killed (-9), its receive buffer full",
     peer_faults.peer_killed_with_a_full_receive_buffer, None),
    ("peer-stopped", "peer stopped (SIGSTOP)", peer_faults.peer_stopped, None),
    ("packets-dropped", "packets dropped both ways", hosts.packets_dropped, "no packets"),
    ("name", "name does not resolve, does, moves", hosts.name_comes_and_moves, "no names"),
    ("flapping", "flapping every 200 ms", peer_faults.flapping_every_200_ms, None),
    ("our-kill", "our kill -9", hosts.our_kill_9, None),
    ("our-sigterm", "our SIGTERM in an outage", hosts.our_sigterm_in_an_outage, None),
    ("unanswered-close", "half-close never answered, \"close\"", peer_faults.half_close_never_answered_close, None),
    ("unanswered-kernel", "half-close never answered, \"kernel\"", peer_faults.half_close_never_answered_kernel, None),
    ("poison", "one line makes the peer reset", peer_faults.one_line_resets_the_peer, None),
    ("disk-full", "disk full", hosts.disk_full, None),
    ("read-only", "queue folder cannot be written", hosts.queue_folder_read_only, None),
    ("clock", "clock an hour back and forward", hosts.clock_set_back_and_forward, None),
]  # fmt: skip

TRANSPORTS = ("tcp", "unix")  # of the destination
COLUMNS = ("fault", "transport", "points sent", "arrived", "lost", "duplicated", "current again after", "memory, MiB",
           "disk, MiB", "adds up")  # fmt: skip


def privately():
    """Gives this process mounts and a network of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot have namespaces of its own (root is needed)")
    hosts.run("mount", "--make-rprivate", "/")
    hosts.run("ip", "link", "set", "lo", "up")


def play(happens, transport, keep, answer):
    """One row, in a process of its own; what it mounted ends with it."""
    row, begin = None, time.monotonic()
    try:
        privately()
        row = Row(transport)
        happens(row)
        result = row.finish()
        result["seconds"] = round(time.monotonic() - begin, 1)
    except BaseException as failure:  # pylint: disable=broad-except
        traceback.print_exc()
        result = {"broken": (row.broken if row else []) + [f"{type(failure).__name__}: {failure}"]}
    if row:
        if result["broken"] and row.daemon:
            print(f"--- {row.daemon.log}, its end\n{row.daemon.log_tail(30)}", file=sys.stderr)
        row.clean_up(keep and bool(result["broken"]))
    answer.send(result)


class Play:
    """A row that is under way."""

    def __init__(self, fault, transport, keep):
        name, title, happens, absent = fault
        self._row = {"name": name, "fault": title, "transport": transport}
        self._process = None
        if transport == "unix" and absent:
            self._row["absent"] = absent
            return
        context = multiprocessing.get_context("fork")
        self._answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=play, args=(happens, transport, keep, theirs))
        self._process.start()
        theirs.close()

    def finish(self):
        """Waits for its end. Returns the row."""
        if self._process:
            try:
                self._row.update(self._answer.recv())
            except EOFError:
                self._row["broken"] = ["the row's process died"]
            self._process.join()
        return self._row


def play_all(faults, transports, jobs, keep):
    """Yields the rows in order; up to `jobs` are under way at a time."""
    under_way = collections.deque()
    for fault in faults:
        for transport in transports:
            if len(under_way) == jobs:
                yield under_way.popleft().finish()
            under_way.append(Play(fault, transport, keep))
    while under_way:
        yield under_way.popleft().finish()


def cells(row):
    if "absent" in row:
        return [row["fault"], row["transport"], *["-"] * 7, row["absent"]]

    def number(key, unit=""):
        value = row.get(key)
        return "?" if value is None else f"{value:,}{unit}" if isinstance(value, int) else f"{value:.1f}{unit}"

    lost = number("lost")
    if row.get("dropped"):
        lost += " (" + ", ".join(f"{count} {reason}" for reason, count in row["dropped"].items()) + ")"
    return [row["fault"], row["transport"], number("sent"), number("arrived"), lost, number("duplicated"),
            number("seconds_until_current", " s"), number("memory_mib"), number("disk_mib"),
            "yes" if row.get("identity") else "NO"]  # fmt: skip


def line(values):
    return "| " + " | ".join(map(str, values)) + " |"


HEAD = "\n".join([line(COLUMNS), line(["---"] * 2 + ["--:"] * 7 + ["---"])])


def check_page(path):
    """Whether the page holds the table of these faults; 0 if it does."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    head, _, below = page.partition(HEAD + "\n")
    if head == page:
        print(f"{path}: no table with these columns")
        return 1
    found = [text.strip("| ").split(" | ") for text in below.partition("\n\n")[0].splitlines()]
    expected = [[title, transport] for _, title, *_ in FAULTS for transport in TRANSPORTS]
    if [row[:2] for row in found] != expected:
        print(f"{path}: its rows are not those of fault_table.py, made anew it would have them")
        return 1
    broken = [row for row in found if row[-1] == "NO"]
    for row in broken:
        print(f"{path}: this row does not add up: {row}")
    return 1 if broken else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="faults whose short name has this word in it; =NAME: this one")
    parser.add_argument("--transport", choices=TRANSPORTS)
    parser.add_argument("--jobs", type=int, default=1, help="so many rows at a time")
    parser.add_argument("--json", help="where to write the rows; -: standard output")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a row that broke its promise")
    parser.add_argument("--list", action="store_true", help="only the short names")
    parser.add_argument("--page", help="only whether this page has a row for every fault and transport, none broken")
    options = parser.parse_args()
    if options.list:
        print("\n".join(name for name, *_ in FAULTS))
        return 0
    if options.page:
        return check_page(options.page)
    exact = options.only.removeprefix("=")
    chosen = [one for one in FAULTS if (one[0] == exact if options.only.startswith("=") else exact in one[0])]
    if not chosen:
        parser.error(f"no such fault: {exact}")
    if os.geteuid() != 0:
        sys.exit("fault_table: needs root, for namespaces and mounts")
    rows = []
    print(HEAD, flush=True)
    transports = [options.transport] if options.transport else TRANSPORTS
    for row in play_all(chosen, transports, options.jobs, options.keep):
        rows.append(row)
        print(line(cells(row)), flush=True)
        for promise in row.get("broken", []):
            print(f"    BROKEN: {promise}", flush=True)
    if options.json:
        text = json.dumps(rows, indent=1) + "\n"
        if options.json == "-":
            print(text)
        else:
            with open(options.json, "w", encoding="utf-8") as file:
                file.write(text)
    return 1 if any(row.get("broken") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
