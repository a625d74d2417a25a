"""Who gets what: routes, rewrites, prefixes, hashed clusters, and many destinations of one log."""

import itertools
import signal
import subprocess
import threading

import harness
import points
from harness import Background, destination, find, send, sized, wait_until

STAMP = 1700000000


class Lines:
    """What one server got, line by line."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = {}

    def __call__(self, lines):
        with self._lock:
            for line in lines.decode().splitlines():
                self._counts[line] = self._counts.get(line, 0) + 1

    def all(self):
        with self._lock:
            return sorted(self._counts)

    def names(self):
        return {line.split(" ", 1)[0] for line in self.all()}


def lines_of(*names):
    return "".join(f"{name} 1 {STAMP}\n" for name in names).encode()


class Routes(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.got = {name: Lines() for name in "abc"}
        self.receivers = {name: self.receiver(got) for name, got in self.got.items()}

    def three(self, **keys):
        return [destination(self.receivers[name].url, name, **keys.get(name, {})) for name in "abc"]

    def start_receivers(self):
        for receiver in self.receivers.values():
            receiver.start()

    def wait_delivered(self, daemon):
        for name in "abc":
            daemon.wait_delivered(name)
        self.assert_adds_up(daemon.now())

    def test_points_go_where_routes_say_and_everything_is_counted(self):
        daemon = self.daemon(self.three(c={"prefix": "copy."}), rewrite=[{"match": r"^old\.(.*)", "replace": r"new.\1"}],
            route=[
                {"match": [r"^servers\."], "exclude": [r"\.tmp$"], "to": ["a", "c"]},
                {"prefixes": ["secret."], "to": ["drop"]},
                {"suffixes": [".count"], "to": ["b"], "stop": True},
                {"to": ["c"]},
            ])  # fmt: skip
        self.start_receivers()
        daemon.start()
        names = ["servers.x", "servers.y.tmp", "secret.z", "a.count", "old.n", "servers.count"]
        self.assertTrue(send(daemon.listening(), lines_of(*names)))
        self.wait_delivered(daemon)

        self.assertEqual(self.got["a"].names(), {"servers.x", "servers.count"})
        self.assertEqual(self.got["b"].names(), {"a.count", "servers.count"})
        self.assertEqual(self.got["c"].names(), {"copy.servers.x", "copy.servers.y.tmp", "copy.new.n", "copy.servers.count"})
        status = daemon.now()
        for name, acknowledged in (("a", 2), ("b", 2), ("c", 4)):
            one = find(status["destinations"], name)
            self.assertEqual(one["points_received_total"], 6)
            self.assertEqual(one["points_acknowledged_total"], acknowledged, name)
            self.assertEqual(one["dropped"]["route"], 1)
            self.assertEqual(one["points_routed_elsewhere_total"], 5 - acknowledged)
            self.assertFalse(one["points_pending_is_upper_bound"])
        self.assertEqual(daemon.status()[0], 0, "what a route drops is nothing to look at")

        said = daemon.command("route", *names[:3]).stdout
        self.assertIn("goes to a, c as copy.servers.x", said)
        self.assertIn("exclude", said)
        self.assertIn("goes to nobody; dropped by a route", said)

    def test_a_corrected_route_applies_to_what_waits_already(self):
        daemon = self.daemon(self.three(), route=[{"match": ["^one"], "to": ["a"]}]).start()
        self.assertTrue(send(daemon.listening(), lines_of("one", "two", "three")))
        waiting = daemon.to("b")
        self.assertEqual(waiting["points_pending"], 3)
        self.assertTrue(waiting["points_pending_is_upper_bound"])
        self.assertIn("at most", daemon.command("status").stdout)
        daemon.configure(self.three(), route=[{"match": ["^t"], "to": ["a", "b"]}])
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in daemon.log_text(), "the reload")
        self.start_receivers()
        self.wait_delivered(daemon)
        self.assertEqual(self.got["a"].names(), {"two", "three"})
        self.assertEqual(self.got["b"].names(), {"two", "three"})
        self.assertEqual(self.got["c"].names(), set())

    def test_an_export_has_what_the_destination_would_get(self):
        daemon = self.daemon(self.three(c={"prefix": "copy."}), route=[{"match": ["^o"], "to": ["a", "c"]}]).start()
        self.assertTrue(send(daemon.listening(), lines_of("one", "two", "other")))
        for stopped in (False, True):
            if stopped:
                daemon.terminate()
            with self.subTest(stopped=stopped):
                for name, expected in (("a", ["one", "other"]), ("b", []), ("c", ["copy.one", "copy.other"])):
                    done = daemon.command("queue", "export", "--destination", name)
                    self.assertEqual(done.stdout.encode(), lines_of(*expected), done.stderr)
                self.assertEqual(daemon.command("queue", "export").stdout.encode(), lines_of("one", "two", "other"))

    def test_a_bad_route_is_refused_with_its_line(self):
        daemon = self.daemon(self.three(), route=[{"match": ["("], "to": ["nobody"]}])
        refused = daemon.command("check")
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"toml:\d+: route\[0\]\.match\[0\]: ")
        self.assertRegex(refused.stderr, r"toml:\d+: route\[0\]\.to\[0\]: .*nobody")

    def test_check_tells_the_share_of_each_member(self):
        daemon = self.daemon(self.three(), cluster=[{"name": "eu", "members": ["a", "b", "c"]}])
        self.assertRegex(daemon.command("check").stdout, r"eu \(carbon_ch, as carbon-c-relay\): a \d+\.\d %")


class Clusters(harness.EndToEnd):
    def owners(self, daemon, names):
        """By `carbon-spool route`: {name: the destinations that get it}."""
        asked = subprocess.run(
            [harness.PROGRAM, "route", "--config", str(daemon.file)], input="".join(f"{name}\n" for name in names),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {line.split("\t")[0]: set(line.split("\t")[1:]) for line in asked.stdout.splitlines()}

    def members_killed_in_turn(self, **keys):
        """Every point arrives at the members that it belongs to, whoever was down when, and nowhere else."""
        names = ["m0", "m1", "m2"]
        got = {name: Lines() for name in names}
        receivers = {name: self.receiver(each).start() for name, each in got.items()}
        to = [destination(receivers[name].url, name, instance=name) for name in names]
        daemon = self.daemon(to, cluster=[{"name": "eu", "members": names, **keys}]).start()
        series = [f"series.{i}" for i in range(500)]
        for step, down in zip(range(sized(6, 20, 3)), itertools.cycle(names)):
            receivers[down].die()
            batch = "".join(f"{name} {step} {STAMP + step}\n" for name in series)
            self.assertTrue(send(daemon.listening(), batch.encode()))
            wait_until(lambda down=down: daemon.to(down)["state"] != "connected", "it is seen to be down")
            self.assert_adds_up(daemon.now())
            receivers[down].start()
        for name in names:
            daemon.wait_delivered(name)
        self.assert_adds_up(daemon.now())
        owners = self.owners(daemon, series)
        for name in names:
            expected = sorted(
                f"{one} {at} {STAMP + at}" for one in series for at in range(step + 1) if name in owners[one]
            )
            self.assertEqual(got[name].all(), expected, name)
            self.assertGreater(len(expected), 0)
        self.assertEqual(daemon.now()["clusters"][0]["members"], names)

    def test_members_of_carbon_ch(self):
        self.members_killed_in_turn(select="carbon_ch")

    def test_members_of_fnv1a_ch(self):
        self.members_killed_in_turn(select="fnv1a_ch")

    def test_members_of_jump_fnv1a_ch_with_two_copies(self):
        self.members_killed_in_turn(select="jump_fnv1a_ch", replication=2)


class DeadMember(harness.EndToEnd):
    """One of ten hashed members is down: it costs what is for it, not the whole stream."""

    NAMES = [f"m{i}" for i in range(10)]
    DOWN = "m3"
    COUNT = sized(1_200_000, 6_000_000, 1_000_000)
    STEP = 100_000
    CAP = sized("32MiB", "128MiB", "32MiB")  # less than the stream takes, more than a tenth of it

    def ring(self, receivers, name, max_size):
        to = [destination(receivers[each].url, each, instance=each) for each in self.NAMES]
        cluster = [{"name": "ring", "select": "carbon_ch", "members": self.NAMES}]
        return self.daemon(to, name=name, cluster=cluster, queue={"max_size": max_size}).start()

    def test_it_costs_its_share_of_the_disk_and_gets_every_point(self):
        stream = points.Noise(21).lines
        checks = {each: points.CheckList(self.COUNT) for each in self.NAMES}
        receivers = {each: self.receiver(check) for each, check in checks.items()}
        whole = self.ring(receivers, "whole", "2GiB")
        for first in range(0, self.COUNT, self.STEP):
            self.assertTrue(send(whole.listening(), stream(first, first + self.STEP), 300))
        stored = whole.disk_use()
        whole.kill()

        up = [name for name in self.NAMES if name != self.DOWN]
        for name in up:
            receivers[name].start()
        daemon = self.ring(receivers, "one-down", self.CAP)
        for first in range(0, self.COUNT, self.STEP):
            self.assertTrue(send(daemon.listening(), stream(first, first + self.STEP), 300))
            for name in up:
                daemon.wait_delivered(name, 300)
            self.assert_adds_up(daemon.now())
        self.assertGreater(stored, 40 * harness.MIB)
        wait_until(lambda: daemon.disk_use() < stored / 4, "what is not for the dead member goes", 120)
        print(f"{stored / harness.MIB:.1f} MiB whole, {daemon.disk_use() / harness.MIB:.1f} for one;", end=" ")

        daemon.kill()
        daemon.start()
        self.assert_adds_up(daemon.now())
        receivers[self.DOWN].start()
        daemon.wait_delivered(self.DOWN, 300)
        status = daemon.now()
        self.assert_adds_up(status)
        for one in status["destinations"]:
            self.assertEqual(one["points_received_total"], self.COUNT, one)
            self.assertEqual(one["points_dropped_total"], 0, one)
            self.assertEqual(one["points_acknowledged_total"], checks[one["name"]].unique, one)
        self.assertEqual(checks[self.DOWN].total, checks[self.DOWN].unique, "each of them once")
        self.assertEqual(sum(check.unique for check in checks.values()), self.COUNT)
        missing = [i for i in range(self.COUNT) if not any(check.has(i) for check in checks.values())]
        self.assertEqual(missing[:10], [])


class FanOut(harness.EndToEnd):
    def test_three_get_every_point_one_of_them_later_from_one_copy_on_disk(self):
        count = sized(1_000_000, 10_000_000, 100_000)
        checks = {name: points.CheckList(count) for name in "abc"}
        receivers = {name: self.receiver(each) for name, each in checks.items()}
        receivers["a"].start()
        receivers["b"].start()
        daemon = self.daemon([destination(receivers[name].url, name) for name in "abc"]).start()
        single = self.daemon([destination(self.reserved_port().url, "only")], name="single").start()
        step = count // 20
        for first in range(0, count, step):
            if first == count // 2:
                daemon.wait_delivered("a", 300)
                Background(lambda: send(single.listening(), points.plain(0, count // 2), 300)).finish(300)
                self.assertLess(daemon.disk_use(), single.disk_use() * 1.3 + harness.MIB)
                receivers["c"].start()
            self.assertTrue(send(daemon.listening(), points.plain(first, first + step), 300))
        for name, check in checks.items():
            daemon.wait_delivered(name, 300)
            self.assert_all_arrived(check, 0, count)
        self.assert_adds_up(daemon.now())


if __name__ == "__main__":
    harness.main()
