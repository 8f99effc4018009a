#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Key files and certificates put into tokens.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	own_fixtures
	soft=$MODSEAL_FIXTURES/soft
	shim=$MODSEAL_BUILD/tests/faults/libmodseal_shim.so
}

import() {
	modseal_pin import --module "$MODSEAL_P11" "$@"
}

objects() {
	modseal_pin keys --login --json --module "$MODSEAL_P11" pkcs11:token=empty | jq .objects
}

# The key of that label signs, and its certificate is found beside it.
signs() { # LABEL CERT
	local module
	module=$(bare_module dummy "$PWD/m.ko")
	run modseal_pin sign --module "$MODSEAL_P11" -k "pkcs11:token=empty;object=$1" "$module"
	assert_status 0
	run modseal verify -c "$2" "$module"
	assert_status 0
}

@test "each type of key: not extractable, signs as it did, and the file's past is told" {
	local key
	for key in rsa2048 rsa3072 rsa4096 p256 p384; do
		run import -k "pkcs11:token=empty;object=$key" -c "$soft/$key.pem" "$soft/$key.key.pem"
		assert_status 0
		assert_match "^key imported: pkcs11:.*object=$key;type=private"
		assert_output "was in software: whoever could read it may have a copy"
		signs $key "$soft/$key.der"
	done
	output=$(objects)
	assert_json '.[0] | [.[] | select(.kind == "private key")] | length == 5 and all(
		.sensitive and .extractable == false and .sign
		and .always_sensitive == false and .never_extractable == false and .local == false)'
	assert_json '.[0] | group_by(.id) | map(map(.kind) | sort) |
		unique == [["certificate", "private key", "public key"]]'
	assert_json '.[0] | map(.id) | unique == ["01", "02", "03", "04", "05"]'
	# the same key: RSA signs the same bytes from the file and from the token
	cp "$(bare_module dummy "$PWD/a.ko")" b.ko
	modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=empty;object=rsa2048' a.ko
	modseal sign -k "$soft/rsa2048.key.pem" -c "$soft/rsa2048.pem" b.ko
	assert_same a.ko b.ko
}

@test "each form of key file; the certificate in it goes along" {
	local form n=0
	for form in combined.pem nopass.p12 key.der trad.pem trad.der; do
		n=$((n + 1))
		run import -k "pkcs11:token=empty;object=k$n" "$soft/p256.$form"
		assert_status 0
		case $form in
		combined.pem | nopass.p12)
			assert_output 'certificate "'
			signs k$n "$soft/p256.der"
			;;
		*) refute_output 'certificate "' ;;
		esac
	done
}

@test "an encrypted file and a token: each gets its own secret" {
	run modseal import --module "$MODSEAL_P11" --pin-source "$soft/passphrase" \
		-k "pkcs11:token=empty;object=new?pin-source=$MODSEAL_FIXTURES/pin" "$soft/rsa2048.p12"
	assert_status 0
	signs new "$soft/rsa2048.der"
}

@test "what cannot be is refused before anything is put there" {
	try() { # STATUS WORDS ARGUMENT...
		local wanted=$1 words=$2
		shift 2
		run import "$@"
		assert_status "$wanted"
		assert_output "$words"
		[ "$(objects)" = "[]" ]
	}
	local k='pkcs11:token=empty;object=new'
	try 2 "-k" "$soft/p256.key.pem"
	try 2 "what" -k "$k"
	try 3 "is not of the key" -k "$k" -c "$soft/p384.pem" "$soft/p256.key.pem"
	try 3 missing.pem -k "$k" missing.pem
	try 3 missing.der -k "$k" -c missing.der "$soft/p256.key.pem"
	try 3 "what the key is to be called" -k pkcs11:token=empty "$soft/p256.key.pem"
	try 1 "is no place where modseal puts keys" -k other:pem "$soft/p256.key.pem"
	try 1 "cannot be read, so it stays where it is" -k "$k" 'pkcs11:token=modseal;object=p256'
	run import -k 'pkcs11:token=modseal;object=p256' "$soft/p256.key.pem"
	assert_status 3
	assert_output "object=p256;type=private"
}

@test "a certificate alone, for a key that is there" {
	modseal_pin cert --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=nocert' --subject CN=alone \
		-o c.pem
	run import -k 'pkcs11:token=odd;object=nocert' -c c.pem
	assert_status 0
	assert_output 'certificate "CN=alone" put beside pkcs11:'
	run import -k 'pkcs11:token=odd;object=nocert' -c c.pem # it is there already
	assert_status 0
	run modseal_pin keys --login --json --module "$MODSEAL_P11" 'pkcs11:token=odd;id=%03'
	assert_json '[.[0].objects[] | select(.kind == "certificate")] | length == 1'
	modseal_pin cert --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=nocert' --subject CN=other \
		-o other.pem
	run import -k 'pkcs11:token=odd;object=nocert' -c other.pem
	assert_status 3
	assert_output "has 1 certificate beside it already"
	run import -k 'pkcs11:token=odd;object=nocert' -c other.pem --replace
	assert_status 0
	run modseal_pin keys --login --json --module "$MODSEAL_P11" 'pkcs11:token=odd;id=%03'
	assert_json '[.[0].objects[] | select(.kind == "certificate") | .subject] == ["CN=other"]'
	run import -k 'pkcs11:token=odd;object=nocert' -c "$soft/p256.pem"
	assert_status 3
	assert_output "is not of the key"
}

@test "the certificate fails after the key: how to go on is printed, and works" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
	# the third object is the certificate
	MODSEAL_SHIM_FAIL=C_CreateObject:3:CKR_DEVICE_ERROR run modseal_pin import --module "$shim" \
		-k 'pkcs11:token=empty;object=it%20is' -c "$soft/p256.pem" "$soft/p256.key.pem"
	assert_status 3
	assert_output "C_CreateObject: CKR_DEVICE_ERROR"
	assert_match '^The key is imported and stays: pkcs11:.*object=it%20is'
	way=$(grep -A1 '^Go on with:' <<<"$output" | tail -n 1)
	MODSEAL_PIN=1234 bash -c "modseal() { '$MODSEAL' \"\$@\"; }; $way"
	signs it%20is "$soft/p256.der"
}

@test "a token that refuses" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
	for code in CKR_DEVICE_ERROR CKR_TEMPLATE_INCONSISTENT CKR_ATTRIBUTE_VALUE_INVALID; do
		MODSEAL_SHIM_FAIL=C_CreateObject:1:$code run modseal_pin import --module "$shim" \
			-k 'pkcs11:token=empty;object=new' "$soft/p256.key.pem"
		assert_status 3
		assert_output "token 'empty'"
		assert_output "C_CreateObject: $code"
		[ "$(objects)" = "[]" ]
	done
	# PIV cards have the public half themselves; here nothing has it then
	MODSEAL_SHIM_FAIL=C_CreateObject:2:CKR_ATTRIBUTE_VALUE_INVALID run modseal_pin import \
		--module "$shim" -k 'pkcs11:token=empty;object=new' "$soft/p256.key.pem"
	assert_status 3
	assert_output "is on the token, but it cannot be used"
	assert_output "its public half was refused"
	MODSEAL_SHIM_FAIL=C_CreateObject:2:CKR_ATTRIBUTE_VALUE_INVALID run modseal_pin import \
		--module "$shim" -k 'pkcs11:token=empty;object=rsa' "$soft/rsa2048.key.pem"
	assert_status 0 # an RSA private key shows its public half
}
