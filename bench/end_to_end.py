#!/usr/bin/python3
"""Sends lines through a real daemon: load_generator -> carbon-spool -> counting_sink.

Prints how many lines a second arrived and what the daemon alone took for them: processor seconds
a million lines, and its peak resident memory. All three programs share this machine's processors,
so the rate says less than the processor seconds do.
"""

import argparse

import pipeline


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_options(parser)
    options = parser.parse_args()
    done = pipeline.measure(options)
    million = options.lines / 1e6
    print(f"lines sent                        {options.lines:,} in {done.sent['seconds']:.2f} s, "
          f"confirmed: {options.lines / done.sent['seconds']:,.0f} a second")
    print(f"lines arrived                     {options.lines:,} in {done.arrived['seconds']:.2f} s: "
          f"{done.lines_per_second:,.0f} a second")
    print(f"sent again                        {done.end['lines'] - options.lines:,.0f}")
    print(f"daemon, cpu s a million lines     {done.cpu_per_million:.3f}")
    print(f"daemon, peak resident memory      {done.memory_mib:.1f} MiB")
    print(f"generator, cpu s a million lines  {done.sent['cpu_seconds'] / million:.3f}")
    print(f"sink, cpu s a million lines       {done.arrived['cpu_seconds'] / million:.3f}")


main()
