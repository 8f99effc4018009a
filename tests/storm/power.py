#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power losses: signs modules on an ext4 file system in an image file, stops the batch before each
call that changes a file, and mounts a copy of the image as it is at that moment, which is what a
power cut would have left. Half of the time the journal has just been written, as it may be at any
time. Each module has to be as it was or wholly signed, or with --append cut off, which a rerun mends.

usage: power.py [OPTION]... TREE SIGN-COMMAND...
    TREE             the modules to sign; they are copied
    --calls LIB      the library of calls.c
    --cert FILE      their signatures verify against it
    --option OPTION  one more for the command
    --lossy          modules may be lost (--durability=none): they are only counted
Exit status 77: nothing can be mounted here.
"""
import argparse
import collections
import contextlib
import filecmp
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import trees

IMAGE_SIZE = 32 << 20
# ext4 by itself brings the data of a file that is renamed over another to the disk; nothing shall
# rest on that.
MOUNT = ["-o", "loop,noauto_da_alloc,commit=300"]


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def mounted(image, at):
    at.mkdir(exist_ok=True)
    run("mount", *MOUNT, image, at)
    try:
        yield at
    finally:
        run("umount", at)


def can_mount(directory):
    try:
        image = directory / "try"
        make_image(image)
        with mounted(image, directory / "tried"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def make_image(path):
    with open(path, "wb") as f:
        f.truncate(IMAGE_SIZE)
    run("mkfs.ext4", "-q", path)


def copy_of(image, to):
    """The image at one moment: when two copies are the same, nothing was written between them."""
    again = to.with_suffix(".again")
    for _ in range(100):
        run("cp", "--sparse=always", image, to)
        run("cp", "--sparse=always", image, again)
        if filecmp.cmp(to, again, shallow=False):
            return to
    raise RuntimeError("the image does not come to rest")


class Losses:
    def __init__(self, directory, tree, image, disk, args):
        self.directory, self.tree, self.image, self.disk = directory, tree, image, disk
        self.tokens = trees.Tokens(directory)
        self.append = "--append" in args.option
        self.args = args
        self.losses = 0
        self.seen = collections.Counter()

    def look(self, finished):
        """What a power cut at this moment would leave."""
        copy = copy_of(self.image, self.directory / "copy")
        with mounted(copy, self.directory / "after") as disk:
            work = disk / "work"
            states = self.tree.states(work)
            self.losses += 1
            self.seen.update(states.values())
            if self.args.lossy:
                return
            fine = {"new"} if finished else {"old", "new", "cut"} if self.append else {"old", "new"}
            bad = {name: state for name, state in states.items() if state not in fine}
            assert not bad, bad
            self.tree.check_cut(states, work)
            self.tree.finish(*(["--append"] if self.append else []), at=work)

    def write_journal(self):
        with open(self.disk / "other", "wb") as f:
            f.write(b"x")
            f.flush()
            os.fsync(f.fileno())

    def batch(self):
        work = self.disk / "work"
        env = dict(os.environ, **self.tokens.env, LD_PRELOAD=self.args.calls,
                   MODSEAL_CALLS_DIR=str(work), MODSEAL_CALLS_STOP="each")
        process = subprocess.Popen([*self.args.sign, *self.args.option, work], env=env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            while True:
                _, status = os.waitpid(process.pid, os.WUNTRACED)
                if not os.WIFSTOPPED(status):
                    break
                if self.losses % 2:
                    self.write_journal()
                self.look(False)
                process.send_signal(signal.SIGCONT)
        except BaseException:
            process.kill()
            process.wait()  # it holds the file system
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.returncode
        assert self.losses > len(self.tree.names), self.losses
        self.look(True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--lossy", action="store_true")
    parser.add_argument("tree")
    parser.add_argument("sign", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing stays mounted

    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        if not can_mount(directory):
            print("nothing can be mounted here")
            return 77
        tree = trees.Tree(args.tree, directory / "work", args.sign,
                          [args.sign[0], "verify", "-c", args.cert])
        image = directory / "image"
        make_image(image)
        with mounted(image, directory / "disk") as disk:
            run("cp", "-a", args.tree, disk / "work")
            run("sync", "-f", disk)
            losses = Losses(directory, tree, image, disk, args)
            losses.batch()
    print(f"{losses.losses} power losses; modules then: {trees.summary(losses.seen)}")
    return 0


sys.exit(main())
