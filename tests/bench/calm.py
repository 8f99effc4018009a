# SPDX-License-Identifier: Apache-2.0
"""What others make the processors do meanwhile, and what the kernel does for oneself."""
import os
import resource
from pathlib import Path
from time import monotonic, sleep

LIMIT = 0.2        # processors that others may use
PATIENCE = 20      # seconds to wait for that


def busy():
    """Seconds that all processors worked, for anybody."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, *interrupts = map(int, stat.readline().split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def own():
    """Seconds of this process and of those that it waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def kernel():
    """Seconds that each of the kernel's own threads worked (the file system's, a loop device's)."""
    seconds = {}
    for thread in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{thread}/stat").read_text().rsplit(")", 1)[1].split()[1] == "2":
                seconds[thread] = int(Path(f"/proc/{thread}/schedstat").read_text().split()[0]) / 1e9
        except OSError:
            pass  # it ended
    return seconds


class Watch:
    """From its making on."""

    def __init__(self):
        self.threads = kernel()
        self.start, self.busy, self.own = monotonic(), busy(), own()

    def kernel(self):
        """Seconds that the kernel's own threads worked."""
        return sum(now - self.threads.get(thread, 0) for thread, now in kernel().items())

    def others(self):
        """How many processors others used, on average; what the kernel wrote was one's own."""
        seconds, used = monotonic() - self.start, busy() - self.busy - (own() - self.own)
        return (used - self.kernel()) / seconds


def wait():
    """Until others leave the processors alone, or patience ends."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        watch = Watch()
        sleep(0.2)
        if watch.others() < LIMIT:
            return
