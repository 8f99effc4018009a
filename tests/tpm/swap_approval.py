#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the approvals of one TPM key file into another.

usage: swap_approval.py FROM INTO RESULT
"""
import base64
import re
import sys


def read(path):
    body = re.search("-----BEGIN TSS2 PRIVATE KEY-----\n(.*?)-----END TSS2", open(path).read(), re.S)
    return base64.b64decode(body[1])


def element(der, at):
    """Header and whole length of the DER element at a position."""
    length, head = der[at + 1], 2
    if length & 0x80:
        head += length & 0x7f
        length = int.from_bytes(der[at + 2:at + head], "big")
    return head, head + length


def elements(der):
    head, total = element(der, 0)
    at, found = head, []
    while at < total:
        _, size = element(der, at)
        found.append(der[at:at + size])
        at += size
    return found


def main():
    source, target, result = sys.argv[1:]
    approvals = next(e for e in elements(read(source)) if e[0] == 0xa3)
    body = b"".join(approvals if e[0] == 0xa3 else e for e in elements(read(target)))
    der = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    with open(result, "w", encoding="ascii") as out:
        out.write("-----BEGIN TSS2 PRIVATE KEY-----\n" + base64.encodebytes(der).decode() +
                  "-----END TSS2 PRIVATE KEY-----\n")


main()
