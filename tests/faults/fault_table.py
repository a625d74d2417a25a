"""Every fault against every transport, with real processes; a row each.

    fault_table.py [--only WORD] [--transport tcp|unix] [--json FILE] [--keep]

From the environment: CARBON_SPOOL is the program; CARBON_SPOOL_LONG=1 runs the faults that take long
in full length. The exit code is 1 if a row broke its promise. Needs root: each row has mounts
and a network of its own. What the columns mean is in docs/faults.md.
"""

import argparse
import ctypes
import json
import multiprocessing
import os
import sys
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

COLUMNS = ("fault", "transport", "sent", "arrived", "lost", "duplicated", "current again after", "memory", "disk",
           "adds up")  # fmt: skip


def privately():
    """Gives this process mounts and a network of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot have namespaces of its own (root is needed)")
    hosts.run("mount", "--make-rprivate", "/")
    hosts.run("ip", "link", "set", "lo", "up")


def play(happens, transport, keep, answer):
    """One row, in a process of its own; what it mounted ends with it."""
    row = None
    try:
        privately()
        row = Row(transport)
        happens(row)
        result = row.finish()
    except BaseException as failure:  # pylint: disable=broad-except
        traceback.print_exc()
        result = {"broken": [(row.broken if row else []) + [f"{type(failure).__name__}: {failure}"]]}
    if row:
        if result["broken"] and row.daemon:
            print(f"--- {row.daemon.log}, its end\n{row.daemon.log_tail(30)}", file=sys.stderr)
        row.clean_up(keep and bool(result["broken"]))
    answer.send(result)


def result_of(happens, transport, keep):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=play, args=(happens, transport, keep, theirs))
    process.start()
    theirs.close()
    try:
        result = ours.recv()
    except EOFError:
        result = {"broken": ["the row's process died"]}
    process.join()
    return result


def cells(row):
    if "absent" in row:
        return [row["fault"], row["transport"], "-", "-", "-", "-", row["absent"], "-", "-", "-"]

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="faults whose short name has this word in it; =NAME: this one")
    parser.add_argument("--transport", choices=("tcp", "unix"))
    parser.add_argument("--json", help="where to write the rows; -: standard output")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a row that broke its promise")
    parser.add_argument("--list", action="store_true", help="only the short names")
    options = parser.parse_args()
    if options.list:
        print("\n".join(name for name, *_ in FAULTS))
        return 0
    exact = options.only.removeprefix("=")
    chosen = [one for one in FAULTS if (one[0] == exact if options.only.startswith("=") else exact in one[0])]
    if not chosen:
        parser.error(f"no such fault: {exact}")
    rows = []
    print(line(COLUMNS), line(["---"] * 2 + ["--:"] * 7 + ["---"]), sep="\n", flush=True)
    for name, title, happens, absent in chosen:
        for transport in [options.transport] if options.transport else ("tcp", "unix"):
            row = {"name": name, "fault": title, "transport": transport}
            if transport == "unix" and absent:
                row["absent"] = absent
            else:
                row.update(result_of(happens, transport, options.keep))
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
    if os.geteuid() != 0:
        sys.exit("fault_table: needs root, for namespaces and mounts")
    sys.exit(main())
