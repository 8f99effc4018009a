#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A key that was in a file, put into a PIV card's slot by Yubico's module.

load ../lib/common
load piv

setup_file() {
	piv_setup_file
	common_fixtures
	export SOFT=$MODSEAL_FIXTURES/soft
	[ -z "${MODSEAL_LONG-}" ] || get_newer_module
}

import() { # ARGUMENT...
	MODSEAL_PIN=$PIN modseal import --module "${MODULE-$YKCS11}" --so-pin-source "$CARD/management" "$@"
}

each_type() {
	local type
	for type in rsa2048 p256 p384; do
		rm -f "$CARD"/9d.*
		run import -k "$(key 9d)" -c "$SOFT/$type.pem" "$SOFT/$type.key.pem"
		assert_status 0
		assert_output "was in software"
		assert_same "$CARD/9d.der" "$SOFT/$type.der"
		[ "$(cat "$CARD/9d.policy")" = '2 1 2' ]
		cp bare m.ko
		run sign 9d m.ko
		assert_status 0
		assert_signed 9d m.ko
		MODSEAL_PIN=$PIN run modseal keys --module "$MODULE" --check "$(key 9d);type=private"
		assert_status 1
		assert_output "CKA_LOCAL is false"
	done
}

@test "each type that the card has: it signs there with its certificate, and its past is told" {
	MODULE=$YKCS11
	each_type
}

@test "the same by Debian 13's module" {
	use_newer_module
	each_type
}

@test "without a certificate: it is put there later" {
	MODULE=$YKCS11
	run import -k "$(key 9d)" "$SOFT/p256.key.pem"
	assert_status 0
	run import -k "$(key 9d)" -c "$SOFT/p256.pem"
	assert_status 0
	run sign 9d m.ko
	assert_status 0
	assert_signed 9d m.ko
}

@test "what the card does not take, and a slot that is not empty" {
	local type
	for type in rsa3072 rsa4096; do
		run import -k "$(key 9d)" "$SOFT/$type.key.pem"
		assert_status 3
		[ ! -e "$CARD/9d.key.pem" ]
	done
	run import -k "$(key 9a)" "$SOFT/p256.key.pem"
	assert_status 3
	assert_output "something of that id"
	assert_same "$CARD/9a.key.pem" "$BATS_FILE_TMPDIR/kept/9a.key.pem"
	MODULE=$OPENSC run import -k "$(key 9d);object=x" "$SOFT/p256.key.pem"
	assert_status 3
	[ ! -e "$CARD/9d.key.pem" ]
}
