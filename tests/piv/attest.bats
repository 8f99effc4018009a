#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a YubiKey itself says of a key: its attestation, checked against a root (here the one that gave
# this card its certificate).

load ../lib/common
load piv

check() { # SLOT [OPTION...]
	local slot=$1
	shift
	MODSEAL_PIN=$PIN modseal keys --module "${MODULE-$YKCS11}" --check "$(key "$slot");type=private" "$@"
}

@test "an attestation is told, and said not to be checked without a root" {
	echo '2 3 1' >"$CARD/9a.policy"
	run check 9a
	assert_status 0
	assert_match '^  attestation +not told +there is one, not checked: --attestation-root'
	assert_line "    YubiKey firmware 5.4.3, serial 12345678, USB-A keychain, PIN once, touch cached"
	run check 9a --json
	[ "$(jq -c '.attestation' <<<"$output")" = '{"trusted":null,"problem":null,"firmware":"5.4.3","serial":"12345678","form_factor":"USB-A keychain","pin_policy":"once","touch_policy":"cached"}' ]
}

@test "it leads to the root" {
	local slot
	for slot in 9a 9c; do
		run check $slot --attestation-root "$CARD/root.pem"
		assert_status 0
		assert_match '^  attestation +yes +the device has signed that it made the key'
		assert_output "bound:"
	done
	run check 9c --attestation-root "$CARD/root.pem" --json
	[ "$(jq -c '[.bound, .attestation.trusted, .attestation.pin_policy, .attestation.touch_policy]' \
		<<<"$output")" = '[true,true,"always","never"]' ]
	# what stands between root and device may lie in the file, too
	cat "$CARD/other-root.pem" "$CARD/root.pem" >both.pem
	run check 9a --attestation-root both.pem
	assert_status 0
}

@test "another root of the same name, one that is none, none at all" {
	run check 9a --attestation-root "$CARD/other-root.pem"
	assert_status 1
	assert_match '^  attestation +no +it does not lead to the root: '
	assert_output "NOT known to be bound to hardware: attestation: it does not lead to the root"
	run check 9a --attestation-root "$CARD/other-root.pem" --json
	[ "$(jq -c '[.bound, .attestation.trusted]' <<<"$output")" = '[false,false]' ]
	openssl x509 -inform DER -in "$CARD/f9.der" -out f9.pem # it did not sign itself
	run check 9a --attestation-root f9.pem
	assert_status 1
	run check 9a --attestation-root missing.pem
	assert_status 3
	assert_output missing.pem
	echo rubbish >rubbish.pem
	run check 9a --attestation-root rubbish.pem
	assert_status 3
	assert_output rubbish.pem
}

@test "a card whose attestation certificate was replaced: by one of the root's name, by another's" {
	openssl req -new -x509 -key "$CARD/f9.key.pem" -subj '/O=modseal fixtures/CN=PIV attestation root' \
		-days 10 -addext basicConstraints=critical,CA:TRUE -config "$CARD/openssl.cnf" \
		-outform DER -out "$CARD/f9.der"
	run check 9a --attestation-root "$CARD/root.pem"
	assert_status 1
	assert_output "it does not lead to the root"
	cp "$CARD/9a.der" "$CARD/f9.der"
	run check 9a --attestation-root "$CARD/root.pem"
	assert_status 1
	assert_output "it does not lead to the root"
}

@test "a key that was imported has none" {
	run check 9e --attestation-root "$CARD/root.pem"
	assert_status 1
	assert_output "CKA_LOCAL is false, attestation: its place shows no attestation of it"
	refute_output "YubiKey firmware"
}

@test "OpenSC's module does not know where a key was made, so it is no evidence" {
	MODULE=$OPENSC run check 9a
	assert_status 1
	assert_output "CKA_LOCAL is not told"
	MODULE=$OPENSC run check 9a --attestation-root "$CARD/root.pem"
	assert_status 1
	assert_output "its place shows no attestation of it"
}

@test "sign --require-hardware --attestation-root" {
	MODULE=$YKCS11
	run sign 9a --require-hardware --attestation-root "$CARD/root.pem" m.ko
	assert_status 0
	assert_signed 9a m.ko
	cp bare m.ko
	run sign 9a --require-hardware --attestation-root "$CARD/other-root.pem" m.ko
	assert_status 3
	assert_output "is not known to be bound to hardware: attestation: it does not lead to the root"
	run sign 9e --require-hardware m.ko
	assert_status 3
	assert_output "CKA_LOCAL is false"
	run sign 9a --attestation-root "$CARD/root.pem" m.ko
	assert_status 2
	run modseal keys --attestation-root "$CARD/root.pem"
	assert_status 2
	assert_same m.ko bare
}

@test "a key in a file, and in another token, has none" {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out soft.pem
	run modseal keys --check soft.pem --attestation-root "$CARD/root.pem"
	assert_status 1
	assert_output "it is in a file, attestation: its place shows no attestation of it"
}
