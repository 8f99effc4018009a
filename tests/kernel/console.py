# SPDX-License-Identifier: Apache-2.0
"""A machine in qemu whose serial line is all there is to see and type on."""
import os
import re
import select
import subprocess
import time


class Console:
    """Runs a qemu whose `-serial stdio` this is. What comes is kept in a file as it comes."""

    def __init__(self, command, log):
        self.log = open(log, "wb")
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
        self.text = ""  # what came and was not waited for yet

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.qemu.kill()
        self.qemu.wait()
        self.log.close()

    def read(self, seconds):
        """Takes in what comes within this time; False if nothing came."""
        if not select.select([self.qemu.stdout], [], [], max(0, seconds))[0]:
            return False
        data = os.read(self.qemu.stdout.fileno(), 65536)
        if not data:
            raise EOFError(f"qemu ended ({self.qemu.wait()})")
        self.log.write(data)
        self.log.flush()
        self.text += data.decode("cp437")
        return True

    def wait(self, pattern, seconds):
        """Waits for a regular expression; returns its match, and forgets all up to its end."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.text)
            if match:
                self.before, self.text = self.text[:match.start()], self.text[match.end():]
                return match
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no '{pattern}' within {seconds} s")
            self.read(left)

    def type(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()
