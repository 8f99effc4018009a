#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tpm2-pkcs11: the TPM as one more PKCS#11 token. Its package is unpacked, not installed: it would name
# itself to p11-kit, and then every program that asks for tokens meets it.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	local package dir=$BATS_FILE_TMPDIR/packages debian_dir=${MODSEAL_CACHE:-$TOP/.cache}/debian
	# shellcheck source=tests/lib/debian.bash
	. "$TOP/tests/lib/debian.bash"
	debian_use "$(debian_here)"
	for package in libtpm2-pkcs11-1 libsqlite3-0 libyaml-0-2; do
		debian_unpack "$dir" $package
	done
	P11=$(find "$dir" -name 'libtpm2_pkcs11.so.1')
	LD_LIBRARY_PATH=$(dirname "$P11")
	TPM2_PKCS11_STORE=$BATS_FILE_TMPDIR/store TPM2_PKCS11_TCTI=$MODSEAL_TCTI
	export P11 LD_LIBRARY_PATH TPM2_PKCS11_STORE TPM2_PKCS11_TCTI
	mkdir "$TPM2_PKCS11_STORE"
	export ASAN_OPTIONS=detect_leaks=0 # the module's
	p11 --slot-index 0 --init-token --label tpm --so-pin 5678
	p11 --token-label tpm --init-pin --login --login-type so --so-pin 5678 --pin 1234
	p11 --token-label tpm --login --pin 1234 --keypairgen --key-type rsa:2048 --label rsa --id 01
	p11 --token-label tpm --login --pin 1234 --keypairgen --key-type EC:prime256v1 --label ec --id 02
}

# The module leaves its primary key in the TPM.
teardown() {
	tpm2 flushcontext -t
}

p11() {
	timeout 60 pkcs11-tool --module "$P11" "$@" </dev/null
}

@test "its keys are listed" {
	run modseal_pin keys --login --module "$P11" 'pkcs11:token=tpm'
	assert_output "private key rsa, RSA-2048"
	assert_output "private key ec, P-256"
	assert_output "sensitive, never extractable, made on the token"
}

@test "its keys sign, one module and many" {
	for key in rsa ec; do
		run modseal_pin cert --module "$P11" -k "pkcs11:token=tpm;object=$key" --subject CN=$key \
			--out cert.pem
		assert_status 0
		run modseal_pin sign --module "$P11" -k "pkcs11:token=tpm;object=$key" -c cert.pem "$module"
		assert_status 0
		assert_signed cert.pem
	done
	bare_modules 6 "$PWD/tree"
	run modseal_pin sign --module "$P11" -k 'pkcs11:token=tpm;object=rsa' -c cert.pem tree
	assert_status 3 # the certificate is of the other key
	run modseal_pin sign --module "$P11" -k 'pkcs11:token=tpm;object=ec' -c cert.pem tree
	assert_status 0
	assert_output "6 signed"
}

@test "a wrong PIN is told" {
	MODSEAL_PIN=9999 run modseal sign --module "$P11" -k 'pkcs11:token=tpm;object=rsa' \
		-c "$MODSEAL_FIXTURES/rsa2048.pem" "$module"
	assert_status 3
	assert_untouched
}
