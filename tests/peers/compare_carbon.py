"""Our rings of flavour "carbon" against graphite-carbon's own hashing and routing modules."""

import random
import sys
import time
import types

import route_names
from carbon.routers import ConsistentHashingRouter
from carbon.util import TaggedSeries


def carbon_router(hash_type, replication, diverse, destinations):
    settings = types.SimpleNamespace(
        REPLICATION_FACTOR=replication, DIVERSE_REPLICAS=diverse, ROUTER_HASH_TYPE=hash_type
    )
    router = ConsistentHashingRouter(settings)
    for destination in destinations:
        router.addDestination(destination)
    return router


def as_relayed(name):
    """What carbon-relay makes of a name with TAG_RELAY_NORMALIZED."""
    try:
        return TaggedSeries.parse(name).path
    except Exception:  # pylint: disable=broad-except
        return name


def make_destinations(rng, size, instances, hosts):
    """`instances`: none | all | some; `hosts`: how many there are."""
    destinations = []
    for i in range(size):
        named = instances == "all" or (instances == "some" and i % 2 == 0)
        host = ["10.1.{}.{}", "graphite-{}-{}.example.com", "2001:db8:{}::{}"][i % 3].format(i % hosts % 5, i % hosts)
        destinations.append((host, 2003 + i, rng.choice("abcdefgh") + str(i) if named else None))
    rng.shuffle(destinations)
    return destinations


CASES = [  # hash, members, hosts, instances, replication, diverse
    ("carbon_ch", 3, 3, "none", 1, True),
    ("carbon_ch", 14, 14, "some", 2, True),
    ("carbon_ch", 60, 20, "all", 3, True),
    ("carbon_ch", 60, 20, "all", 3, False),
    ("fnv1a_ch", 3, 3, "all", 1, True),
    ("fnv1a_ch", 14, 5, "all", 2, True),
    ("fnv1a_ch", 60, 20, "all", 3, False),
    ("fnv1a_ch", 5, 5, "none", 2, True),
]


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260102
    rng = random.Random(seed)
    names = route_names.make_names(route_names.NAMES, seed)
    normal = [as_relayed(name) for name in names]
    failed = 0
    for hash_type, size, hosts, instances, replication, diverse in CASES:
        began = time.monotonic()
        destinations = make_destinations(rng, size, instances, hosts)
        router = carbon_router(hash_type, replication, diverse, destinations)
        # Diverse replicas are its default, and so they are ours.
        members = list(range(size))
        clusters = [
            (hash_type, "carbon", tags, "-" if diverse else "server", replication, members)
            for tags in ("-", "normalized")
        ]
        different = 0
        ours = route_names.route(destinations, clusters, names)
        for name, normal_name, (_, got) in zip(names, normal, ours):
            for key, mine in ((name, got[0]), (normal_name, got[1])):
                theirs = tuple(destinations.index(each) for each in router.getDestinations(key))
                if theirs != mine:
                    different += 1
                    if different <= 5:
                        print(f"  {name!r} as {key!r}: they {theirs}, we {mine}")
        print(
            f"{hash_type}, {size} members on {hosts} hosts, instances: {instances}, replication {replication}, "
            f"diverse {diverse}: {len(names)} names, {different} differences, {time.monotonic() - began:.1f} s"
        )
        failed += different
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
