#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A signature that a kill or a power loss cut off: what each command makes of it. RSA signatures are the
# same each time, so a module that was mended is known to the byte.

load ../lib/common
load cli
load farm
load ../doctor/doctor

# That of the first of these folders, which doctor.bash has one of its own for.
assert_json() { # JQ-EXPRESSION
	jq -es "$1" >/dev/null <<<"$output" || { said "not so: $1"; return 1; }
}

setup_file() {
	common_setup_file
	doctor_setup_file
	cd "$BATS_FILE_TMPDIR"
	bare_module nls_utf8 "$PWD/bare" >/dev/null
	cp bare signed
	sign -q signed
	local bare signed
	bare=$(stat -c %s bare) signed=$(stat -c %s signed)
	mkdir cut
	head -c $((bare + 1)) signed >cut/first-byte.ko
	head -c $((bare + 100)) signed >cut/in-cms.ko
	head -c $((signed - 35)) signed >cut/in-struct.ko
	head -c $((signed - 1)) signed >cut/in-marker.ko
	(cat bare; head -c $((signed - bare)) /dev/zero) >cut/nul.ko
	(head -c $((bare + 100)) signed; head -c $((signed - bare - 100)) /dev/zero) >cut/half-nul.ko
	xz -k --check=crc32 --lzma2=dict=1MiB cut/in-cms.ko
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	cp -a "$BATS_FILE_TMPDIR"/{bare,signed,cut} .
}

# All of them are this now.
are() { # FILE
	local file n=0
	for file in cut/*.ko; do
		assert_same "$file" "$1"
		n=$((n + 1))
	done
	[ $n -eq 6 ]
	xz -dc cut/in-cms.ko.xz | cmp - "$1"
}

each_says() { # TEXT
	[ "$(grep -cF -- "$1" <<<"$output")" -eq 7 ] || { said "not '$1' of each"; return 1; }
}

@test "verify and inspect call it by its name" {
	run verify cut
	assert_status 1
	each_says ": interrupted: "
	run inspect cut
	each_says ": interrupted signature"
	run modseal inspect --json cut
	assert_json "[.[] | select(.state == \"interrupted signature\" and
		.bare_size == $(stat -c %s bare))] | length == 7"
}

inspect() {
	modseal inspect "$@"
}

@test "sign cuts it off, whichever way it writes" {
	local option
	for option in --durability=batch --append --stack --keep-existing; do
		cp -a "$BATS_FILE_TMPDIR/cut" .
		run sign $option cut
		assert_status 0
		each_says "signed (sha256), the interrupted signature cut off"
		are signed
	done
	cp -a "$BATS_FILE_TMPDIR/cut" .
	run --separate-stderr sign --json cut
	assert_json '[.[] | select(.mended and .was == "interrupted signature" and .replaced == 0)] | length == 7'
}

@test "sign-file cuts it off" {
	local file
	for file in cut/*; do
		KBUILD_SIGN_PIN=1234 modseal sign-file --module "$MODSEAL_P11" sha256 "$KEY" \
			"$MODSEAL_FIXTURES/rsa2048.der" "$file"
	done
	are signed
}

@test "strip cuts it off" {
	run modseal strip cut
	assert_status 0
	each_says "stripped, the interrupted signature cut off"
	are bare
	cp -a "$BATS_FILE_TMPDIR/cut" .
	run --separate-stderr modseal strip --json cut
	assert_json '[.[] | select(.result == "stripped" and .was == "interrupted signature")] | length == 7'
}

@test "detach has nothing whole to write" {
	run modseal detach cut
	assert_status 6
	each_says " has no whole signature to detach, but an interrupted signature: "
	[ -z "$(find cut -name '*.p7s')" ]
	are_cut
}

are_cut() {
	diff -r cut "$BATS_FILE_TMPDIR/cut"
}

@test "digest leaves it out, attach cuts it off" {
	local digest file
	digest=$(sha256sum bare | cut -d ' ' -f 1)
	run --separate-stderr modseal digest cut
	assert_status 0
	assert_json "length == 7 and all(.[]; .digest == \"$digest\" and .size == $(stat -c %s bare))"
	[ "$(grep -c 'the interrupted signature at its end is left out' <<<"$stderr")" -eq 7 ]
	echo "$output" >digests.jsonl
	sign_digests digests.jsonl -o signatures.jsonl
	run attach --signatures signatures.jsonl cut
	assert_status 0
	are signed

	cp -a "$BATS_FILE_TMPDIR/cut" .
	modseal detach -o p7s signed
	for file in cut/*; do
		attach -q -s p7s "$file"
	done
	are signed
}

@test "what Debian's files.json names is refused with one" {
	mkdir -p root/image
	cp cut/in-cms.ko root/image/m.ko
	echo '{"packages": {"image": {"trusted_certs": [], "files": [
		{"sig_type": "linux-module", "file": "m.ko"}]}}}' >files.json
	run sign --digests files.json --root root -o out
	assert_status 1
	assert_output "root/image/m.ko: interrupted signature: 100 bytes"
	[ -z "$(find out -type f 2>/dev/null)" ]
}

@test "a kernel takes it for none: verify --root, trust check, doctor" {
	local file
	plain_machine machine
	run modseal verify --root machine cut
	assert_status 1
	each_says "it ends in an interrupted signature, which is none: "
	run modseal trust check --root machine cut/*
	assert_status 1
	each_says "it ends in an interrupted signature, which is none: "
	for file in cut/*; do
		run modseal doctor --json --root machine "$file"
		assert_output "it ends in an interrupted signature"
	done
	are_cut
}
