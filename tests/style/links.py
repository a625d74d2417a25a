"""Fails on a relative link in a Markdown file whose target, file or heading, is not there.

    links.py ROOT
"""

import os
import re
import sys

import tree

FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def anchors(text):
    """What can be linked to in a text: its headings as GitHub names them."""
    headings = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check(root):
    findings = []
    for path in tree.files(root, ".md"):
        text = tree.text_of(root, path)
        # Blanks in place of code keep the line numbers.
        prose = CODE.sub("", FENCED.sub(lambda code: "\n" * code.group().count("\n"), text))
        for link in LINK.finditer(prose):
            target, _, anchor = link.group(1).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            where = f"{path}:{prose.count(chr(10), 0, link.start()) + 1}: {link.group(1)}"
            file = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if not os.path.exists(os.path.join(root, file)):
                findings.append(f"{where}: there is no such file")
            elif anchor and anchor not in anchors(tree.text_of(root, file)):
                findings.append(f"{where}: there is no such heading")
    return findings


if __name__ == "__main__":
    tree.finish(check(sys.argv[1]), "broken links")
