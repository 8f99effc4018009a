#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between tpm2-tss and a software TPM, and spoils one command.

usage, as a TCTI: cmd:proxy.py TCTI COMMAND N ACTION

TCTI is that of the software TPM (swtpm:host=127.0.0.1,port=...). From the Nth COMMAND on (Load, Sign,
...; any-but-FlushContext for all others) ACTION is done:
  fail=CODE[,TIMES]  the TPM's answer is this response code (hex), TIMES times (default: for ever)
  hang               there is no answer
  drop               the connection ends
  extend=PCR         that PCR is extended before the command is passed on, once
  hold=FILE          they wait until that file is there
  flush              all transient objects are flushed before the command is passed on, once
  note=FILE          the name of each command (or its code) is written there
"""
import os
import re
import socket
import struct
import sys
import time

CODES = {
    "CreatePrimary": 0x131, "EvictControl": 0x120, "Create": 0x153, "Import": 0x156, "Load": 0x157,
    "RSA_Decrypt": 0x159, "Sign": 0x15d, "FlushContext": 0x165, "LoadExternal": 0x167,
    "PolicyAuthorize": 0x16a, "PolicyAuthValue": 0x16b, "PolicyOR": 0x171, "ReadPublic": 0x173,
    "StartAuthSession": 0x176, "VerifySignature": 0x177, "GetCapability": 0x17a, "PCR_Read": 0x17e,
    "PolicyPCR": 0x17f, "PolicyRestart": 0x180, "TestParms": 0x18a,
}
PASSWORD_SESSION = bytes.fromhex("00000009" "40000009" "0000" "00" "0000")


def read_exactly(read, count):
    data = b""
    while len(data) < count:
        part = read(count - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def message(read):
    head = read_exactly(read, 10)
    return head + read_exactly(read, struct.unpack(">I", head[2:6])[0] - 10)


def command(code, body):
    tag = 0x8002 if body[4:8] == PASSWORD_SESSION[:4] else 0x8001
    return struct.pack(">HII", tag, 10 + len(body), code) + body


class Proxy:
    def __init__(self, tcti, name, number, action):
        port = int(re.search("port=([0-9]+)", tcti)[1])
        self.tpm = socket.create_connection(("127.0.0.1", port))
        self.name, self.number, self.action = name, int(number), action
        self.seen = self.done = 0

    def ask(self, data):
        self.tpm.sendall(data)
        return message(self.tpm.recv)

    def extend(self, pcr):
        digests = struct.pack(">IH", 1, 0x000b) + b"\x22" * 32
        self.ask(command(0x182, struct.pack(">I", int(pcr)) + PASSWORD_SESSION + digests))

    def flush(self, _):
        answer = self.ask(command(0x17a, struct.pack(">III", 1, 0x80000000, 64)))
        for handle in struct.iter_unpack(">I", answer[19:]):
            self.ask(command(0x165, struct.pack(">I", handle[0])))

    def note(self, data, path):
        code = struct.unpack(">I", data[6:10])[0]
        name = next((name for name, known in CODES.items() if known == code), f"{code:x}")
        with open(path, "a") as file:
            file.write(f"{name}\n")

    def spoil(self, data):
        """The answer to give instead of the TPM's; None: pass the command on."""
        word, _, value = self.action.partition("=")
        if word == "fail":
            code, _, times = value.partition(",")
            if times and self.done >= int(times):
                return None
            self.done += 1
            return struct.pack(">HII", 0x8001, 10, int(code, 16))
        if word == "hang":
            while sys.stdin.buffer.raw.read(4096):  # until nobody waits any more
                pass
            sys.exit(0)
        if word == "drop":
            os._exit(0)
        if word == "hold":
            while not os.path.exists(value):
                time.sleep(0.01)
            return None
        if word == "note":
            return self.note(data, value)
        if not self.done:
            self.done = 1
            getattr(self, word)(value)
        return None

    def is_meant(self, data):
        code = struct.unpack(">I", data[6:10])[0]
        return code != CODES["FlushContext"] if self.name == "any-but-FlushContext" \
            else code == CODES[self.name]

    def run(self):
        while True:
            data = message(sys.stdin.buffer.raw.read)
            meant = self.is_meant(data)
            self.seen += meant
            answer = self.spoil(data) if meant and self.seen >= self.number else None
            sys.stdout.buffer.write(answer or self.ask(data))
            sys.stdout.buffer.flush()


Proxy(*sys.argv[1:]).run()
