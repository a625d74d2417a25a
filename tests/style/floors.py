"""Fails on an #include that the floors of docs/architecture.md do not allow.

A module may include its own headers and those of lower floors; never of higher ones, never of
another module on its own floor. Each library has a few modules that may know it.

    floors.py ROOT
"""

import re
import sys

import tree

FLOORS = {
    "base": 1,
    "wire": 2,
    "queue": 2,
    "route": 3,
    "statsd": 3,
    "logs": 3,
    "host": 3,
    "input": 4,
    "output": 4,
    "admin": 4,
    "daemon": 5,
    "main": 6,
}

# The headers of a library, and who may include them.
LIBRARIES = [
    (r"rocksdb/", {"queue"}),
    (r"toml(\.hpp$|/)", {"daemon"}),
    (r"CLI/", {"main"}),
    (r"spdlog/", {"base"}),
    (r"nlohmann/", {"admin", "logs", "wire"}),
    (r"boost/asio", {"input", "output", "admin", "main"}),
    (r"boost/beast", {"input", "output"}),
    (r"boost/outcome", {"base"}),
    (r"re2/", {"route", "logs", "host"}),
    (r"openssl/", {"route"}),
    (r"zlib\.h$", {"logs"}),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
PUBLIC = re.compile(r"(?:include/)?carbon_spool/(\w+)/")


def module_of(path):
    """The module that a file of include/ or src/ belongs to."""
    match = re.match(r"(?:include/carbon_spool|src)/(\w+)/", path)
    return match.group(1) if match else None


def complaint(module, header):
    """Why `module` may not include `header`, or None."""
    public = PUBLIC.match(header)
    if public:
        other = public.group(1)
        if other not in FLOORS:
            return f"{other} has no floor"
        if other != module and FLOORS[other] >= FLOORS[module]:
            return f"{module} is on floor {FLOORS[module]}, {other} on floor {FLOORS[other]}"
    elif "../" in header:
        return "include public headers, not another folder's files"
    for pattern, modules in LIBRARIES:
        if re.match(pattern, header) and module not in modules:
            return f"only {', '.join(sorted(modules))} may include it"
    return None


def check(root):
    """Every forbidden include under `root`, as `file:line: header: why`."""
    findings = []
    for path in tree.files(root, (".h", ".cc")):
        if not path.startswith(("include/", "src/")):
            continue
        module = module_of(path)
        if module not in FLOORS:
            findings.append(f"{path}: belongs to no module that has a floor")
            continue
        text = tree.text_of(root, path)
        for include in INCLUDE.finditer(text):
            why = complaint(module, include.group(1))
            if why:
                line = text.count("\n", 0, include.start(1)) + 1
                findings.append(f"{path}:{line}: {include.group(1)}: {why}")
    return findings


if __name__ == "__main__":
    tree.finish(check(sys.argv[1]), "includes that the floors do not allow")
