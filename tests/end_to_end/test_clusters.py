"""Clusters under load while their members die and come back in turn."""

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import harness
import points
from harness import destination, sized, wait_until

sys.path.append(str(Path(__file__).resolve().parent.parent / "faults"))
from load import Load  # noqa: E402

RATE = sized(20_000, 100_000, 5_000)  # points a second
KILLS = sized(6, 20, 3)
POINTS_WHILE_DOWN = sized(RATE // 2, RATE * 2, RATE // 2)
MEMBERS = ["m0", "m1", "m2"]
CAPACITY = 20_000_000


class Clusters(harness.EndToEnd):
    def begin(self, backoff="200ms", **keys):
        self.got = {name: points.CheckList(CAPACITY) for name in MEMBERS}
        self.receivers = {name: self.receiver(each).start() for name, each in self.got.items()}
        to = [
            destination(self.receivers[name].url, name, instance=name, backoff_max=backoff, confirm_every="1s")
            for name in MEMBERS
        ]
        self.cluster = {"name": "eu", "members": MEMBERS, **keys}
        daemon = self.daemon(to, cluster=[self.cluster], queue={"max_size": "1GiB"}).start()
        wait_until(lambda: all(daemon.to(name)["state"] == "connected" for name in MEMBERS), "all are connected")
        return daemon

    def kill_in_turn(self, daemon, kills=KILLS):
        """A steady load meanwhile; returns how many points were accepted."""
        load = Load(daemon.listening(), RATE)
        for down in itertools.islice(itertools.cycle(MEMBERS), kills):
            self.receivers[down].die()
            wait_until(lambda down=down: daemon.to(down)["state"] != "connected", "it is seen to be down")
            self.assert_adds_up(daemon.now())
            enough = load.accepted_points + POINTS_WHILE_DOWN
            wait_until(lambda enough=enough: load.accepted_points >= enough, "more comes in")
            self.receivers[down].start()
            wait_until(lambda down=down: daemon.to(down)["state"] == "connected", "it is back")
        load.finish(300)
        self.assertEqual(load.retried, 0)
        return load.accepted_points

    def wait_delivered(self, daemon):
        for name in MEMBERS:
            daemon.wait_delivered(name, 300)

        def nothing_waits():
            reader = daemon.now()["clusters"][0]["reader"]
            return not reader or reader["points_pending"] == 0

        wait_until(nothing_waits, "the cluster has everything", 300)
        self.assert_adds_up(daemon.now())

    def owners(self, daemon, count):
        """By `carbon-spool route`: for each member, which of the points are its own."""
        owned = {name: bytearray(count) for name in MEMBERS}
        names = b"".join(b"load.i%08d\n" % number for number in range(count))
        asked = subprocess.run(
            [harness.PROGRAM, "route", "--config", str(daemon.file)], input=names, capture_output=True, check=True
        )
        for number, line in enumerate(asked.stdout.splitlines()):
            for owner in line.decode().split("\t")[1:]:
                owned[owner][number] = 1
        return owned

    def print_duplicates(self, what, count):
        arrived = sum(each.total for each in self.got.values())
        print(f"{what}: {count} points, {KILLS} kills at {RATE}/s: {(arrived - count) / count:.2%} arrived twice",
              file=sys.stderr)  # fmt: skip

    def each_waits_for_its_own(self, **keys):
        daemon = self.begin(**keys)
        count = self.kill_in_turn(daemon)
        self.wait_delivered(daemon)
        owned = self.owners(daemon, count)
        for name in MEMBERS:
            self.assertEqual(self.got[name].strange, 0)
            for number in range(count):
                if self.got[name].has(number) != bool(owned[name][number]):
                    self.fail(f"{name}: point {number} is {'' if owned[name][number] else 'not '}its own")
            self.assertGreater(owned[name].count(1), 0)

    def somebody_gets_each(self, **keys):
        daemon = self.begin(**keys)
        count = self.kill_in_turn(daemon)
        self.wait_delivered(daemon)
        for number in range(count):
            if not any(each.has(number) for each in self.got.values()):
                self.fail(f"nobody got point {number} of {count}")
        for each in self.got.values():
            self.assertEqual(each.strange, 0)
        self.print_duplicates(keys["select"], count)
        return daemon, count

    def test_each_waits_for_its_own_points_in_carbon_ch(self):
        self.each_waits_for_its_own(select="carbon_ch")

    def test_each_waits_for_its_own_points_in_fnv1a_ch(self):
        self.each_waits_for_its_own(select="fnv1a_ch")

    def test_each_waits_for_its_own_points_in_jump_fnv1a_ch_with_two_copies(self):
        self.each_waits_for_its_own(select="jump_fnv1a_ch", replication=2)

    def test_any_of(self):
        daemon, count = self.somebody_gets_each(select="any_of")
        reader = daemon.now()["clusters"][0]["reader"]
        self.assertEqual(reader["points_received_total"], count)
        self.assertEqual(reader["points_acknowledged_total"], count)

    def test_balance(self):
        daemon, count = self.somebody_gets_each(select="balance")
        shares = [daemon.to(name)["points_acknowledged_total"] for name in MEMBERS]
        self.assertGreaterEqual(sum(shares), count)

    def test_failover(self):
        daemon, _ = self.somebody_gets_each(select="failover")
        shares = [daemon.to(name)["points_acknowledged_total"] for name in MEMBERS]
        self.assertGreater(shares[0], shares[2])

    def test_any_of_gives_each_name_to_its_own_member_while_all_are_up(self):
        daemon = self.begin(select="any_of")
        count = 3000
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, count)))
        self.wait_delivered(daemon)
        self.assertEqual(sum(each.total for each in self.got.values()), count)
        self.assertTrue(all(each.unique > count / 6 for each in self.got.values()))
        again = {name: each.total for name, each in self.got.items()}
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, count)))
        self.wait_delivered(daemon)
        self.assertEqual({name: each.total for name, each in self.got.items()}, {name: 2 * one for name, one in again.items()})
        self.assertEqual({name: each.unique for name, each in self.got.items()}, again)

    def test_failover_keeps_to_the_first_that_is_up(self):
        daemon = self.begin(select="failover")
        self.assertIn("cluster eu: m0, m1, m2\n  goes to eu/m0\n", daemon.command("route", "x").stdout)
        first = 0
        for down, expected in (([], "m0"), (["m0"], "m1"), (["m0", "m1"], "m2"), ([], "m0")):
            for name in MEMBERS:
                want = "backing_off" if name in down else "connected"
                if (daemon.to(name)["state"] == "connected") != (name not in down):
                    (self.receivers[name].die if name in down else self.receivers[name].start)()
                wait_until(lambda name=name, want=want: (daemon.to(name)["state"] == "connected") == (want == "connected"), want)
            before = {name: each.total for name, each in self.got.items()}
            self.assertTrue(harness.send(daemon.listening(), points.plain(first, first + 100)))
            wait_until(lambda before=before, expected=expected: self.got[expected].total == before[expected] + 100, expected)
            self.assertEqual(sum(each.total for each in self.got.values()), sum(before.values()) + 100)
            self.wait_delivered(daemon)
            first += 100

    def test_others_stand_in_for_a_member_that_is_down_for_long(self):
        daemon = self.begin(select="carbon_ch", on_member_down="reroute_after:500ms")
        count = 10_000
        self.receivers["m1"].die()
        wait_until(lambda: daemon.to("m1")["state"] != "connected", "it is seen to be down")
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, count)))
        wait_until(lambda: daemon.to("m1")["points_pending"] == 0, "others have its points")
        self.assert_adds_up(daemon.now())
        owned = self.owners(daemon, count)
        own = owned["m1"].count(1)
        self.assertEqual(daemon.to("m1")["points_rerouted_total"], own)
        self.assertEqual(sum(each.total for each in self.got.values()), count)
        self.assertEqual(self.got["m1"].total, 0)
        for name in ("m0", "m2"):
            self.assertTrue(all(self.got[name].has(number) for number in range(count) if owned[name][number]))
            self.assertGreater(self.got[name].unique, owned[name].count(1), "both have some of them")
        # It is back: what comes now is its own again.
        self.receivers["m1"].start()
        wait_until(lambda: daemon.to("m1")["state"] == "connected", "it is back")
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, count)))
        self.wait_delivered(daemon)
        self.assertEqual(self.got["m1"].unique, own)

    def test_points_of_a_member_that_is_down_are_rerouted_under_load(self):
        self.somebody_gets_each(select="fnv1a_ch", on_member_down="reroute_after:300ms")

    def test_what_waited_for_destinations_waits_for_the_cluster_that_they_are_put_into(self):
        daemon = self.begin(select="carbon_ch")
        for name in MEMBERS:
            self.receivers[name].die()
        for name in MEMBERS:
            wait_until(lambda name=name: daemon.to(name)["state"] != "connected", "all are down")
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, 3000)))
        config = dict(daemon.config)
        self.cluster["select"] = "balance"
        daemon.configure(config["destination"], config["input"], cluster=[self.cluster], queue={"max_size": "1GiB"})
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in daemon.log_text(), "the reload")
        self.receivers["m1"].start()
        wait_until(lambda: daemon.now()["clusters"][0]["reader"]["points_pending"] == 0, "all of it is delivered")
        self.assert_all_arrived(self.got["m1"], 0, 3000)
        self.assert_adds_up(daemon.now())

    def test_a_changed_cluster_loses_nothing_that_waits(self):
        daemon = self.begin(select="any_of")
        for name in MEMBERS:
            self.receivers[name].die()
        for name in MEMBERS:
            wait_until(lambda name=name: daemon.to(name)["state"] != "connected", "all are down")
        self.assertTrue(harness.send(daemon.listening(), points.plain(0, 5000)))
        self.receivers["m0"].start()
        wait_until(lambda: self.got["m0"].unique > 0, "some of it is taken")
        config = dict(daemon.config)
        self.cluster["members"] = ["m2", "m0"]
        daemon.configure(config["destination"][::2], config["input"], cluster=[self.cluster], queue={"max_size": "1GiB"})
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in daemon.log_text(), "the reload")
        self.receivers["m2"].start()
        wait_until(lambda: daemon.now()["clusters"][0]["reader"]["points_pending"] == 0, "all of it is delivered")
        missing = [n for n in range(5000) if not (self.got["m0"].has(n) or self.got["m2"].has(n))]
        self.assertEqual(missing, [])
        self.assert_adds_up(daemon.now())


if __name__ == "__main__":
    harness.main()
