#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys made in the TPM, and what they sign.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
}

@test "each type that the TPM offers signs with each digest" {
	local type hash
	for type in rsa2048 rsa3072 p256 p384; do
		run keygen $type.pem $type
		assert_status 0
		for hash in sha256 sha384 sha512 sha3-256; do
			run sign $type.pem --hash $hash
			assert_status 0
			assert_signed $type.pem
		done
	done
}

@test "a type that the TPM does not offer is told, and nothing is made" {
	run keygen big.pem rsa4096
	assert_status 3
	assert_output "knows no RSA-4096 keys"
	[ ! -e big.pem ]
}

@test "the key cannot leave the TPM, and signs" {
	keygen key.pem p256
	run modseal inspect key.pem
	assert_output "attributes   fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, sign"
	assert_output "parent       0x40000001"
}

@test "the file is for its owner, and one that is there is not written over" {
	(umask 000 && keygen key.pem p256)
	[ "$(stat -c %a key.pem)" = 600 ]
	cp key.pem copy
	run keygen key.pem p256
	assert_status 3
	assert_output "key.pem exists already"
	assert_same key.pem copy
	ln -s nowhere link.pem
	run keygen link.pem p256
	assert_status 3
	[ ! -e nowhere ]
}

# Makes a key at REF while another keygen, which began before, waits for its auth value; that one's
# words are in `said` then, its exit status in $ended.
keygen_overtaken() { # REF
	local first
	mkfifo auth
	timeout 60 "$MODSEAL" keygen -k "$1" --type p256 --no-cert --auth --pin-source auth \
		>said 2>&1 </dev/null 3>&- &
	first=$!
	timeout 60 sh -c 'exec 3>auth; : >asks; until [ -e go ]; do sleep 0.1; done; echo secret >&3' \
		>/dev/null 2>&1 </dev/null &
	timeout 30 sh -c 'until [ -e asks ]; do sleep 0.1; done'
	keygen "$1" p256 --out made.pem
	ended=0
	: >go
	wait "$first" || ended=$?
}

@test "two at once with one name: the one that is done later fails, and the key of the other stays" {
	keygen_overtaken key.pem
	run cat said
	[ "$ended" -eq 3 ]
	assert_output "key.pem exists already"
	[ "$(ls key.pem*)" = key.pem ]
	run sign key.pem
	assert_status 0
	assert_signed made.pem
}

@test "two at once at one handle: likewise" {
	keygen_overtaken handle:0x81010021
	run cat said
	[ "$ended" -eq 3 ]
	assert_output "there is a persistent object at this handle already"
	run sign handle:0x81010021
	assert_status 0
	assert_signed made.pem
	[ "$(cd "$XDG_STATE_HOME/modseal/tpm" && ls 0x81010021*)" = 0x81010021.pem ]
	tpm2 evictcontrol -C o -c 0x81010021
}

@test "a request for a certificate, and a certificate once more" {
	modseal keygen -k key.pem --type p384 --no-cert
	run modseal csr -k key.pem --subject CN=asked --out key.csr
	assert_status 0
	run openssl req -in key.csr -noout -verify -subject
	assert_output "verify OK"
	assert_output "CN = asked"
	run modseal cert -k key.pem --subject CN=later --out later.pem
	assert_status 0
	run sign key.pem -c later.pem
	assert_status 0
	assert_signed later.pem
}

@test "under a persistent parent" {
	tpm2 createprimary -C o -G ecc -c parent.ctx
	tpm2 evictcontrol -C o -c parent.ctx 0x81000010
	tpm2 flushcontext -t
	run keygen key.pem p256 --parent 0x81000010
	assert_status 0
	run sign key.pem
	assert_status 0
	assert_signed key.pem
	run modseal inspect key.pem
	assert_output "parent       0x81000010"
	tpm2 evictcontrol -C o -c 0x81000010
	run sign key.pem
	assert_status 3
	assert_output "there is no key at the parent's handle 0x81000010"
	assert_untouched
}

@test "a parent that is none" {
	run keygen key.pem p256 --parent 0x81000077
	assert_status 3
	assert_output "0x81000077"
	run keygen key.pem p256 --parent 0x80000000
	assert_status 3
	assert_output "cannot be a key's parent"
	run keygen key.pem p256 --parent 81000001
	assert_status 2
	[ ! -e key.pem ]
}

@test "a persistent key" {
	run modseal keygen -k handle:0x81010001 --type rsa2048 --subject CN=handle --out cert.pem
	assert_status 0
	assert_output "key made: handle:0x81010001"
	run sign handle:0x81010001
	assert_status 0
	assert_signed cert.pem
	run modseal keygen -k handle:0x81010001 --type p256 --subject CN=handle
	assert_status 3
	assert_output "there is a key at 0x81010001 already"
	tpm2 evictcontrol -C o -c 0x81010001
	run sign handle:0x81010001
	assert_status 3
	assert_output "no such object"
	assert_untouched
}

@test "handles that are none for keys" {
	run modseal keygen -k handle:0x81900001 --type p256 --no-cert
	assert_status 3
	assert_output "no handle for keys of the owner's"
	for ref in handle:0x80000001 handle:81010001 handle:zzz; do
		run modseal keygen -k $ref --type p256 --no-cert
		assert_status 3
		assert_output "$ref"
	done
	[ -z "$(ls "$XDG_STATE_HOME/modseal/tpm" | grep 81900001)" ]
}

@test "a reference without a handle, as of an empty variable, is refused and no file's name" {
	run modseal keygen -k handle: --type p256 --no-cert
	assert_status 3
	assert_output "handle: names no handle"
	[ ! -e handle: ]
	run sign handle:
	assert_status 3
	assert_output "handle: names no handle"
	assert_untouched
}

@test "a key of another TPM is told" {
	keygen key.pem p256
	tpm_start "$BATS_TEST_TMPDIR/other"
	run sign key.pem
	tpm_kill "$BATS_TEST_TMPDIR/other"
	. "$TPM_DIR/env"
	assert_status 3
	assert_output "the storage key at 0x40000001 is another one than when the key was made"
	assert_untouched
}

@test "options of a TPM's for a key in a token are refused" {
	run modseal_pin keygen --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=new' --type p256 \
		--subject CN=x --pcr sha256:7
	assert_status 2
	assert_output "are for keys in a TPM"
}

@test "words that go together, and words that do not" {
	run keygen key.pem p256 --recovery-auth
	assert_status 2
	run keygen key.pem p256 --auth --recovery-auth --pcr sha256:7
	assert_status 2
	for pcrs in 7 sha256 sha256: sha256:24 md5:1 sha256:1,1 sha256:7=12 'sha256:7;8' sha256:-1; do
		run keygen key.pem p256 --pcr "$pcrs"
		assert_status 2
		assert_output "'$pcrs'"
	done
	[ ! -e key.pem ]
}
