"""The real StatsD and our aggregation, run on the same script (see statsd_lines.cc)."""

import json
import os
import shutil
import subprocess

VERSION = "0.9.0"  # the newest on npm, with the code paths of 0.10.2
DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "statsd_driver.js")
STATSD_LINES = os.environ.get("STATSD_LINES", "build/dev/tests/peers/statsd_lines")

# What our options are called in StatsD's configuration; those of its backend are in `graphite`.
KEYS = {
    "flush_interval": "flushInterval", "sanitize_names": "keyNameSanitize", "delete_counters": "deleteCounters",
    "delete_timers": "deleteTimers", "delete_sets": "deleteSets", "delete_gauges": "deleteGauges",
    "gauges_max_ttl": "gaugesMaxTTL", "percent_threshold": "percentThreshold", "histogram": "histogram",
    "calculated_timer_metrics": "calculatedTimerMetrics", "flush_counts": "flush_counts", "prefix_stats": "prefixStats",
}
GRAPHITE_KEYS = {
    "legacy_namespace": "legacyNamespace", "global_prefix": "globalPrefix", "prefix_counter": "prefixCounter",
    "prefix_timer": "prefixTimer", "prefix_gauge": "prefixGauge", "prefix_set": "prefixSet",
    "global_suffix": "globalSuffix",
}


def install(folder):
    """Installs the real one with npm and returns its folder. Fails where there is no npm."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: scripts/install-packages test")
    subprocess.run(["npm", "install", "--prefix", folder, "--omit=optional", "--ignore-scripts", "--no-audit",
                    "--no-fund", "--loglevel=error", f"statsd@{VERSION}"], check=True, timeout=300)
    installed = os.path.join(folder, "node_modules", "statsd")
    with open(os.path.join(installed, "package.json"), encoding="utf-8") as file:
        if json.load(file)["version"] != VERSION:
            raise SystemExit(f"npm installed another version of statsd than {VERSION}")
    return installed


def their_config(options):
    """Our options as a configuration of StatsD that has the driver for its server."""
    config = {"graphiteHost": "127.0.0.1", "servers": [{"server": DRIVER}], "graphite": {}}
    for key, value in options.items():
        if key in GRAPHITE_KEYS:
            config["graphite"][GRAPHITE_KEYS[key]] = value
        else:
            config[KEYS[key]] = value
    return json.dumps(config)


def option_lines(options):
    lines = []
    for key, value in options.items():
        if key == "histogram":
            for each in value:
                lines.append(f"histogram {each['metric'] or '*'} {','.join(str(b) for b in each['bins'])}".rstrip())
        elif isinstance(value, list):
            lines.append(f"{key} {','.join(str(each) for each in value)}")
        else:
            lines.append(f"{key} {json.dumps(value) if isinstance(value, bool) else value}")
    return "\n".join(lines) + "\n"


class Script:
    """What both are to do, and at what time."""

    def __init__(self, milliseconds):
        self.steps = []
        self.now = milliseconds
        self.at(milliseconds)

    def at(self, milliseconds):
        self.now = milliseconds
        self.steps.append(f"at {milliseconds}")

    def packet(self, packet):
        self.steps.append(f"packet {packet.hex()}")

    def flush(self):
        self.steps.append("flush")

    def ask(self, command):
        self.steps.append(f"ask {command}")

    @property
    def text(self):
        return "\n".join(self.steps) + "\n"


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return done.stdout.decode("utf-8", "surrogateescape").split("\0\n")[:-1]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def theirs(folder, statsd, options, script):
    """What each flush and each question printed."""
    config = write(folder, "config.js", their_config(options))
    return run(["node", DRIVER, config, write(folder, "script", script.text), statsd])


def ours(folder, options, script):
    config = write(folder, "options", option_lines(options))
    return run([STATSD_LINES, config, write(folder, "script", script.text)])
