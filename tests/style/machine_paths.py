"""Fails on a file that names a folder of the machine it was written on.

    machine_paths.py ROOT
"""

import re
import sys

import tree

# Folders that every Linux system has, which may be spoken of. Others at the front of the path to
# this tree exist on this machine only.
EVERYWHERE = {"etc", "home", "opt", "root", "srv", "tmp", "usr", "var"}


def patterns(root):
    forbidden = [re.escape(root) + r"\b", r"(?<![\w.])/(?:home|Users)/\w", r"(?<![\w.])/root/\w"]
    first = root.strip("/").split("/")[0]
    if first not in EVERYWHERE:
        forbidden.append(rf"(?<![\w./]){re.escape('/' + first)}/")
    return re.compile("|".join(forbidden))


def check(root):
    findings = []
    pattern = patterns(root)
    for path in tree.files(root):
        for number, line in enumerate((tree.text_of(root, path) or "").splitlines(), 1):
            match = pattern.search(line)
            if match:
                findings.append(f"{path}:{number}: {match.group()}")
    return findings


if __name__ == "__main__":
    tree.finish(check(sys.argv[1]), "machine paths")
