#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What libmodseal.so exports is what its public headers declare, all of it begins with ms_, and
each public function has a comment of its own.

usage: symbols.py LIBRARY INCLUDE-DIRECTORY
"""
import pathlib
import re
import subprocess
import sys

# A comment that ends right above (or nothing), then a declaration marked as public.
DECLARATION = re.compile(r"(\*/\n)?^MS_API\b([^;]*);", re.MULTILINE)
NAME = re.compile(r"\b(\w+)\s*\(")


def exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return {line.split()[-1].split("@")[0] for line in output.splitlines()}


def declared(header):
    """(name, has a comment) of each public function."""
    for match in DECLARATION.finditer(header.read_text()):
        yield NAME.search(match[2])[1], bool(match[1])


def main():
    library, include = sys.argv[1:]
    symbols = exported(library)
    names, bad = set(), []
    for header in sorted(pathlib.Path(include).rglob("*.h")):
        for name, has_comment in declared(header):
            names.add(name)
            if not has_comment:
                bad.append(f"{header}: {name} has no comment")
    if not names:
        sys.exit(f"no public function below {include}")
    bad += [f"{name} is exported and does not begin with ms_"
            for name in sorted(symbols) if not name.startswith("ms_")]
    bad += [f"{name} is declared, but not exported" for name in sorted(names - symbols)]
    bad += [f"{name} is exported, but in no public header" for name in sorted(symbols - names)]
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
