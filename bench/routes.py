#!/usr/bin/python3
"""What routes cost a real daemon: the same load without a route and with 200 that have expressions, in
turn, several times; and what memory ten million series take that come once each.

Prints medians, and the ratio of both, which says more than either: whatever else the machine does
hits both.
"""

import argparse
import copy
import statistics

import pipeline


def two_hundred_routes():
    """As a site might have them: by host, by what is measured, a few that exclude. The last takes every point."""
    text = ""
    for i in range(199):
        match, exclude = [
            (rf"^servers\.dc1\.web-{i}[0-9]\.", None),
            (rf"\.(cpu|loadavg)\.[a-z0-9]+{i}$", None),
            (rf"^servers\.[^.]+\.db{i}\..*\.count$", None),
            (rf"^stats\.timers\..*\.upper_{i}", r"\.debug\."),
        ][i % 4]
        text += f"[[route]]\nmatch = ['{match}']\nto = ['sink']\n"
        if exclude:
            text += f"exclude = ['{exclude}']\n"
    return text + "[[route]]\nto = ['sink']\n"


def print_runs(what, runs):
    rates = [run.lines_per_second for run in runs]
    cpu = [run.cpu_per_million for run in runs]
    print(f"{what:<22} {statistics.median(rates):>12,.0f} lines/s ({min(rates):,.0f} to {max(rates):,.0f}), "
          f"{statistics.median(cpu):.3f} cpu s a million lines, "
          f"{max(run.memory_mib for run in runs):.0f} MiB at most")
    return statistics.median(rates), statistics.median(cpu)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_options(parser)
    parser.set_defaults(series=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--once", type=int, default=10_000_000, help="series that come once each; 0: not measured")
    options = parser.parse_args()

    routes = two_hundred_routes()
    without, routed = [], []
    for _ in range(options.runs):
        without.append(pipeline.measure(options))
        routed.append(pipeline.measure(options, routes))
    rate_without, cpu_without = print_runs("no route", without)
    rate_routed, cpu_routed = print_runs("200 routes", routed)
    print(f"ratio                  {rate_routed / rate_without:.2f} of the lines/s, "
          f"{cpu_routed / cpu_without:.2f} times the cpu")
    if options.once:
        once = copy.copy(options)
        once.lines = once.series = options.once
        print_runs(f"{options.once:,} once", [pipeline.measure(once, routes)])


main()
