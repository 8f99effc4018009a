# SPDX-License-Identifier: Apache-2.0
"""Tables: medians of a row's rounds, ratios with their range."""
from statistics import median


def number(values, scale=1.0, digits=0):
    return f"{median(values) * scale:.{digits}f}"


def ranged(values, digits=2):
    """The median and how far the rounds lie apart."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def micro(values):
    return number(values, 1e6)


def milli(values):
    return number(values, 1e3, 1)


# A part's columns: heading, and what stands there for a row.
COLUMNS = {
    "speed": [
        ("key", lambda r: r["key"]), ("way", lambda r: r["way"]),
        ("modseal/s", lambda r: number(r["rate"])), ("bound/s", lambda r: number(r["bound"])),
        ("modseal/bound", lambda r: ranged(r["ratio"])),
        ("files/s", lambda r: number(r["file_floor"])),
        ("CPU us: sign", lambda r: micro(r["cpu_sign"])), ("verify", lambda r: micro(r["cpu_verify"])),
        ("file", lambda r: micro(r["cpu_file"])), ("(kernel's)", lambda r: micro(r["cpu_kernel"])),
        ("sum", lambda r: micro(r["cpu_bound"])), ("modseal", lambda r: micro(r["cpu"])),
        ("first, ms", lambda r: milli(r["first"])),
    ],
    "sign-file": [
        ("key", lambda r: r["key"]), ("sign-file with", lambda r: r["with"]),
        ("modseal/s", lambda r: number(r["rate"])), ("sign-file/s", lambda r: number(r["sign_file"])),
        ("modseal/sign-file", lambda r: ranged(r["ratio"], 1)),
    ],
    "start": [
        ("key", lambda r: r["key"]), ("modseal, ms", lambda r: milli(r["start"])),
        ("SoftHSM2, ms", lambda r: milli(r["softhsm2"])), ("over it, ms", lambda r: milli(r["over"])),
        ("CPU over it, ms", lambda r: milli(r["cpu"])),
    ],
    "flat": [
        ("way", lambda r: r["way"]), ("modules", lambda r: str(r["modules"])),
        ("us a module", lambda r: micro(r["seconds"])), ("CPU us a module", lambda r: micro(r["cpu"])),
    ],
    "memory": [
        ("what", lambda r: r["what"]), ("peak, MiB", lambda r: number(r["peak"], 1 / 1024, 1)),
    ],
    "far": [
        ("token", lambda r: r["what"]), ("modseal/s", lambda r: number(r["rate"], 1, 1)),
        ("C_Sign/s", lambda r: number(r["c_sign"], 1, 1)),
        ("modseal/C_Sign", lambda r: ranged(r["ratio"], 3)),
    ],
    "compressed": [
        ("modules", lambda r: r["what"]), ("modseal/s", lambda r: number(r["rate"])),
        ("codec/s", lambda r: number(r["codec"])), ("modseal/codec", lambda r: ranged(r["ratio"])),
        ("bound/s", lambda r: number(r["bound"])), ("modseal/bound", lambda r: ranged(r["to_bound"])),
        ("tools/s", lambda r: number(r["tools"])), ("modseal/tools", lambda r: ranged(r["to_tools"], 1)),
        ("CPU us: codec", lambda r: micro(r["cpu_codec"])), ("sum", lambda r: micro(r["cpu_bound"])),
        ("modseal", lambda r: micro(r["cpu"])),
    ],
    "durability": [
        ("way", lambda r: r["way"]), ("durability", lambda r: r["durability"]),
        ("modseal/s", lambda r: number(r["rate"])), ("files/s", lambda r: number(r["file_floor"])),
    ],
    "remote": [
        ("key", lambda r: r["key"]),
        ("C_Sign waits", lambda r: r["delay"]),
        ("token", lambda r: f"{r['connections']} connection(s)" if r["connections"] else "local"),
        ("modseal/s", lambda r: number(r["rate"])), ("to local", lambda r: ranged(r["ratio"])),
        ("C_Sign/s", lambda r: number(r["c_sign"])), ("bound/s", lambda r: number(r["bound"])),
        ("modseal/bound", lambda r: ranged(r["to_bound"])),
        ("CPU us: modseal, local", lambda r: micro(r["cpu_local"])),
        ("connection", lambda r: micro(r["cpu_connection"])), ("modseal", lambda r: micro(r["cpu"])),
        ("cores busy", lambda r: number(r["busy"], 1, 2)),
    ],
}


def print_part(name, rows):
    columns = COLUMNS[name]
    lines = [[heading for heading, _ in columns]]
    notes = []
    for row in rows:
        if "not_measured" in row:
            notes.append(f"not measured: {row.get('with', '')} {row['not_measured']}".replace("  ", " "))
        else:
            lines.append([cell(row) for _, cell in columns])
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines if len(lines) > 1 else []:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)))
    for note in notes:
        print(note)
