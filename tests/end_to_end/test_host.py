"""Host inputs of the real program: what is sampled of a folder and of this machine arrives, over an outage."""

import signal

import harness
from harness import destination, wait_until


class Lines:
    """What a receiver got, by name: (value, timestamp), in order."""

    def __init__(self):
        self.of = {}

    def __call__(self, data):
        for line in data.splitlines():
            name, value, timestamp = line.decode().split(" ")
            self.of.setdefault(name, []).append((value, int(timestamp)))


def host(**keys):
    return [{"type": "host", "interval": "1s", "hostname": "web01", **keys}]


class Host(harness.EndToEnd):
    def root(self, memory):
        root = self.folder / "root"
        (root / "proc").mkdir(parents=True, exist_ok=True)
        (root / "proc" / "meminfo").write_text(memory)
        return str(root)

    def test_samples_wait_for_a_graphite_that_is_down(self):
        lines = Lines()
        receiver = self.receiver(lines)
        inputs = host(root=self.root("Buffers: 1216 kB\n"), collectors=["memory", "vmstat"])
        daemon = self.daemon([destination(receiver.url)], inputs).start()
        wait_until(lambda: daemon.to()["points_pending"] >= 3, "samples wait")
        self.assertEqual({}, lines.of)
        failing = daemon.now()["inputs"][0]["failing"]
        self.assertEqual({"vmstat": "/proc/vmstat: No such file or directory"}, failing)
        receiver.start()
        name = "servers.web01.memory.Buffers"
        wait_until(lambda: len(lines.of.get(name, [])) >= 4, "the samples arrive")
        self.assertEqual({name}, set(lines.of))
        self.assertEqual({"1245184"}, {value for value, _ in lines.of[name]})
        stamps = sorted(stamp for _, stamp in lines.of[name])
        self.assertEqual(len(stamps), len(set(stamps)))
        self.assertEqual(1, daemon.log_text().count("vmstat: /proc/vmstat"))

    def test_this_machine_is_sampled(self):
        lines = Lines()
        receiver = self.receiver(lines).start()
        daemon = self.daemon([destination(receiver.url)], host()).start()
        wanted = {f"servers.web01.{name}" for name in ("cpu.total.idle", "memory.MemTotal", "loadavg.01", "vmstat.pgfault")}
        wait_until(lambda: wanted <= set(lines.of), "what every machine has arrives")
        self.assertEqual(0, daemon.now()["inputs"][0]["rejected_total"])

    def test_a_reload_changes_what_is_sampled(self):
        lines = Lines()
        receiver = self.receiver(lines).start()
        root = self.root("Buffers: 1216 kB\n")
        daemon = self.daemon([destination(receiver.url)], host(root=root, collectors=["memory"])).start()
        wait_until(lambda: "servers.web01.memory.Buffers" in lines.of, "a sample arrives")
        daemon.configure([destination(receiver.url)], host(root=root, collectors=["memory"], suffix="prod"))
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "servers.web01.prod.memory.Buffers" in lines.of, "the new name arrives")


if __name__ == "__main__":
    harness.main()
