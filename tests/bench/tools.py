# SPDX-License-Identifier: Apache-2.0
"""Programs run for their cost: time, CPU time, peak memory."""
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
PIN = "1234"
PASS_SECONDS = 900


class NotHere(Exception):
    """What a measurement needs is not on this machine; says what."""


@dataclass
class Cost:
    wall: float   # seconds
    cpu: float    # seconds, user and system, of all processes
    peak: int = 0  # KiB, of the largest process
    kernel: float = 0  # seconds, of the kernel's own threads meanwhile


def output_of(command, **more):
    return subprocess.run(command, check=True, timeout=PASS_SECONDS, capture_output=True, text=True,
                          **({"stdin": subprocess.DEVNULL} | more)).stdout


def say(text):
    print(text, file=sys.stderr)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def cost_of(command, env=None, lines=()):
    """Runs it with lines on standard input; raises CalledProcessError with what it said."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as said:
        given.writelines(f"{line}\n" for line in lines)
        given.seek(0)
        start = monotonic()
        process = subprocess.Popen(["timeout", "-k", "5", str(PASS_SECONDS), *map(str, command)],
                                   stdin=given, stdout=said, stderr=said, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said.read())
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


class Programs:
    """Where everything is: the program, the token, the loops of this directory (compiled here)."""

    def __init__(self, work, options):
        self.work, self.threads = work, options.threads
        self.modseal, self.sign_file = str(options.modseal), str(options.sign_file)
        self.shim = options.modseal.resolve().parents[2] / "tests/faults/libmodseal_shim.so"
        fixtures = os.environ.get("MODSEAL_FIXTURES", work / "fixtures")
        if not Path(fixtures, "env").exists():
            output_of([TOP / "softhsm-fixtures/make", fixtures])
        self.soft, self.tokens = Path(fixtures) / "soft", Path(fixtures) / "tokens"
        os.environ["SOFTHSM2_CONF"], self.p11 = output_of(
            ["bash", "-c", '. "$0/env"; echo "$SOFTHSM2_CONF"; echo "$MODSEAL_P11"', fixtures]).split()
        # The machine's own configuration of OpenSSL is no part of this.
        os.environ["OPENSSL_CONF"] = "/dev/null"
        self.proxy = output_of(["pkg-config", "--variable=proxy_module", "p11-kit-1"]).strip()
        self.compile("p11loop", *output_of(["pkg-config", "--cflags", "p11-kit-1"]).split())
        self.compile("filefloor", "-lcrypto")
        self.compile("verifyloop", "-lcrypto")
        self.compile("packloop", "-lz", "-llzma", "-lzstd")

    def compile(self, name, *flags):
        output_of(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-pthread",
                   HERE / f"{name}.c", HERE / "loop.c", *flags, "-o", self.work / name])

    def loop(self, name, *arguments, before=(), **more):
        """One of the loops, which print their cost themselves: start and login are not in it."""
        return Cost(*map(float, output_of([*before, self.work / name, *map(str, arguments)],
                                          **more).split()))

    def c_sign(self, key, count, threads=None, module=None, **more):
        return self.loop("p11loop", module or self.p11, "soft", key, PIN, threads or self.threads,
                         count, **more)

    def c_sign_process(self, key):
        """The least that a process needs for one signature."""
        return cost_of([self.work / "p11loop", self.p11, "soft", key, PIN, 1, 1])

    def verify(self, key, count):
        return self.loop("verifyloop", self.soft / f"{key}.key.pem", self.threads, count)

    def file_floor(self, how, durability, files):
        return self.loop("filefloor", how, durability, self.threads, stdin=None,
                         input="".join(f"{file}\n" for file in files))

    def pack(self, files):
        return self.loop("packloop", self.threads, stdin=None,
                         input="".join(f"{file}\n" for file in files))

    def uri(self, key, more=""):
        return f"pkcs11:token=soft;object={key};type=private{more}"

    def sign(self, key, where, *options, module=None, env=(), uris=None, before=()):
        """`modseal sign` of all modules below a directory; uris instead of --module."""
        keys = [x for uri in uris or [self.uri(key)] for x in ("-k", uri)]
        module = [] if uris else ["--module", module or self.p11]
        if not any(str(option).startswith("--jobs") for option in options):
            options = (f"--jobs={self.threads}", *options)
        return cost_of([*before, self.modseal, "sign", "-q", *module, *keys,
                        "-c", self.soft / f"{key}.der", *options, where],
                       env=os.environ | {"MODSEAL_PIN": PIN} | dict(env))

    def sign_file_command(self, key, reference=None):
        return [self.sign_file, "sha256", str(reference or self.soft / f"{key}.key.pem"),
                str(self.soft / f"{key}.der")]

    def each(self, command, files, env=None):
        """A process a file, as many at a time as there are threads."""
        return cost_of(["xargs", "-n", 1, "-P", self.threads, "--process-slot-var=SIGN_FILE_SLOT",
                        *command], env=env, lines=files)
