"""Our side of the comparisons: the program `route_names`, and the names that are compared."""

import os
import random
import subprocess

PROGRAM = os.environ.get("ROUTE_NAMES", "route_names")
SANITIZED = os.environ.get("CARBON_SPOOL_SANITIZED") == "1"
NAMES = 5_000 if SANITIZED else 100_000

_WORDS = (
    "servers web01 web02 db-7 host_3 cpu0 cpu-total load avg 1min disk sda1 iops net eth0 rx tx bytes "
    "jvm heap used max gc pause p99 count sum upper_90 stats timers gauges nginx requests 200 5xx "
    "Cluster:A rack#4 eu-west-1 10 42"
).split()
# What carbon-c-relay replaces or takes away, in the middle of a name and at its ends.
_ODD = ["%", "/", "(x)", "~", "é", "größe", "\N{GRINNING FACE}", "a,b", "@", "{", "=", '"q"', "\\", "'", "!", "+1"]
_TAGS = "host rack env region role a b a-b dc name".split()
_VALUES = "a b web01 eu-west-1 10.0.0.1 x=y é a/b ~t .. 50% C:\\x !".split() + [""]


def _plain(rng):
    return ".".join(rng.choices(_WORDS, k=rng.randint(1, 7)))


def _odd(rng):
    parts = rng.choices(_WORDS, k=rng.randint(1, 4))
    place = rng.randrange(len(parts) + 1)
    parts.insert(place, rng.choice(_ODD) + rng.choice(["", rng.choice(_WORDS)]))
    return rng.choice(["", "", ".", "..", ""]) + rng.choice([".", ".", ".."]).join(parts) + rng.choice(["", "", ".", ".."])


def _tagged(rng):
    name = _plain(rng) if rng.random() < 0.7 else _odd(rng)
    tags = [f"{rng.choice(_TAGS)}={rng.choice(_VALUES)}" for _ in range(rng.randint(1, 4))]
    return name + "".join(";" + tag for tag in tags)


def _openmetrics(rng):
    tags = ",".join(
        f'{rng.choice(_TAGS)}="{rng.choice(["a", "b c", "x.y", "~t", "", chr(92) * 2, chr(92) + chr(34)]).replace(" ", "_")}"'
        for _ in range(rng.randint(0, 3))
    )
    return f"{_plain(rng)}{{{tags}}}"


def make_names(count, seed, openmetrics=True):
    """Different names, of which a third is plain, a third tagged, the rest odd."""
    rng = random.Random(seed)
    kinds = [_plain, _plain, _plain, _tagged, _tagged, _tagged, _odd, _openmetrics if openmetrics else _odd]
    names = {}
    while len(names) < count:
        kind = rng.choice(kinds)
        name = kind(rng)
        if kind is not _plain and name.strip(".") == "":
            continue
        names[name] = None
    return list(names)


def route(destinations, clusters, names):
    """`destinations`: (host, port, instance or None). `clusters`: (select, flavour, tag_hash, distinct,
    replication, numbers of destinations). For each name what is sent, and for each cluster who gets it."""
    lines = [f"destination {host} {port} {instance or '-'}" for host, port, instance in destinations]
    lines += [" ".join(map(str, ["cluster", *cluster[:5], *cluster[5]])) for cluster in clusters]
    text = "\n".join([*lines, "names", *names]) + "\n"
    done = subprocess.run([PROGRAM], input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"route_names: {done.stderr.decode()}")
    answers = []
    for line in done.stdout.decode().splitlines():
        sent, *members = line.split("\t")
        answers.append((sent, [tuple(map(int, each.split(","))) for each in members]))
    assert len(answers) == len(names), (len(answers), len(names))
    return answers
