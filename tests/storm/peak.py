#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on no more than two processors (each may have a compressor at work) and prints the
most memory that it had at once, in KiB. Its exit status is the command's.

usage: peak.py COMMAND...
"""
import os
import sys

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
child = os.fork()
if child == 0:
    os.dup2(2, 1)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
