# SPDX-License-Identifier: Apache-2.0
"""Trees of modules that are signed again and again: as they were, wholly signed, and what lies
between. What a module should be once signed is taken from a run that nothing disturbed; with an RSA
key it is the same bytes each time."""
import collections
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess

TEMPORARY = ".*.modseal-??????"


def modules(directory):
    """Relative paths of all files but temporary ones."""
    found = []
    for at, _, names in os.walk(directory):
        found += [os.path.relpath(os.path.join(at, name), directory) for name in names
                  if not fnmatch.fnmatch(name, TEMPORARY)]
    return sorted(found)


def temporary(directory):
    return [os.path.join(at, name) for at, _, names in os.walk(directory) for name in names
            if fnmatch.fnmatch(name, TEMPORARY)]


class Tokens:
    """A copy of SoftHSM's tokens, for commands with `env`. For those that are killed it is made anew
    each time: C_Login rewrites a token's file, and one that is killed just then has no token any
    more. And one that is stopped may hold a lock on them."""

    def __init__(self, directory):
        conf = pathlib.Path(os.environ["SOFTHSM2_CONF"]).read_text(encoding="ascii")
        self.kept = re.search(r"^directories.tokendir = (.*)$", conf, re.MULTILINE)[1]
        self.own = directory / "tokens"
        own_conf = directory / "softhsm2.conf"
        own_conf.write_text(conf.replace(self.kept, str(self.own)), encoding="ascii")
        self.env = {"SOFTHSM2_CONF": str(own_conf)}
        self.mend()

    def mend(self):
        shutil.rmtree(self.own, ignore_errors=True)
        shutil.copytree(self.kept, self.own)


class Tree:
    """`old` is the pristine tree; what `sign` (a command that gets a directory as its last argument)
    makes of a copy is `new`. `work` is the copy that is put at risk."""

    def __init__(self, old, work, sign, verify):
        self.old, self.work = pathlib.Path(old), pathlib.Path(work)
        self.sign, self.verify = sign, verify
        self.names = modules(old)
        self.before = {name: (self.old / name).read_bytes() for name in self.names}
        self.reset()
        subprocess.run([*sign, self.work], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        self.after = {name: (self.work / name).read_bytes() for name in self.names}
        assert all(self.before[name] != self.after[name] for name in self.names)
        subprocess.run([*verify, self.work], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        # Names of one file, which have to stay that.
        inodes = collections.defaultdict(list)
        for name in self.names:
            inodes[(self.old / name).stat().st_ino].append(name)
        self.linked = [names for names in inodes.values() if len(names) > 1]

    def reset(self):
        shutil.rmtree(self.work, ignore_errors=True)
        subprocess.run(["cp", "-a", self.old, self.work], check=True)

    def states(self, at=None):
        """{name: "old" | "new" | "cut" | "wrong" | "gone"}; cut: some of the signature is there, or
        NUL bytes in its place."""
        at = at or self.work
        return {name: self.state(name, at / name) for name in self.names}

    def state(self, name, path):
        old, new = self.before[name], self.after[name]
        try:
            now = path.read_bytes()
        except FileNotFoundError:
            return "gone"
        if now == old:
            return "old"
        if now == new:
            return "new"
        tail = now[len(old):]
        if now.startswith(old) and len(now) <= len(new) and (
                new.startswith(now) or not tail.strip(b"\0") or
                new.startswith(old + tail.rstrip(b"\0"))):
            return "cut"
        return "wrong"

    def check_cut(self, states, at=None):
        """`verify` has the right word for each module whose signature was cut off."""
        for name, state in states.items():
            if state != "cut":
                continue
            said = subprocess.run([*self.verify, (at or self.work) / name], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
            assert said.returncode == 1 and ": interrupted" in said.stdout, said.stdout

    def finish(self, *options, at=None, links=True):
        """A rerun does the rest and clears away what is left."""
        at = at or self.work
        run = subprocess.run([*self.sign, "--keep-existing", *options, at], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False)
        assert run.returncode == 0, run.stdout
        states = self.states(at)
        assert set(states.values()) == {"new"}, (states, run.stdout)
        assert not temporary(at), temporary(at)
        return run.stdout


def summary(counts):
    return ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
