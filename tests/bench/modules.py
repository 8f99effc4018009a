# SPDX-License-Identifier: Apache-2.0
"""Real modules, bare, as files on the disk that is measured."""
import os
import shutil
import subprocess
from pathlib import Path

from tools import TOP, output_of


def corpus(full):
    """Modules as Debian ships them: the cloud kernel's, or those of the one for all machines."""
    more = ["--full"] if full else []
    found = sorted(Path(output_of([TOP / "tests/lib/corpus", *more]).strip()).rglob("*.ko"))
    if not found:
        raise SystemExit("no uncompressed modules to measure with")
    return found


def evenly(all_of_them, count):
    """Some of them, from everywhere: directories differ in the size of their modules."""
    count = min(count or len(all_of_them), len(all_of_them))
    return [all_of_them[i * len(all_of_them) // count] for i in range(count)]


class Modules:
    """A directory of bare modules that are signed again and again."""

    def __init__(self, directory):
        self.place, self.directory, self.passes = directory, directory / "0", 0
        self.files, self.sizes = [], []
        self.directory.mkdir(parents=True)
        # ext4 without a journal searches a new file's inode among those that were deleted a minute
        # ago, one by one, so that a pass pays for the ones before it. This spreads them.
        subprocess.run(["chattr", "+T", directory], stdin=subprocess.DEVNULL, capture_output=True)

    @classmethod
    def bare(cls, directory, shipped):
        """Copies, whose signatures are taken off."""
        modules = cls(directory)
        for number, source in enumerate(shipped):
            copy = modules.directory / str(number // 100) / f"{number}-{source.name}"
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, copy)
            modules.files.append(str(copy))
        for start in range(0, len(modules.files), 500):
            output_of([TOP / "tests/lib/unsign", *modules.files[start:start + 500]])
        return modules.settled()

    @classmethod
    def copies(cls, directory, source, count):
        """One module many times."""
        modules = cls(directory)
        for number in range(count):
            copy = modules.directory / str(number // 100) / f"{number}-{Path(source).name}"
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, copy)
            modules.files.append(str(copy))
        return modules.settled()

    @classmethod
    def packed(cls, directory, sources, ending, command):
        """Compressed by the tool that kbuild uses, which sees a file and so its size."""
        modules = cls(directory)
        for source in sources:
            packed = modules.directory / f"{Path(source).name}.{ending}"
            with open(packed, "wb") as out:
                subprocess.run([*command, source], stdin=subprocess.DEVNULL, stdout=out, check=True,
                               timeout=120)
            modules.files.append(str(packed))
        return modules.settled()

    def settled(self):
        self.kept = self.place / "kept"
        shutil.copytree(self.directory, self.kept)
        self.sizes = [os.stat(file).st_size for file in self.files]
        self.inodes = [os.stat(file).st_ino for file in self.files]
        self.on_disk()
        return self

    def on_disk(self):
        output_of(["sync", "-f", self.place])

    def __len__(self):
        return len(self.files)

    @property
    def bytes(self):
        return sum(self.sizes)

    def restore(self):
        """Cuts signatures off, or copies anew what was replaced. No pass shall pay for what the one
        before it left to be written. What is compressed is never only cut: it is all new when signed."""
        plain = all(file.endswith(".ko") for file in self.files)
        if plain and self.inodes == [os.stat(file).st_ino for file in self.files]:
            for file, size in zip(self.files, self.sizes):
                os.truncate(file, size)
        else:
            self.copy_anew()
        self.on_disk()

    def copy_anew(self):
        old, self.passes = self.directory, self.passes + 1
        self.directory = self.place / str(self.passes)
        shutil.rmtree(old)
        shutil.copytree(self.kept, self.directory)
        self.files = [str(self.directory / Path(file).relative_to(old)) for file in self.files]
        self.inodes = [os.stat(file).st_ino for file in self.files]

    def part(self, directory, count):
        """Some of them, in a directory of their own."""
        modules = Modules(directory)
        for file in evenly(self.files, count):
            copy = modules.directory / Path(file).name
            shutil.copyfile(file, copy)
            modules.files.append(str(copy))
        return modules.settled()
