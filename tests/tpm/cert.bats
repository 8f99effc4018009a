#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Certificates and requests of keys in the TPM, and a CA's key there. openssl judges them.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
}

@test "requests, and a CA in the TPM that answers them" {
	local type
	keygen ca.pem p384 --profile ca -o ca.crt
	for type in rsa2048 p256; do
		modseal keygen -k $type.pem --type $type --no-cert
		run modseal csr -k $type.pem --subject "CN=builder $type" --out $type.csr
		assert_status 0
		openssl req -in $type.csr -verify -noout
		run modseal cert --csr $type.csr --issuer-key ca.pem --out $type.crt
		assert_status 0
		openssl verify -CAfile ca.crt $type.crt
		run modseal import -k $type.pem -c $type.crt
		assert_status 0
		run sign $type.pem --embed-certs $type.crt
		assert_status 0
		run modseal verify -c ca.crt "$module"
		assert_status 0
		cp before.ko "$module"
	done
}

@test "an issuer in a token for a key in the TPM, and the other way round" {
	modseal keygen -k leaf.pem --type p256 --no-cert
	run modseal_pin cert --module "$MODSEAL_P11" -k leaf.pem --subject CN=leaf --out leaf.crt --store \
		--issuer-key "$MODSEAL_FIXTURES/ca.key.pem" --issuer-cert "$MODSEAL_FIXTURES/ca.der"
	assert_status 0
	openssl x509 -inform DER -in "$MODSEAL_FIXTURES/ca.der" -out ca.crt
	openssl verify -CAfile ca.crt leaf.crt
	keygen ca.pem rsa2048 --profile ca -o ca.crt
	run modseal_pin cert --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=p384' --subject CN=x \
		--issuer-key ca.pem --out x.crt
	assert_status 0
	openssl verify -CAfile ca.crt x.crt
}

@test "each profile and a configuration, as for other keys" {
	modseal keygen -k key.pem --type p256 --no-cert
	for profile in mok kernel ca; do
		run modseal cert -k key.pem --subject CN=$profile --profile $profile --out c.pem
		assert_status 0
		openssl verify -check_ss_sig -CAfile c.pem c.pem
	done
	printf '%s\n' '[req]' 'distinguished_name=dn' 'prompt=no' 'default_md=sha512' '[dn]' 'CN=conf' >conf
	run modseal cert -k key.pem --config conf --out c.pem
	assert_status 0
	run openssl x509 -in c.pem -noout -text
	assert_output "Subject: CN = conf"
	assert_output ecdsa-with-SHA512
}

@test "of a persistent key: stored in what is noted of it, and shown from there" {
	modseal keygen -k handle:0x81010060 --type p256 --no-cert
	run modseal cert show handle:0x81010060
	assert_status 3
	assert_output "none is noted of this key"
	run modseal cert -k handle:0x81010060 --subject CN=noted --store --out c.pem
	assert_status 0
	run modseal cert show --json handle:0x81010060
	assert_status 0
	assert_output '"subject":"CN=noted"'
	run sign handle:0x81010060
	tpm2 evictcontrol -C o -c 0x81010060
	assert_status 0
	assert_signed c.pem
	run modseal cert show handle:0x81010061
	assert_status 3
}

@test "with an auth value: each signature wants it, certificates' as well" {
	MODSEAL_PIN=abc modseal keygen -k key.pem --type p256 --auth --no-cert
	run modseal cert -k key.pem --subject CN=x --out c.pem
	assert_status 3
	[ ! -e c.pem ]
	MODSEAL_PIN=abc run modseal cert -k key.pem --subject CN=x --out c.pem
	assert_status 0
	MODSEAL_PIN=abc run modseal csr -k key.pem --subject CN=x --out c.csr
	assert_status 0
	openssl req -in c.csr -verify -noout
}
