#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Temporary files that a killed run left are removed by the next one that writes there; those of a run
# that lives, and what only looks alike, are not. (Runs that are really killed: ../storm.)

load ../lib/common
load cli
load farm

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module nls_utf8 "$PWD/m.ko" >/dev/null
	mkdir there
}

left() { # DIR
	echo left >"$1/.m.ko.modseal-aZ09_x"
}

swept() { # DIR
	[ ! -e "$1/.m.ko.modseal-aZ09_x" ] || { said "it is there still"; return 1; }
}

@test "sign: beside a module, below a directory, where a link leads" {
	left .
	run sign m.ko
	swept .
	left there
	cp m.ko there/
	run sign there
	swept there
	left there
	ln -s there/m.ko link.ko
	run sign link.ko
	swept there
}

@test "sign: several operands of one directory" {
	mkdir other
	cp m.ko there/
	cp m.ko other/
	left there
	left other
	left .
	run sign there other m.ko
	swept there
	swept other
	swept .
	left there
	ln -s there/m.ko link.ko
	run sign m.ko link.ko
	swept there
}

@test "sign: where -o leads" {
	left there
	run sign -o there/out.ko m.ko
	swept there
	left there
	run sign -o there m.ko
	swept there
	left .
	run sign -o out.ko there/m.ko
	swept .
}

@test "strip and attach" {
	cp m.ko bare.ko
	sign -q m.ko
	modseal detach m.ko
	left .
	run modseal strip m.ko
	swept .
	left .
	run attach m.ko
	assert_status 0
	swept .
	modseal digest -o digests.jsonl bare.ko
	sign_digests digests.jsonl -o signatures.jsonl
	left .
	run attach --signatures signatures.jsonl -o there bare.ko
	swept there
	left there
	run attach --signatures signatures.jsonl -o there bare.ko
	assert_status 0
	swept there
}

@test "what is not ours to remove" {
	local name
	left there
	cp m.ko there/
	for name in m.ko.modseal-abcdef .m.ko.modseal-abcde .m.ko.modseal_abcdef .modseal-abcdef; do
		echo other >"there/$name"
	done
	ln -s m.ko there/.link.modseal-abcdef
	mkdir there/.dir.modseal-abcdef
	flock there/.m.ko.modseal-aZ09_x sleep 60 3>&- &
	until_so locked there/.m.ko.modseal-aZ09_x
	run sign there
	kill $!
	assert_status 0
	for name in m.ko.modseal-abcdef .m.ko.modseal-abcde .m.ko.modseal_abcdef .modseal-abcdef \
		.link.modseal-abcdef .dir.modseal-abcdef .m.ko.modseal-aZ09_x; do
		[ -e "there/$name" ] || { said "$name is gone"; return 1; }
	done
}

@test "--dry-run, verify and inspect sweep nothing" {
	left .
	run sign -n m.ko
	run verify m.ko
	run modseal inspect m.ko
	[ -e .m.ko.modseal-aZ09_x ]
}
