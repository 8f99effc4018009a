#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys in files, as the program sees them. Every form and every refusal is in
# tests/unit/test_file_keys.c.

load ../lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	soft=$MODSEAL_FIXTURES/soft
	module=$(bare_module nls_utf8)
}

verified() { # CERT
	run modseal verify --cert "$1" "$module"
	assert_status 0
	assert_output valid
}

@test "a PEM key signs, and it is said that it is not in hardware" {
	run --separate-stderr modseal sign -k "$soft/rsa2048.key.pem" -c "$soft/rsa2048.der" "$module"
	assert_status 0
	assert_stderr "rsa2048.key.pem is not in hardware"
	verified "$soft/rsa2048.der"
}

@test "key and certificate in one file need no -c" {
	run modseal sign -k "$soft/p256.combined.pem" "$module"
	assert_status 0
	verified "$soft/p256.pem"
}

@test "PKCS#12 with a passphrase from --pin-source" {
	run modseal sign --pin-source "$soft/passphrase" -k "$soft/rsa2048.p12" "$module"
	assert_status 0
	verified "$soft/rsa2048.pem"
}

@test "PKCS#12 with an empty passphrase asks for none" {
	run modseal sign -k "$soft/rsa2048.nopass.p12" "$module"
	assert_status 0
	verified "$soft/rsa2048.pem"
}

@test "an old PKCS#12 file (RC2)" {
	run modseal sign --pin-source "$soft/passphrase" -k "$soft/rsa2048.legacy.p12" "$module"
	assert_status 0
	verified "$soft/rsa2048.pem"
	OPENSSL_MODULES=$BATS_TEST_TMPDIR run modseal sign --pin-source "$soft/passphrase" \
		-k "$soft/rsa2048.legacy.p12" "$module"
	assert_status 3
	assert_output "algorithm that this OpenSSL lacks"
	assert_output "openssl pkcs12 -legacy"
}

@test "PEM that is encrypted, both ways" {
	for form in enc tradenc; do
		MODSEAL_PIN=$(cat "$soft/passphrase") run modseal sign -k "$soft/p256.$form.pem" \
			-c "$soft/p256.pem" "$module"
		assert_status 0
		verified "$soft/p256.pem"
	done
}

@test "a wrong passphrase names the file and leaves the module alone" {
	cp "$module" before
	for form in enc.pem tradenc.pem enc.der p12 legacy.p12; do
		MODSEAL_PIN=wrong run modseal sign -k "$soft/rsa2048.$form" -c "$soft/rsa2048.pem" "$module"
		assert_status 3
		assert_output "rsa2048.$form: the passphrase from MODSEAL_PIN is wrong"
		assert_same "$module" before
	done
}

@test "no passphrase and nobody to ask" {
	run modseal sign -k "$soft/rsa2048.p12" "$module"
	assert_status 3
	assert_output "passphrase is needed"
	assert_output "--pin-source"
}

@test "a key file that others can read is warned about" {
	install -m 644 "$soft/rsa2048.combined.pem" key.pem
	run modseal sign -k key.pem "$module"
	assert_status 0
	assert_output "can be read by others"
}

@test "a key file without certificate, and one of another key" {
	cp "$module" before
	run modseal sign -k "$soft/rsa2048.key.pem" "$module"
	assert_status 3
	assert_output "no certificate"
	run modseal sign -k "$soft/rsa2048.key.pem" -c "$soft/rsa3072.pem" "$module"
	assert_status 3
	assert_same "$module" before
}

@test "what is no key file is refused by name" {
	mkdir dir
	touch empty
	for ref in missing.pem dir empty "$soft/rsa2048.der" "$module"; do
		run modseal sign -k "$ref" -c "$soft/rsa2048.pem" "$module"
		assert_status 3
		assert_output "$ref"
	done
}
