# SPDX-License-Identifier: Apache-2.0
"""What is measured, a part each. A part takes a Bench and returns rows: dicts that hold lists, one
figure a round. Rounds are interleaved: every row once, then all again, so that drift meets all."""
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import calm
from modules import Modules, evenly
from tools import PIN, TOP, Cost, NotHere, cost_of, output_of, progress

TRIES = 20  # of a figure with --calm
WAYS = {"replace": [], "append": ["--append"]}
PACKERS = {"xz": ["xz", "-c", "--check=crc32", "--lzma2=dict=1MiB"],
           "zst": ["zstd", "-c", "-q", "-T1"], "gz": ["gzip", "-c", "-n", "-9"]}
UNPACKERS = {"xz": "xz -dc", "zst": "zstd -dcq", "gz": "gzip -dc"}


class Bench:
    def __init__(self, work, programs, modules, options):
        self.work, self.programs, self.modules = work, programs, modules
        self.rounds, self.keys, self.quick = options.rounds, options.keys, options.quick
        self.calm = options.calm
        self.cores = min(options.threads, os.cpu_count())
        self.one = modules.part(work / "one", 1)

    def each_round(self, part, rows):
        """Rounds of rows, to be measured once each time that one is yielded."""
        for number in range(self.rounds):
            for row in rows:
                progress(f"{part}: round {number + 1} of {self.rounds}: "
                         + " ".join(str(value) for value in row.values() if isinstance(value, str)))
                yield row
        progress("")

    def run(self, measure, restore=None):
        """measure()'s cost; with --calm that of a try that nobody else disturbed, if there is one."""
        tries = []
        while True:
            if restore:
                restore()
            if self.calm:
                calm.wait()
            watch = calm.Watch()
            cost = measure()
            cost.kernel = watch.kernel()
            tries.append((watch.others(), cost))
            if not self.calm or tries[-1][0] < calm.LIMIT or len(tries) == TRIES:
                return min(tries, key=lambda one: one[0])[1]

    def sign(self, key, modules, *options, **more):
        """The cost of signing them all, without that of start, login and the first of them."""
        def sign(which):
            return self.run(lambda: self.programs.sign(key, which.directory, *options, **more),
                            which.restore)

        firsts = [sign(self.one) for _ in range(1 if self.quick else 3)]
        first = Cost(median(cost.wall for cost in firsts),
                     median(cost.cpu + cost.kernel for cost in firsts))
        every = sign(modules)
        return Rate(len(modules) - 1, every.wall - first.wall,
                    every.cpu + every.kernel - first.cpu), first

    def bare(self, key, **more):
        """C_Sign in a loop, and what its connections' servers do for it."""
        count = 4 * len(self.modules)
        its = self.run(lambda: self.programs.c_sign(key, count, **more))
        return Rate(count, its.wall, its.cpu)

    def bound(self, key, way, modules, codec=None):
        """Modules a second that nobody can beat who does what modseal does, and what that rests on:
        the rate of the files alone, and CPU seconds a module of its parts (one of them a codec's, if
        that was measured on the same modules)."""
        programs, count = self.programs, len(modules)
        floor = self.run(lambda: programs.file_floor(way, "batch", modules.files), modules.restore)
        costs = {"sign": self.run(lambda: programs.c_sign(key, count)),
                 "verify": self.run(lambda: programs.verify(key, count)), "file": floor}
        if codec:
            costs["codec"] = codec
        cpu = {f"cpu_{name}": cost.cpu / count for name, cost in costs.items()}
        cpu["cpu_file"] += floor.kernel / count  # the others give the kernel nothing to write
        files, cpu_bound = count / floor.wall, sum(cpu.values())
        return {"bound": min(files, self.cores / cpu_bound), "file_floor": files,
                "cpu_bound": cpu_bound, "cpu_kernel": floor.kernel / count, **cpu}


class Rate:
    def __init__(self, count, wall, cpu):
        self.rate = count / max(wall, 1e-6)  # modules a second; few may take no longer than one
        self.cpu = cpu / count               # CPU seconds a module, the kernel's threads with it


def add(row, **figures):
    for name, value in figures.items():
        row.setdefault(name, []).append(value)


