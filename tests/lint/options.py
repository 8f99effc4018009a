#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every option that a command's --help names is explained in its man page, every one that the page
explains is the command's, and every one that it mentions is some command's.

usage: options.py PROGRAM MAN-DIRECTORY
"""
import pathlib
import re
import subprocess
import sys


def said(*command):
    return subprocess.run(command, check=True, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE).stdout


def commands(program, *family):
    """Names of the program's commands, as lists of words: those of a family by their members."""
    parts = said(program, *family, "--help").split("\nCommands:\n")
    if len(parts) == 1:
        return [family]
    names = [line.split()[0] for line in parts[1].split("\n\n")[0].splitlines()]
    return [member for name in names for member in commands(program, *family, name)]


def of_help(program, command):
    """Options that --help lists, long and short."""
    options = set()
    for line in said(program, *command, "--help").splitlines():
        match = re.match(r"  (?:(-\w), |    )(--[\w-]+)", line)
        if match:
            options.update(filter(None, match.groups()))
    return options


def plain(page):
    """A man page's text without its macros' quoting."""
    text = re.sub(r'^\.\\".*$', "", page.read_text(), flags=re.MULTILINE)
    return re.sub(r"\\f[BIRP]", "", text).replace("\\-", "-")


def listed(text):
    """Options that have a paragraph of their own."""
    options = set()
    for line in re.findall(r"^\.TP\n(-.*)$", text, re.MULTILINE):
        options.update(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", line))
    return options


# Programs whose options are mentioned as well.
FOREIGN = re.compile(r"\bmokutil --[\w-]+")


def mentioned(text):
    text = FOREIGN.sub("", text)
    return set(re.findall(r"(?<![\w-])(--[a-z][\w-]*)", text))


def main():
    program, man = sys.argv[1], pathlib.Path(sys.argv[2])
    helps = {command: of_help(program, command) for command in commands(program)}
    every, bad = {"--help", "--version"}.union(*helps.values()), []
    for command, options in helps.items():
        page, name = man / f"modseal-{'-'.join(command)}.1", " ".join(command)
        if not page.is_file():
            bad.append(f"modseal {name} has no man page")
            continue
        if "--help" not in options:
            bad.append(f"modseal {name} --help lists no options")
        text = plain(page)
        bad += [f"{page.name}: {option} is not explained"
                for option in sorted(options - listed(text))]
        bad += [f"{page.name}: modseal {name} has no {option}"
                for option in sorted(listed(text) - options)]
    bad += [f"{page.name}: no command has {option}"
            for page in sorted(man.glob("*.1"))
            for option in sorted(mentioned(plain(page)) - every)]
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
