#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Power losses, on an ext4 file system in a file (as root, where the system allows to mount one).

load ../lib/common
load ../faults/faults
load storm

setup_file() {
	storm_setup_file
	local count=4
	[ -z "${MODSEAL_LONG-}" ] || count=60
	storm_tree "$BATS_FILE_TMPDIR/tree" $count 1
}

losses() { # OPTION...
	local r=0
	export MODSEAL_PIN=1234
	storm_in_memory
	storm power.py --calls "$STORM_CALLS" "$@" "$BATS_FILE_TMPDIR/tree" || r=$?
	[ $r -ne 77 ] || skip "nothing can be mounted here"
	return $r
}

@test "power losses: --durability=batch" {
	losses
}

@test "power losses: --durability=file" {
	losses --option=--durability=file
}

@test "power losses: --append" {
	losses --option=--append
}

@test "power losses: --append --durability=file" {
	losses --option=--append --option=--durability=file
}

@test "power losses: --durability=none may lose modules" {
	losses --lossy --option=--durability=none
}