def speed(bench):
    """modseal against the bound: what files allow, or what the processors do."""
    rows = [{"key": key, "way": way} for key in bench.keys for way in WAYS]
    for row in bench.each_round("speed", rows):
        key, way = row["key"], row["way"]
        bound = bench.bound(key, way, bench.modules)
        mine, first = bench.sign(key, bench.modules, *WAYS[way])
        add(row, rate=mine.rate, ratio=mine.rate / bound["bound"], cpu=mine.cpu, first=first.wall,
            **bound)
    return rows


def sign_file(bench):
    """modseal --append against the kernel's tool, a process a module."""
    programs = bench.programs
    few = bench.modules.part(bench.work / "few", 8 if bench.quick else 200)
    kinds = ["PEM key"]
    with provider(bench) as (program, env, missing):
        kinds += ["pkcs11 key"] if program else []
        rows = [{"key": key, "with": kind} for key in bench.keys for kind in kinds]
        for row in bench.each_round("sign-file", rows):
            key = row["key"]
            command, its_env = programs.sign_file_command(key), None
            if row["with"] != "PEM key":
                its_env = env
                command = [program, *programs.sign_file_command(
                    key, programs.uri(key, f"?pin-value={PIN}"))[1:]]
            its = bench.run(lambda: programs.each(command, few.files, its_env), few.restore)
            mine, _ = bench.sign(key, bench.modules, "--append")
            add(row, rate=mine.rate, sign_file=len(few) / its.wall,
                ratio=mine.rate * its.wall / len(few))
    if missing:
        rows.append({"key": "", "with": "pkcs11 key", "not_measured": missing})
    return rows


@contextmanager
def provider(bench):
    """sign-file with OpenSSL's pkcs11 provider, and processes that hold the token for it."""
    if bench.quick:
        yield None, None, "not in a quick run: it needs Debian 13's packages"
        return
    where = bench.work / "provider"
    where.mkdir()
    try:
        cost_of([TOP / "tests/bench/sign-file-provider", where])
    except subprocess.CalledProcessError as error:
        yield None, None, f"Debian 13's sign-file and provider are not to be had: {error.stderr.strip()}"
        return
    with ExitStack() as servers:
        for slot in range(bench.programs.threads):
            servers.enter_context(token_server(bench.programs, where, slot))
        yield where / "sign-file", os.environ | {"SIGN_FILE_SOCKET": f"unix:path={where}/socket"}, None


