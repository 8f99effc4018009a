#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of its own and types at it. Prints what the terminal showed and
whether it echoes in the end; exits with the command's status, 124 after 30 seconds.

usage: terminal.py [--at PROMPT TEXT]... -- COMMAND...
  --at PROMPT TEXT   once PROMPT is shown, type TEXT, in which ^C and ^D are those keys and \\n Enter
"""
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

SECONDS = 30


def arguments(args):
    answers = []
    while args[:1] == ["--at"]:
        answers.append((args[1].encode(), keys(args[2])))
        args = args[3:]
    if args[:1] != ["--"] or len(args) < 2:
        sys.exit(__doc__)
    return answers, args[1:]


def keys(text):
    for name, key in ("^C", "\x03"), ("^D", "\x04"), ("\\n", "\n"):
        text = text.replace(name, key)
    return text.encode()


def talk(child, terminal, answers):
    """What the terminal showed until the command's end, or None when time was up."""
    shown, seen, end = b"", 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        over = child.poll() is not None
        if select.select([terminal], [], [], 0 if over else 0.1)[0]:
            shown += os.read(terminal, 65536)
        elif over:
            return shown
        if answers and answers[0][0] in shown[seen:]:
            prompt, text = answers.pop(0)
            seen = shown.index(prompt, seen) + len(prompt)
            os.write(terminal, text)
    return None


def main():
    answers, command = arguments(sys.argv[1:])
    terminal, theirs = pty.openpty()
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                             start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    shown = talk(child, terminal, answers)
    if shown is None:
        child.kill()
        sys.exit(124)
    print(shown.decode(errors="replace").replace("\r\n", "\n"), end="")
    print("echo", "on" if termios.tcgetattr(theirs)[3] & termios.ECHO else "off", flush=True)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


sys.exit(main())
