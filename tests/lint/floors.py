#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include below src, engines and include, and names those that break the house's
order (docs/architecture.md): a room uses only what stands below it, rooms of one floor do not know
each other, the program reaches the library through its public headers, and a foreign library is
seen in its one place only.

usage: floors.py [TOP]
"""
import pathlib
import re
import sys

# Lowest first. Rooms of one line do not know each other.
FLOORS = [
    {"src/base"},
    {"src/key", "src/wire"},
    {"src/crypto"},
    {"engines", "src/trust", "src/module"},
    {"src/verify"},
    {"src/sign"},
    {"src/agent", "src/life", "src/farm"},
    {"src/doctor"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# Rooms that see less than all floors below them.
ONLY = {
    "src/cli": {"src/base"},
    "src": set(),
    "include": set(),
}

# Foreign headers, by the beginning of their name, and the rooms that may see them.
FOREIGN = {
    "openssl/": {"src/key", "src/crypto", "engines", "src/trust", "src/verify", "src/sign",
                 "src/agent", "src/life", "src/doctor", "src/farm"},
    "p11-kit/": {"engines/pkcs11"},
    "libp11.h": {"engines/pkcs11"},
    "tss2/": {"engines/tpm2"},
    "json-c/": {"src/base", "src/farm", "src/cli"},
    "crypt.h": {"src/trust"},
    "zlib.h": {"src/module", "src/trust"},
    "lzma.h": {"src/module"},
    "zstd": {"src/module"},
}

# What a public header may need besides its sisters.
PUBLIC = {"stdbool.h", "stddef.h", "stdint.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """src/ROOM, engines/ENGINE, engines for what engines share, src or include."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "include":
        return "include"
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def floor_of(room):
    return FLOOR.get("engines" if room.startswith("engines") else room)


def may_see_room(room, other):
    if other == room:
        return True
    if room in ONLY:
        return other in ONLY[room]
    if other == "engines" and room.startswith("engines/"):
        return True
    mine, theirs = floor_of(room), floor_of(other)
    return mine is not None and theirs is not None and theirs < mine


def complaint(room, quoted, name, top):
    """What is wrong with this #include in that room, or None."""
    if quoted:
        if not (top / name).is_file():
            return "is not a path from the top"
        other = room_of(name)
        if other == "include":
            return "is public, so it is included as <modseal/...>"
        if not may_see_room(room, other):
            return f"is not below {room}"
        return None
    if name.startswith("modseal/"):
        return None if (top / "include" / name).is_file() else "does not exist"
    if room == "include" and name not in PUBLIC:
        return "is not for a public header"
    for start, rooms in FOREIGN.items():
        if name.startswith(start) and not {room, room.split("/")[0]} & rooms:
            return f"is for {', '.join(sorted(rooms))}"
    return None


def unknown_room(room):
    return room not in ONLY and floor_of(room) is None


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                       pathlib.Path(__file__).resolve().parents[2])
    bad = seen = 0
    for directory in ("src", "engines", "include"):
        for file in sorted((top / directory).rglob("*.[ch]")):
            path = file.relative_to(top).as_posix()
            room = room_of(path)
            if unknown_room(room):
                print(f"{path}: the room {room} has no floor in {sys.argv[0]}")
                bad += 1
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                seen += 1
                why = complaint(room, match[1] == '"', match[2], top)
                if why:
                    print(f"{path}:{number}: {match[2]} {why}")
                    bad += 1
    if not seen:
        sys.exit("no #include was found")
    return 1 if bad else 0


sys.exit(main())
