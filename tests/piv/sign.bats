#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A PIV card under Yubico's module and OpenSC's: its slots listed, and signed with.

load ../lib/common
load piv

keys() {
	MODSEAL_PIN=$PIN modseal keys --module "$MODULE" "$@"
}

lists() {
	run keys --login
	assert_status 0
	assert_match '^  private key .*, slot 9a, RSA-2048$'
	assert_match '^  private key .*, slot 9c, P-256$'
	assert_match '^  private key .*, slot 9e, P-384$'
	assert_match '^  certificate .*, slot 9c, P-256$'
	refute_output 'slot 9d'
	[ "$(grep -c 'PIN at each signature' <<<"$output")" -eq 1 ]
	run keys --login --json "$(key 9c);type=private"
	[ "$(jq -r '.objects[] | [.kind, .slot, .type, .always_authenticate] | @csv' <<<"$output")" = \
		'"private key","9c","P-256",true' ]
}

@test "keys: slots as a person knows them" {
	under_each_module lists
}

listed_uris_sign() {
	local slot uri
	for slot in "${SLOTS[@]}"; do
		uri=$(keys --login --json "$(key $slot);type=private" | jq -r '.objects[].uri')
		cp bare m.ko
		MODSEAL_PIN=$PIN modseal sign -q --module "$MODULE" -k "$uri" m.ko
		assert_signed $slot m.ko
	done
}

@test "the URIs that keys prints sign" {
	under_each_module listed_uris_sign
}

signs() {
	local slot hash
	for slot in "${SLOTS[@]}"; do
		for hash in sha256 sha512; do
			cp bare $hash.ko
			run --separate-stderr sign $slot --hash $hash $hash.ko
			assert_status 0
			assert_line "$hash.ko: signed ($hash)"
			[ -z "$stderr" ] || { said "there are notices"; return 1; }
		done
		assert_signed $slot sha512.ko sha256.ko
	done
}

@test "9a, 9c and 9e sign: RSA, P-256, P-384" {
	under_each_module signs
}

@test "both modules make the same RSA signature" {
	cp bare other.ko
	MODULE=$YKCS11 sign 9a -q m.ko
	MODULE=$OPENSC sign 9a -q other.ko
	assert_same m.ko other.ko
}

batch() {
	local slot i
	for slot in "${SLOTS[@]}"; do
		for i in 1 2 3 4 5 6 7 8; do cp bare "b$i.ko"; done
		: >"$CARD/log"
		run sign $slot -j 4 b?.ko
		assert_status 0
		assert_line "8 modules: 8 signed, 0 failed"
		assert_signed $slot b?.ko
		assert_asked 8 "0087..$slot.* 9000"
		case $slot,$MODULE in # the login, and 9c's one at each signature
		9c,*) assert_asked 9 "$PIN_RIGHT" ;;
		9e,"$OPENSC") assert_asked 0 "$PIN_RIGHT" ;; # it shows this key to everybody
		*) assert_asked 1 "$PIN_RIGHT" ;;
		esac
		assert_asked 0 "$PIN_WRONG"
	done
}

@test "a batch: all are signed, with one login, and for 9c the PIN at each signature" {
	under_each_module batch
}

asks_once() {
	local i
	for i in 1 2 3 4 5; do cp bare "b$i.ko"; done
	run "$TOP/tests/lib/at-terminal" 'PIN.*: *$' $PIN timeout 60 "$MODSEAL" sign \
		--module "$MODULE" -k "$(key 9c)" b?.ko
	assert_status 0
	assert_output "asked 1 times"
	assert_asked 6 "$PIN_RIGHT"
}

@test "9c: the person is asked for the PIN once" {
	under_each_module asks_once
}

no_certificate() {
	rm "$CARD/9a.der"
	run sign 9a m.ko
	assert_status 3
	assert_same m.ko bare
	refute_output Attestation
	[ "$MODULE" = "$YKCS11" ] || return 0 # OpenSC shows a key only by its certificate
	assert_output "holds no certificate for the key"
	run sign 9a -c "$BATS_FILE_TMPDIR/kept/9a.der" m.ko
	assert_status 0
	modseal verify -c "$BATS_FILE_TMPDIR/kept/9a.der" m.ko
}

@test "a slot without certificate: its attestation is not taken for one" {
	under_each_module no_certificate
}
