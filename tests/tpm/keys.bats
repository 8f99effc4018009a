#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Persistent keys listed, key files explained.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	tpm2 createprimary -C o -c "$BATS_FILE_TMPDIR/srk.ctx"
	tpm2 evictcontrol -C o -c "$BATS_FILE_TMPDIR/srk.ctx" 0x81000001
	tpm2 flushcontext -t
	modseal keygen -k handle:0x81010001 --type p384 --subject CN=1
	MODSEAL_PIN=abc modseal keygen -k handle:0x81010002 --type rsa2048 --pcr sha256:7 --recovery-auth \
		--no-cert
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$BATS_FILE_TMPDIR/policy.key"
	MODSEAL_PIN=abc keygen "$BATS_FILE_TMPDIR/key.pem" rsa2048 --pcr sha256:7,16 --auth \
		--policy-key "$BATS_FILE_TMPDIR/policy.key"
}

@test "keys --tpm: type, attributes and policy" {
	run modseal keys --tpm
	assert_status 0
	assert_line "  private key 0x81000001, RSA-2048"
	assert_line "    sensitive, never extractable, made on the token, cannot sign"
	assert_line "    attributes fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, decrypt"
	assert_line "  private key 0x81010001, P-384"
	assert_line "    handle:0x81010001"
	assert_line "    attributes fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, sign"
	assert_line "    policy sha256:7=$(printf '%064d' 0), or the recovery auth value"
	refute_output pkcs11
}

@test "one handle; the policy's digest where nothing is noted; as JSON" {
	run modseal keys handle:0x81010002
	assert_status 0
	refute_output 0x81010001
	XDG_STATE_HOME=$PWD/none run --separate-stderr modseal keys --json handle:0x81010002
	assert_status 0
	jq -e '.token == "TPM 2.0" and (.objects | length) == 1 and (.objects[0] |
		.uri == "handle:0x81010002" and .type == "RSA" and .bits == 2048 and .sign and
		(.policy | length) == 64 and (.attributes | contains("fixedTPM")))' <<<"$output"
	run modseal keys handle:0x81019999
	refute_output 0x8101
}

@test "keys lists tokens and the TPM, and without a TPM tokens only" {
	run modseal keys --module "$MODSEAL_P11"
	assert_status 0
	assert_output "token modseal"
	assert_output "token TPM 2.0"
	MODSEAL_TCTI='' TPM2TOOLS_TCTI='' run modseal keys --module "$MODSEAL_P11"
	[ -e /dev/tpmrm0 ] || refute_output TPM
	run modseal keys --tpm pkcs11:
	assert_status 2
}

@test "a TPM that cannot be reached is a problem when it was asked for" {
	run modseal keys --tpm --tcti swtpm:port=1
	assert_status 1
	assert_output "problem: TPM swtpm:port=1 cannot be reached"
}

@test "keys --find tells a TPM's key from one that lies in its file, without a TPM" {
	mkdir -p root/var/lib/sbctl/keys/db
	keygen root/var/lib/sbctl/keys/db/db.key rsa2048 -o root/var/lib/sbctl/keys/db/db.pem
	modseal keygen -k root/var/lib/sbctl/keys/db/other.key --type p256 --no-cert
	chmod 644 root/var/lib/sbctl/keys/db/*.key
	MODSEAL_TCTI=device:/dev/null run modseal keys --find --root root --json
	assert_status 0
	[ "$(jq -sc 'map([.what, .type, .in_tpm, .compared, .problem]) | sort' <<<"$output")" = \
		'[["sbctl","P-256",true,false,null],["sbctl","RSA-2048",true,true,null]]' ]
	run modseal keys --find --root root
	assert_output "in the TPM of the machine"
	refute_output warning
	run sign root/var/lib/sbctl/keys/db/db.key -c root/var/lib/sbctl/keys/db/db.pem
	assert_status 0
}

@test "inspect explains a key file without a TPM" {
	MODSEAL_TCTI=swtpm:port=1 run modseal inspect "$BATS_FILE_TMPDIR/key.pem"
	assert_status 0
	assert_line "$BATS_FILE_TMPDIR/key.pem: TPM key, RSA-2048"
	assert_match "^  name         000b[0-9a-f]{64}$"
	assert_match "^  parent       0x40000001, name 000b[0-9a-f]{64}$"
	assert_line "  attributes   fixedTPM, fixedParent, sensitiveDataOrigin, decrypt, sign"
	assert_line "  auth value   as the policy says"
	assert_match "^  policy       [0-9a-f]{64}$"
	assert_match "^    TPM2_PolicyAuthorize P-256 policy key 000b[0-9a-f]{64}$"
	assert_line "    TPM2_PolicyAuthValue the key's auth value"
	zeros=$(printf '%064d' 0)
	assert_line "  approved     sha256:7=$zeros,16=$zeros"
	assert_line "    TPM2_PolicyPCR       sha256:7=$zeros,16=$zeros"
	assert_line "  certificate  CN=test key.pem"
	refute_output problem
}

@test "inspect --json, beside a module" {
	run --separate-stderr modseal inspect --json "$BATS_FILE_TMPDIR/key.pem" "$module"
	assert_status 0
	jq -es '.[0] | .key == "tpm2" and .type == "RSA" and .bits == 2048 and .auth_value == true and
		(.policy | length) == 2 and (.approvals | length) == 1 and .unusable == null' <<<"$output"
	jq -es '.[1].state == "unsigned"' <<<"$output"
}