@contextmanager
def token_server(programs, where, slot):
    """One a process that signs at the same time, with a copy of the token: at each login SoftHSM2 writes
    its files, and another process that reads them meanwhile finds no key, or another one."""
    config = where / f"softhsm2.{slot}.conf"
    tokens = where / f"tokens.{slot}"
    shutil.copytree(programs.tokens, tokens)
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    server = subprocess.Popen(["p11-kit", "server", "-f", "-n", f"{where}/socket.{slot}", "--provider",
                               programs.p11, "pkcs11:token=soft"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=os.environ | {"SOFTHSM2_CONF": str(config)})
    try:
        server.stdout.readline()  # once it listens
        yield
    finally:
        server.terminate()
        server.wait(10)


def start(bench):
    """From the start of the program to the first signature, against SoftHSM2's own."""
    rows = [{"key": key} for key in bench.keys]
    for row in bench.each_round("start", rows):
        its = bench.run(lambda: bench.programs.c_sign_process(row["key"]))
        mine = bench.run(lambda: bench.programs.sign(row["key"], bench.one.directory,
                                                     "--durability=none"), bench.one.restore)
        add(row, start=mine.wall, softhsm2=its.wall, over=mine.wall - its.wall, cpu=mine.cpu - its.cpu)
    return rows


def flat(bench):
    """The cost a module, of few and of many that are all alike."""
    counts = [20, 60] if bench.quick else [100, 400, 1000, 4000]
    bench.modules.restore()  # a part before this one has signed them
    middle = sorted(bench.modules.files, key=os.path.getsize)[len(bench.modules) // 2]
    sets = {n: Modules.copies(bench.work / f"flat-{n}", middle, n) for n in counts}
    rows = [{"way": way, "modules": n} for way in WAYS for n in counts]
    for row in bench.each_round("flat", rows):
        mine, _ = bench.sign("p256", sets[row["modules"]], *WAYS[row["way"]])
        add(row, seconds=1 / mine.rate, cpu=mine.cpu)
    return rows


def memory(bench):
    """Peak memory: all modules; and very large ones, plain and compressed as kbuild does."""
    programs, rows = bench.programs, []
    for way, options in WAYS.items():
        bench.modules.restore()
        rows.append({"what": f"all modules, {way}",
                     "peak": [programs.sign("rsa2048", bench.modules.directory, *options).peak]})
    plain = large_modules(bench, 1 if bench.quick else 4)
    rows.append({"what": "19 MB modules, replace",
                 "peak": [programs.sign("rsa2048", plain.directory).peak]})
    for ending, command in PACKERS.items():
        if bench.quick and ending != "zst":
            continue
        plain.restore()
        packed = Modules.packed(bench.work / f"large-{ending}", plain.files, ending, command)
        rows.append({"what": f"19 MB modules, .ko.{ending}",
                     "peak": [programs.sign("rsa2048", packed.directory).peak]})
    return rows


def large_modules(bench, count):
    """Modules with a section of other modules' bytes, which compress as those do."""
    modules, bulk = Modules(bench.work / "large"), bench.work / "bulk"
    bench.modules.restore()
    with open(bulk, "wb") as out:
        while out.tell() < 19_000_000:
            for file in bench.modules.files:
                if out.tell() < 19_000_000:
                    out.write(Path(file).read_bytes())
    for number in range(count):
        file = modules.directory / f"{number}.ko"
        output_of(["objcopy", "--add-section", f".bulk={bulk}", bench.modules.files[number], file])
        modules.files.append(str(file))
    return modules.settled()


def far(bench):
    """A token that is far away: the shim of tests/faults waits in C_Sign, and computes nothing."""
    programs = bench.programs
    if not programs.shim.exists():
        raise NotHere(f"{programs.shim} is not built")
    some = bench.modules.part(bench.work / "far", 5 if bench.quick else 41)
    rows = [{"what": "5 ms, 16 jobs", "delay": "5ms", "jobs": 16, "sessions": None},
            {"what": "50 ms, one session", "delay": "50ms", "jobs": None, "sessions": "1"}]
    for row in bench.each_round("far", rows):
        env = {"MODSEAL_SHIM_MODULE": programs.p11, "MODSEAL_SHIM_DELAY": f"C_Sign:{row['delay']}"}
        if row["sessions"]:
            env["MODSEAL_SHIM_SESSIONS"] = row["sessions"]
        modules = some if row["sessions"] else bench.modules
        jobs = [f"--jobs={row['jobs']}"] if row["jobs"] else []
        its = bench.run(lambda: programs.c_sign("p256", len(modules), row["jobs"] or 1, programs.shim,
                                                env=os.environ | env))
        mine, _ = bench.sign("p256", modules, "--append", *jobs, module=programs.shim, env=env)
        add(row, rate=mine.rate, c_sign=len(modules) / its.wall, ratio=mine.rate * its.wall / len(modules))
    return rows


def compressed(bench):
    """Compressed modules, against what the compression itself costs, and against the tools."""
    programs = bench.programs
    bench.modules.restore()
    few, every = evenly(bench.modules.files, 4 if bench.quick else 120), bench.modules.files
    # zstd is done with a module in 0.3 ms: few would measure how a run starts and ends.
    sets = {ending: Modules.packed(bench.work / f"packed-{ending}", every if ending == "zst" else few,
                                   ending, command)
            for ending, command in PACKERS.items()}
    rows = [{"what": f".ko.{ending}", "ending": ending} for ending in PACKERS]
    for row in bench.each_round("compressed", rows):
        modules, ending = sets[row["ending"]], row["ending"]
        count = len(modules)
        codec = bench.run(lambda: programs.pack(modules.files), modules.restore)
        script = (f'{UNPACKERS[ending]} "$0" >"$0.ko" && {" ".join(programs.sign_file_command("p256"))} '
                  f'"$0.ko" && {" ".join(PACKERS[ending])} "$0.ko" >"$0" && rm "$0.ko"')
        tools = bench.run(lambda: programs.each(["sh", "-c", script], modules.files))
        bound = bench.bound("p256", "replace", modules, codec)
        mine, _ = bench.sign("p256", modules)
        add(row, rate=mine.rate, codec=count / codec.wall, tools=count / tools.wall, cpu=mine.cpu,
            ratio=mine.rate * codec.wall / count, to_bound=mine.rate / bound["bound"],
            to_tools=mine.rate * tools.wall / count, **bound)
    return rows


def durability(bench):
    """What it costs that a power loss spoils nothing."""
    rows = [{"way": way, "durability": kind} for way in WAYS for kind in ("none", "batch", "file")]
    for row in bench.each_round("durability", rows):
        floor = bench.run(lambda: bench.programs.file_floor(row["way"], row["durability"],
                                                            bench.modules.files), bench.modules.restore)
        mine, _ = bench.sign("p256", bench.modules, f"--durability={row['durability']}",
                             *WAYS[row["way"]])
        add(row, rate=mine.rate, file_floor=len(bench.modules) / floor.wall)
    return rows


def remote(bench):
    """The token behind p11-kit remote: one connection, and one a worker (docs/remote.md)."""
    programs = bench.programs
    counts = sorted({0, 1, programs.threads})
    env = {"MODSEAL_SHIM_MODULE": programs.p11, "MODSEAL_SHIM_DELAY": "C_Sign:5ms"}
    # SoftHSM2, whose servers compute on the same processors, and the shim before it that waits in
    # C_Sign: what is then lost is the connection's own.
    modules = {"": programs.p11, "5ms": programs.shim}
    rows = [{"key": key, "delay": "", "connections": n} for key in bench.keys for n in counts]
    if programs.shim.exists():
        rows += [{"key": "p256", "delay": "5ms", "connections": n} for n in counts]
    inside = {(delay, n): connected(bench, module, n) for delay, module in modules.items() for n in counts}
    local = local_bare = None
    for row in bench.each_round("remote", rows):
        key, delay, n = row["key"], row["delay"], row["connections"]
        before, module = inside[delay, n], modules[delay]
        uris = [programs.uri(key, f"?module-name=release{i}") for i in range(n)]
        mine, _ = bench.sign(key, bench.modules, "--append", uris=uris or None, env=env, before=before,
                             module=module)
        bare = bench.bare(key, module=programs.proxy if n else module, env=os.environ | env, before=before)
        if not n:
            local, local_bare = mine, bare
        adds = bare.cpu - local_bare.cpu
        bound = min(bare.rate, bench.cores / (local.cpu + adds))
        add(row, rate=mine.rate, ratio=mine.rate / local.rate, c_sign=bare.rate, bound=bound,
            to_bound=mine.rate / bound, cpu=mine.cpu, cpu_local=local.cpu, cpu_connection=adds,
            busy=mine.cpu * mine.rate)
    return rows


def connected(bench, module, count):
    """What to put before a command, so that p11-kit knows that many connections to the module."""
    if not count:
        return []
    config = bench.work / f"pkcs11-{count}-{Path(module).stem}"
    (config / "modules").mkdir(parents=True)
    (config / "pkcs11.conf").write_text("user-config: none\n")
    for number in range(count):
        (config / f"modules/release{number}.module").write_text(f"remote: |p11-kit remote {module}\n")
    # p11-kit's configuration is the machine's: in a mount namespace it is another.
    inside = ["unshare", "-m", "bash", "-euc", f"""mount --bind '{config}' /etc/pkcs11
        mount -t tmpfs none /usr/share/p11-kit/modules
        exec "$@\"""", "bash"]
    if not os.path.isdir("/etc/pkcs11") or subprocess.run(
            [*inside, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode:
        raise NotHere("mount namespaces are not permitted, or p11-kit is not configured as usual")
    return inside


PARTS = {part.__name__.replace("_", "-"): part
         for part in (speed, sign_file, start, flat, memory, far, compressed, durability, remote)}


def forget(bench):
    """Removes what a part made below the work directory."""
    for made in bench.work.iterdir():
        if made.is_dir() and made.name.startswith(("few", "provider", "flat", "large", "far", "packed",
                                                    "pkcs11")):
            shutil.rmtree(made)
