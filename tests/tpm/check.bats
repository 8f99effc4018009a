#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What speaks for a key being bound to its TPM: keys --check, sign --require-hardware.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
}

@test "a key that was made in the TPM is bound, and has the name that the TPM gives it" {
	keygen key.pem p256
	run modseal keys --check --json key.pem
	assert_status 0
	jq -e '.bound and .missing == null and .evidence ==
		{ fixedTPM: true, fixedParent: true, sensitiveDataOrigin: true }' <<<"$output"
	name=$(jq -r .identity <<<"$output")
	[[ $name = "TPM name 000b"* ]]
	run modseal keys --check key.pem
	assert_match '^bound: '
	assert_output "$name"
	refute_output "software"
	run sign key.pem --require-hardware
	assert_status 0
	assert_signed key.pem
}

@test "a key that was made outside is not, though the TPM holds it" {
	openssl ecparam -name prime256v1 -genkey -noout -out soft.key
	tpm2 createprimary -C o -g sha256 -G ecc -c parent.ctx
	tpm2 import -C parent.ctx -G ecc -i soft.key -u key.pub -r key.priv
	tpm2 flushcontext -t
	tpm2 load -C parent.ctx -u key.pub -r key.priv -c key.ctx
	tpm2 evictcontrol -C o -c key.ctx 0x81000077
	tpm2 flushcontext -t
	run modseal keys --check handle:0x81000077
	tpm2 evictcontrol -C o -c 0x81000077
	assert_status 1
	assert_output "NOT known to be bound to hardware:"
	assert_output "sensitiveDataOrigin is false"
}
