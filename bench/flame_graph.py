#!/usr/bin/python3
"""Where the daemon's processor time goes, as a picture: a flame graph (SVG) of a whole run of end_to_end.py's pipeline.

    flame_graph.py [options of end_to_end.py] OUT.svg

Each box is a function, as wide as its share of the samples, standing on its caller; the bottom row is the threads.
Hover over a box for its name and share. perf(1) takes the samples, by the clock, with the stacks unwound from the
programs' own tables, so that no build needs frame pointers.
"""

import argparse
import collections
import html
import pathlib
import re
import subprocess
import tempfile
import zlib

import pipeline

FREQUENCY = 499  # samples a second of each processor
STACK_BYTES = 16384  # kept of each sample
WIDTH = 1200
ROW = 16
LETTER = 6.2  # width of one
LEAST = 2  # what is narrower is not drawn
ENTRY = re.compile(r"\s+[0-9a-f]+ (.+) \((.*)\)$")


class Frame:
    def __init__(self):
        self.samples = 0
        self.above = collections.defaultdict(Frame)

    def depth(self):
        return 1 + max((each.depth() for each in self.above.values()), default=0)


def short(name):
    """Without arguments, template arguments and our namespace."""
    name = re.sub(r"\+0x[0-9a-f]+$", "", name).replace("(anonymous namespace)::", "")
    before = None
    while before != name:
        before, name = name, re.sub(r"<[^<>]*>|\([^()]*\)", "", name)
    return name.replace("carbon_spool::", "").replace("rocksdb::", "rocksdb ").removesuffix(" const")


def stacks(text):
    """(thread, frames from the outermost on) of each sample that perf script prints."""
    for sample in text.split("\n\n"):
        lines = sample.splitlines()
        if not lines:
            continue
        thread = lines[0].rsplit(None, 1)[0].strip()
        frames = [match.group(1) for match in map(ENTRY.match, lines[1:]) if match]
        yield thread, [short(each) for each in reversed(frames)]


def fold(text):
    bottom = Frame()
    for thread, frames in stacks(text):
        at = bottom
        at.samples += 1
        for name in (thread, *frames):
            at = at.above[name]
            at.samples += 1
    return bottom


def color(name):
    kinds = {"rocksdb": (205, 120, 70), "[k]": (120, 140, 190)}
    red, green, blue = next((rgb for kind, rgb in kinds.items() if kind in name), (225, 170, 60))
    shade = zlib.crc32(name.encode()) % 30
    return f"rgb({red + shade // 2},{green + shade},{blue + shade // 2})"


def draw(bottom, title):
    rows = bottom.depth()
    height = (rows + 2) * ROW
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="10">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="4" y="{ROW - 4}">{html.escape(title)}</text>']  # fmt: skip

    def box(name, frame, x, row):
        width = frame.samples / bottom.samples * WIDTH
        if width < LEAST:
            return
        y = height - (row + 1) * ROW
        text = html.escape(name[: int(width / LETTER)] if width > 4 * LETTER else "")
        share = f"{html.escape(name)}: {100 * frame.samples / bottom.samples:.1f} %"
        out.append(f'<g><title>{share}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.3, 0.3):.1f}" '
                   f'height="{ROW - 1}" fill="{color(name)}"/><text x="{x + 2:.1f}" y="{y + ROW - 5}">{text}</text></g>')  # fmt: skip
        for above, its in sorted(frame.above.items()):
            box(above, its, x, row + 1)
            x += its.samples / bottom.samples * WIDTH

    x = 0.0
    for name, frame in sorted(bottom.above.items()):
        box(name, frame, x, 0)
        x += frame.samples / bottom.samples * WIDTH
    return "\n".join([*out, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_options(parser)
    parser.add_argument("--title", default="carbon-spool")
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.NamedTemporaryFile(suffix=".perf") as data:
        record = ["perf", "record", "--quiet", "-e", "cpu-clock", "-F", str(FREQUENCY), "--call-graph", f"dwarf,{STACK_BYTES}",
                  "-o", data.name, "-p"]  # fmt: skip
        done = pipeline.measure(options, during=lambda pid: subprocess.Popen([*record, str(pid)], stderr=subprocess.DEVNULL))
        script = subprocess.run(["perf", "script", "-i", data.name, "-F", "comm,ip,sym,dso", "--no-inline"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)  # fmt: skip
    bottom = fold(script.stdout)
    options.out.write_text(draw(bottom, f"{options.title}: {done.cpu_per_million:.2f} cpu s a million lines, {bottom.samples:,} samples"))


main()
