#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a TSS2 PRIVATE KEY file of what tpm2_create made.

usage: encode_key.py [OPTION...] PUB PRIV RESULT
  --policy CODE:HEX   a step of the key's policy (command code in hex, parameters); may be repeated
  --approved CODE:HEX a step of the one signed policy of the file (authPolicy); may be repeated
  --empty-auth WORD   true (default), false, absent, one (true as 01)
  --description TEXT, --rsa-parent, --parent HANDLE
"""
import argparse
import base64


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        length = bytes([size])
    else:
        raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(raw)]) + raw
    return bytes([tag]) + length + body


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def step(text):
    code, _, body = text.partition(":")
    return der(0x30, der(0xa0, integer(int(code, 16))), der(0xa1, der(4, bytes.fromhex(body))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--policy", action="append", default=[])
    parser.add_argument("--approved", action="append", default=[])
    parser.add_argument("--empty-auth", default="true")
    parser.add_argument("--description")
    parser.add_argument("--rsa-parent", action="store_true")
    parser.add_argument("--parent", default="0x40000001")
    parser.add_argument("pub")
    parser.add_argument("priv")
    parser.add_argument("result")
    o = parser.parse_args()
    parts = [bytes.fromhex("0606678105 0a0103")]
    value = {"true": 0xff, "one": 1, "false": 0, "absent": None}[o.empty_auth]
    if value is not None:
        parts.append(der(0xa0, der(1, bytes([value]))))
    if o.policy:
        parts.append(der(0xa1, der(0x30, *map(step, o.policy))))
    if o.approved:
        policy = der(0xa1, der(0x30, *map(step, o.approved)))
        parts.append(der(0xa3, der(0x30, der(0x30, der(0xa0, der(0x0c, b"theirs")), policy))))
    if o.description:
        parts.append(der(0xa4, der(0x0c, o.description.encode())))
    if o.rsa_parent:
        parts.append(der(0xa5, der(1, b"\xff")))
    parts.append(integer(int(o.parent, 16)))
    for path in (o.pub, o.priv):
        with open(path, "rb") as file:
            parts.append(der(4, file.read()))
    with open(o.result, "w", encoding="ascii") as out:
        out.write("-----BEGIN TSS2 PRIVATE KEY-----\n" +
                  base64.encodebytes(der(0x30, *parts)).decode() +
                  "-----END TSS2 PRIVATE KEY-----\n")


main()
