# SPDX-License-Identifier: Apache-2.0
"""What others make the processors do meanwhile."""
import os
import resource
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


class Watch:
    """From its making on."""

    def __init__(self):
        self.start, self.busy, self.own = monotonic(), busy(), own()

    def others(self):
        """How many processors others used, on average."""
        return (busy() - self.busy - (own() - self.own)) / (monotonic() - self.start)


def wait():
    """Until others leave the processors alone, or patience ends."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        watch = Watch()
        sleep(0.2)
        if watch.others() < LIMIT:
            return
