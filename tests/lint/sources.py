#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every file of the tree keeps to: a license line, no file of two ideas, nothing that is true
on one machine only, no white space at line ends.

usage: sources.py [TOP]
"""
import os
import pathlib
import re
import sys

LONGEST = 600  # lines of a source file
CODE = {".c", ".h", ".py", ".sh", ".bash", ".bats"}
# Directories of one machine's user or job. /tmp, /root and /usr are everybody's.
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|Users|workspace)/")


def files(top):
    """Paths of the tree, without what is built or fetched (.gitignore says the same)."""
    for directory, below, names in os.walk(top):
        at = pathlib.Path(directory).relative_to(top)
        below[:] = sorted(d for d in below if d not in (".git", ".cache", "__pycache__") and
                          not (at == pathlib.Path() and d.startswith("build")))
        for name in sorted(names):
            if name != "compile_commands.json" and (top / at / name).is_file():
                yield (at / name).as_posix()


def is_code(name, text):
    return pathlib.PurePath(name).suffix in CODE or text.startswith("#!")


def complaints(name, text):
    lines = text.splitlines()
    if is_code(name, text):
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            yield f"{name}: no license line"
        if len(lines) > LONGEST:
            yield f"{name}: {len(lines)} lines; over {LONGEST} is two ideas"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at its end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{name}:{number}: white space at its end"
        if MACHINE.search(line) and name != "tests/lint/sources.py":
            yield f"{name}:{number}: of one machine: {line.strip()}"


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                       pathlib.Path(__file__).resolve().parents[2])
    bad, seen = [], 0
    for name in files(top):
        try:
            text = (top / name).read_text()
        except UnicodeDecodeError:
            bad.append(f"{name}: not text")
            continue
        seen += 1
        bad += complaints(name, text)
    if not seen:
        sys.exit("no files were found")
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
