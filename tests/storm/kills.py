#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ends a batch by SIGKILL at moments of all kinds and looks at what it leaves: each module as it was
or wholly signed, or with --append a signature that was cut off; a rerun does the rest.

usage: kills.py [OPTION]... TREE SIGN-COMMAND...
    TREE                the modules to sign; they are copied
    --cert FILE         their signatures verify against it
    --option OPTION     one more for the command
    --calls LIB         the library of calls.c, which counts calls that change a file
    --kills N           that often, at random moments
    --each-call         instead before (and in the middle of) each single one of these calls
"""
import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import trees


def start(command, env=None):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=env)


def wait_for(process, seconds):
    """Its exit status, None if it still runs."""
    try:
        return process.wait(timeout=max(seconds, 0))
    except subprocess.TimeoutExpired:
        return None


class Storm:
    def __init__(self, tree, tokens, command, library, append):
        self.tree, self.tokens = tree, tokens
        self.command, self.library, self.append = command, library, append
        self.kills = 0
        self.seen = collections.Counter()
        self.progress = collections.Counter()  # tenths of the modules that were signed or waited

    def look(self):
        """After a kill."""
        states = self.tree.states()
        bad = {name: state for name, state in states.items()
               if state not in (("old", "new", "cut") if self.append else ("old", "new"))}
        assert not bad, bad
        self.tree.check_cut(states)
        self.kills += 1
        self.seen.update(states.values())
        waiting = len(trees.temporary(self.tree.work))
        done = waiting + sum(state == "new" for state in states.values())
        self.progress[min(done * 10 // len(states), 10)] += 1
        self.seen["temporary file"] += waiting

    def clear(self):
        self.tokens.mend()
        self.tree.finish(*(["--append"] if self.append else []))
        self.tree.reset()

    def calls_env(self, **more):
        return dict(os.environ, LD_PRELOAD=self.library, MODSEAL_CALLS_DIR=str(self.tree.work), **more)

    def once(self, duration, calls):
        """One kill: at a random time, at a random count of modules done, or at a random call."""
        kind = random.choice(["time", "count", "count", "call"])
        env = self.calls_env(MODSEAL_CALLS_KILL=str(random.randint(1, calls)))
        process = start([*self.command, self.tree.work], env if kind == "call" else None)
        begun = time.monotonic()
        if kind == "time":
            wait_for(process, random.uniform(0, duration))
        elif kind == "count":
            self.wait_for_count(process, random.randrange(len(self.tree.names)), duration)
        if kind != "call":
            process.send_signal(signal.SIGKILL)
        said = process.communicate(timeout=60)[0]
        assert process.returncode in (0, -signal.SIGKILL), said
        return time.monotonic() - begun, process.returncode

    def undisturbed(self):
        """How long the batch takes, and how many calls it makes."""
        log = self.tree.work.with_suffix(".log")
        begun = time.monotonic()
        subprocess.run([*self.command, self.tree.work], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, env=self.calls_env(MODSEAL_CALLS_LOG=str(log)))
        self.tree.reset()
        return time.monotonic() - begun, len(log.read_text(encoding="ascii").splitlines())

    def wait_for_count(self, process, wanted, duration):
        sizes = {name: (self.tree.old / name).stat().st_size for name in self.tree.names}
        done = lambda: sum((self.tree.work / name).stat().st_size != size
                           for name, size in sizes.items())
        while process.poll() is None and done() < wanted:
            pass
        wait_for(process, random.uniform(0, 2 * duration / len(self.tree.names)))

    def at_random(self, kills):
        duration, calls = self.undisturbed()
        while self.kills < kills:
            took, status = self.once(duration, calls)
            if status == 0:  # it was faster: not a kill
                duration = took
                self.tree.reset()
                continue
            self.look()
            self.clear()

    def at_each_call(self):
        while True:
            process = start([*self.command, self.tree.work],
                            self.calls_env(MODSEAL_CALLS_KILL=str(self.kills + 1)))
            said = process.communicate(timeout=60)[0]
            if process.returncode == 0:  # there were no more
                break
            assert process.returncode == -signal.SIGKILL, said
            self.look()
            self.clear()
        assert self.kills > 2 * len(self.tree.names), self.kills


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert", required=True)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--kills", type=int)
    parser.add_argument("--each-call", action="store_true")
    parser.add_argument("--calls", required=True)
    parser.add_argument("tree")
    parser.add_argument("sign", nargs=argparse.REMAINDER)
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        tokens = trees.Tokens(directory)
        os.environ.update(tokens.env)
        tree = trees.Tree(args.tree, directory / "work", args.sign,
                          [args.sign[0], "verify", "-c", args.cert])
        tree.reset()
        storm = Storm(tree, tokens, [*args.sign, *args.option], args.calls,
                      "--append" in args.option)
        if args.each_call:
            storm.at_each_call()
        else:
            storm.at_random(args.kills)
    print(f"{storm.kills} kills; modules then: {trees.summary(storm.seen)}")
    spread = " ".join(str(storm.progress[tenth]) for tenth in range(11))
    print(f"kills by tenths of the modules that were signed or had a temporary file: {spread}")
    return 0


sys.exit(main())
