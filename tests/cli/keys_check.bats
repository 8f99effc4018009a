#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What speaks for a key being bound to its hardware: keys --check, sign --require-hardware.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	shim=$MODSEAL_BUILD/tests/faults/libmodseal_shim.so
}

check() {
	modseal_pin keys --check --module "$MODSEAL_P11" "$@"
}

@test "a key that was made on the token is bound" {
	run check "$KEY"
	assert_status 0
	assert_match '^pkcs11:.*object=rsa2048;type=private \(RSA-2048\)$'
	for name in CKA_SENSITIVE CKA_ALWAYS_SENSITIVE CKA_NEVER_EXTRACTABLE CKA_LOCAL; do
		assert_match "^  $name +yes "
	done
	assert_match '^  CKA_EXTRACTABLE +no '
	assert_match '^bound: '
	assert_output "a token of software (SoftHSM2) says the same"
	run check --json "$KEY"
	assert_status 0
	assert_json '.[0].bound and .[0].missing == null and .[0].type == "RSA-2048"'
	assert_json '.[0].evidence | .CKA_SENSITIVE and .CKA_ALWAYS_SENSITIVE and .CKA_LOCAL
		and .CKA_NEVER_EXTRACTABLE and .CKA_EXTRACTABLE == false and .CKF_HW_SLOT == false'
}

@test "a key that was imported is not, and it is said why" {
	run check 'pkcs11:token=soft;object=p256'
	assert_status 1
	assert_output "NOT known to be bound to hardware"
	assert_output "CKA_LOCAL is false"
	assert_output "CKA_ALWAYS_SENSITIVE is false"
	refute_output "CKA_SENSITIVE is"
	run check --json 'pkcs11:token=soft;object=p256'
	assert_status 1
	assert_json '.[0].bound == false and (.[0].missing | contains("CKA_LOCAL is false"))'
}

@test "a key file is not" {
	run modseal keys --check --json "$MODSEAL_FIXTURES/soft/p256.key.pem"
	assert_status 1
	output=$(grep '^{' <<<"$output")
	assert_json '.[0].bound == false and .[0].missing == "it is in a file" and .[0].evidence == {}'
}

@test "a token that does not tell is no evidence" {
	MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_FAIL=C_GetAttributeValue:1+:CKR_ATTRIBUTE_TYPE_INVALID \
		run modseal_pin keys --check --module "$shim" "$KEY"
	[ "$status" -ne 0 ]
	refute_output "bound:"
}

@test "one key has to be meant" {
	run check
	assert_status 2
	run check pkcs11:token=modseal
	assert_status 3
	run check 'pkcs11:token=modseal;object=none'
	assert_status 3
}

@test "sign --require-hardware takes what is bound, refuses the rest before a module is touched" {
	module=$(bare_module dummy "$PWD/m.ko")
	cp "$module" before
	run modseal_pin sign --module "$MODSEAL_P11" --require-hardware -k 'pkcs11:token=soft;object=p256' \
		"$module"
	assert_status 3
	assert_output "pkcs11:"
	assert_output "CKA_LOCAL is false"
	assert_output "keys --check"
	run modseal sign --require-hardware -k "$MODSEAL_FIXTURES/soft/p256.combined.pem" "$module"
	assert_status 3
	assert_output "p256.combined.pem is not known to be bound to hardware: it is in a file"
	# of several keys each has to be
	run modseal_pin sign --module "$MODSEAL_P11" --require-hardware -k "$KEY" \
		-k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" "$module"
	assert_status 3
	assert_same "$module" before
	run sign --require-hardware "$module"
	assert_status 0
	verify "$module"
}
