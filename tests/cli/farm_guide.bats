#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/farm.md, as they stand there.

load ../lib/common
load ../lib/guide
load cli
load farm

setup() {
	mkdir -p "$BATS_TEST_TMPDIR/w/bin"
	cd "$BATS_TEST_TMPDIR/w"
	bare_modules 4 "$PWD/modules"
	module_only_cert modules.der
	# The guide's key is a fixture's.
	cat >bin/modseal <<-'END'
		#!/bin/bash
		args=("${@/#pkcs11:token=release;object=modules/pkcs11:token=soft;object=rsa2048}")
		case $1 in sign) args+=(--module "$MODSEAL_P11") ;; esac
		MODSEAL_PIN=1234 exec timeout 60 "$MODSEAL" "${args[@]}"
	END
	chmod +x bin/modseal
	PATH=$PWD/bin:$PATH
	cp -a modules reference
	modseal_pin sign -q --module "$MODSEAL_P11" -k 'pkcs11:token=soft;object=rsa2048' \
		-c modules.der reference
}

# Runs the sh blocks under a heading.
guide() { # HEADING
	blocks farm.md sh "$1" >commands
	run bash -euo pipefail commands
	assert_status 0
}

@test "the three steps" {
	guide "The three steps"
	assert_line "4 modules: 4 valid, 0 not valid, 0 failed"
	diff -r modules reference
}

@test "a CI system" {
	modseal digest -o digests.jsonl modules
	guide "A CI system"
	assert_output "4 of 4 would be signed"
}

@test "GNU parallel" {
	modseal digest -o digests.jsonl modules
	guide "GNU parallel"
	diff -r modules reference
}

@test "a queue" {
	guide "A queue"
	diff -r modules reference
	assert_files queue done/kernel-1.jsonl out/kernel-1.jsonl
}

@test "the Open Build Service" {
	guide "The Open Build Service"
	diff -r modules reference
}

@test "Debian's code signing" {
	mkdir unpacked
	cp -a modules unpacked/linux-image-unsigned
	(cd modules && find . -name '*.ko' -printf '%P\n') | jq -R '{sig_type: "linux-module", file: .}' |
		jq -s '{packages: {"linux-image-unsigned": {trusted_certs: [], files: .}}}' >files.json
	guide "Debian's code signing"
	[ "$(find debian/signatures/linux-image-unsigned -name '*.ko.sig' | wc -l)" -eq 4 ]
}

@test "every heading with commands is run here" {
	awk '/^## / { heading = substr($0, 4) } /^```sh/ { print heading }' "$TOP/docs/farm.md" |
		uniq >headings
	[ -s headings ]
	while read -r heading; do
		grep -qF "guide \"$heading\"" "$BATS_TEST_FILENAME" || { echo "$heading"; return 1; }
	done <headings
}
