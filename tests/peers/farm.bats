#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What modseal answers to a farm, put on the modules by the kernel's own sign-file.

load ../lib/common
load peers

setup_file() {
	common_setup_file
	peers_setup
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_modules 3 "$PWD/bare"
	soft=$MODSEAL_FIXTURES/soft
}

sign() {
	modseal sign -k "$soft/rsa2048.combined.pem" "$@"
}

# Appends SIGNATURES/FILE.sig to each FILE below DIR, and compares with signing in place.
append_all() { # SIGN-FILE SIGNATURES DIR
	(cd "$3" && find . -name '*.ko' -printf '%P\n') | while read -r file; do
		"$1" -s "$2/$file.sig" sha256 "$soft/rsa2048.der" "$3/$file" || return 1
	done
}

@test "files.json: sign-file -s appends the answers" {
	mkdir root
	cp -a bare root/image
	jq -n '{packages: {image: {trusted_certs: [], files: [$ARGS.positional[] |
		{sig_type: "linux-module", file: .}]}}}' \
		--args $(cd bare && find . -name '*.ko' -printf '%P\n') >files.json
	run sign --digests files.json --root root -o signatures
	assert_status 0
	cp -a bare reference
	sign -q reference
	for sign_file in "$PEERS"/sign-file-*; do
		rm -rf there
		cp -a bare there
		append_all "$sign_file" signatures/image there
		diff -r there reference
	done
}

@test "lines: sign-file -s appends the CMS" {
	modseal digest -o digests.jsonl bare
	run sign --allow-digests --digests digests.jsonl -o signatures.jsonl
	assert_status 0
	while read -r path; do
		mkdir -p "signatures/${path%/*}"
		jq -r --arg path "$path" 'select(.path == $path).cms' signatures.jsonl | base64 -d \
			>"signatures/$path.sig"
	done < <(jq -r .path signatures.jsonl)
	cp -a bare reference
	sign -q reference
	append_all "$(printf '%s\n' "$PEERS"/sign-file-* | head -n 1)" signatures bare
	diff -r bare reference
}
