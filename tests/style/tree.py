"""What the style tests share: which files are ours, and how a test ends."""

import os
import sys

SKIPPED_FOLDERS = {".git", "build", "run", "__pycache__"}


def files(root, endings=None):
    """Paths relative to `root` of the files in the tree, what is built or run in it left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not (f in SKIPPED_FOLDERS or f.startswith(".cache")))
        for name in sorted(names):
            if endings is None or name.endswith(endings):
                yield os.path.relpath(os.path.join(folder, name), root)


def text_of(root, path):
    """The text of a file, or None if it is not text."""
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        return None


def finish(findings, what):
    """Prints what was found; exit code 1 if anything was."""
    for finding in findings:
        print(finding)
    print(f"{len(findings)} {what}")
    sys.exit(1 if findings else 0)
