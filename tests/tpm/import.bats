#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys that were made in software, put into the TPM.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	export SOFT=$MODSEAL_FIXTURES/soft
}

import() { # REF KEYFILE [OPTION...]
	modseal import -k "$1" "${@:2}"
}

@test "each type signs in the TPM, with the same certificate as before" {
	local type
	for type in rsa2048 rsa3072 p256 p384; do
		run import $type.pem "$SOFT/$type.key.pem" -c "$SOFT/$type.pem"
		assert_status 0
		assert_match "^key imported: $type.pem \((RSA|P)-"
		assert_output "was in software: whoever could read it may have a copy"
		assert_output "put beside $type.pem"
		[ "$(stat -c %a $type.pem)" = 600 ]
		for hash in sha256 sha512 sha3-256; do
			run sign $type.pem --hash $hash
			assert_status 0
			assert_signed "$SOFT/$type.pem"
		done
	done
	# RSA signs the same bytes from the file and from the TPM
	sign rsa2048.pem
	cp "$module" by-tpm.ko
	cp before.ko "$module"
	sign "$SOFT/rsa2048.key.pem" -c "$SOFT/rsa2048.pem"
	assert_same "$module" by-tpm.ko
}

@test "it is said to be from outside, and refused where hardware is asked for" {
	import key.pem "$SOFT/p256.combined.pem"
	run modseal inspect key.pem
	assert_output "attributes   userWithAuth, noDA, sign"
	run modseal keys --check key.pem
	assert_status 1
	for word in fixedTPM fixedParent sensitiveDataOrigin; do
		assert_match "^  $word +no .*it should be so"
		assert_output "$word is false"
	done
	run sign key.pem --require-hardware
	assert_status 3
	assert_output "key.pem is not known to be bound to hardware: fixedTPM is false"
	assert_untouched
}

@test "each form of key file; the certificate in it goes along" {
	local form n=0
	for form in combined.pem nopass.p12 key.der trad.pem trad.der; do
		n=$((n + 1))
		run import k$n.pem "$SOFT/p256.$form"
		assert_status 0
		run sign k$n.pem -c "$SOFT/p256.pem"
		assert_status 0
		assert_signed "$SOFT/p256.pem"
	done
}

@test "under parents of either kind" {
	local kind
	for kind in ecc ecc384 rsa2048; do
		tpm2 createprimary -C o -G $kind -c parent.ctx
		tpm2 evictcontrol -C o -c parent.ctx 0x81000010
		tpm2 flushcontext -t
		for key in p256 rsa2048; do
			run import $kind.$key.pem "$SOFT/$key.key.pem" -c "$SOFT/$key.pem" --parent 0x81000010
			assert_status 0
			run sign $kind.$key.pem
			assert_status 0
			assert_signed "$SOFT/$key.pem"
		done
		tpm2 evictcontrol -C o -c 0x81000010
	done
}

@test "under a parent whose names and cipher are stronger" {
	tpm2 createprimary -C o -G ecc384:aes256cfb -g sha384 -c parent.ctx
	tpm2 evictcontrol -C o -c parent.ctx 0x81000010
	tpm2 flushcontext -t
	run import key.pem "$SOFT/p256.key.pem" -c "$SOFT/p256.pem" --parent 0x81000010
	assert_status 0
	run sign key.pem
	tpm2 evictcontrol -C o -c 0x81000010
	assert_status 0
	assert_signed "$SOFT/p256.pem"
}

@test "a persistent key" {
	run import handle:0x81010050 "$SOFT/rsa2048.key.pem" -c "$SOFT/rsa2048.pem"
	assert_status 0
	run sign handle:0x81010050
	assert_status 0
	assert_signed "$SOFT/rsa2048.pem"
	run import handle:0x81010050 "$SOFT/p256.key.pem"
	assert_status 3
	assert_output "there is a key at 0x81010050 already"
	tpm2 evictcontrol -C o -c 0x81010050
}

@test "with an auth value" {
	run import key.pem "$SOFT/p256.key.pem" -c "$SOFT/p256.pem" --auth
	assert_status 3
	[ ! -e key.pem ]
	MODSEAL_PIN=secret run import key.pem "$SOFT/p256.key.pem" -c "$SOFT/p256.pem" --auth
	assert_status 0
	MODSEAL_PIN=secret run sign key.pem
	assert_status 0
	assert_signed "$SOFT/p256.pem"
	MODSEAL_PIN=secreT run sign key.pem
	assert_status 3
	assert_output "auth value"
	assert_untouched
}

hex() {
	od -An -tx1 -v | tr -d ' \n'
}

@test "neither key nor auth value is seen on the bus" {
	local scalar
	scalar=$(openssl pkey -in "$SOFT/p256.key.pem" -noout -text |
		awk '/^priv:/ { p = 1; next } /^pub:/ { p = 0 } p' | tr -d ' :\n' | sed 's/^00//')
	[ ${#scalar} -eq 64 ]
	MODSEAL_PIN=eavesdropped TCTI_PCAP_FILE=$PWD/bus.pcapng run import bus.pem "$SOFT/p256.key.pem" \
		--auth --tcti "pcap:$MODSEAL_TCTI"
	assert_status 0
	hex <bus.pcapng >bus
	grep -q "$(openssl pkey -in "$SOFT/p256.key.pem" -pubout -outform DER | tail -c 64 |
		head -c 32 | hex)" bus # what is not secret is there to be seen
	run ! grep -q "$scalar" bus
	run ! grep -qaF eavesdropped bus.pcapng
}

@test "sealed to PCRs, and with a policy key" {
	tpm2 pcrreset 16
	run import key.pem "$SOFT/rsa2048.key.pem" -c "$SOFT/rsa2048.pem" --pcr sha256:16 \
		--policy-key "$SOFT/p256.key.pem"
	assert_status 0
	run sign key.pem
	assert_status 0
	assert_signed "$SOFT/rsa2048.pem"
	extend
	run sign key.pem
	assert_status 3
	assert_output "policy is not satisfied"
	assert_untouched
	modseal tpm approve key.pem --pcr sha256:16 --policy-key "$SOFT/p256.key.pem"
	run sign key.pem
	tpm2 pcrreset 16
	assert_status 0
	assert_signed "$SOFT/rsa2048.pem"
}

@test "tpm2-openssl and tpm2-tools use it" {
	echo content >content
	for key in rsa2048 p256; do
		import $key.pem "$SOFT/$key.key.pem"
		MODSEAL_PIN=abc import auth-$key.pem "$SOFT/$key.key.pem" --auth
		openssl x509 -in "$SOFT/$key.pem" -pubkey -noout -out pub.pem
		for file in $key.pem auth-$key.pem; do
			openssl_tpm2 dgst -sha256 -passin pass:abc -sign $file -out signature content
			run openssl dgst -sha256 -verify pub.pem -signature signature content
			assert_output "Verified OK"
		done
	done
	flush_sessions
	tpm2 load -r p256.pem -c key.ctx
	tpm2 flushcontext -t
	head -c 32 /dev/urandom >digest
	tpm2 sign -c key.ctx -g sha256 -s ecdsa -d -f plain -o signature digest
	tpm2 flushcontext -t
	openssl pkeyutl -verify -pubin -inkey pub.pem -in digest -sigfile signature
}

@test "what cannot be is refused before there is anything" {
	try() { # STATUS WORDS ARGUMENT...
		local wanted=$1 words=$2
		shift 2
		run import "$@"
		assert_status "$wanted"
		assert_output "$words"
		[ ! -e key.pem ]
	}
	try 3 "is not of the key" key.pem "$SOFT/p256.key.pem" -c "$SOFT/p384.pem"
	try 3 "knows no RSA-4096 keys" key.pem "$SOFT/rsa4096.key.pem"
	openssl genpkey -algorithm ED25519 -out ed.pem
	try 3 "ed.pem" key.pem ed.pem
	try 3 "there is no key at the parent's handle" key.pem "$SOFT/p256.key.pem" --parent 0x81000077
	try 2 "are for keys in a TPM" pkcs11:token=modseal "$SOFT/p256.key.pem" --pcr sha256:7
	echo mine >there.pem
	run import there.pem "$SOFT/p256.key.pem"
	assert_status 3
	assert_output "there.pem exists already"
	[ "$(cat there.pem)" = mine ]
	keygen tpm.pem p256
	run import copy.pem tpm.pem
	assert_status 1
	assert_output "tpm.pem cannot be read, so it stays where it is"
}

@test "cert --store in a key's file, and --replace: the one before goes, other text stays" {
	keygen key.pem p256
	run modseal cert -k key.pem --subject CN=second --store
	assert_status 3
	assert_output "has a certificate of this key already"
	modseal cert -k key.pem --subject CN=second --out second.pem
	cat "$SOFT/p384.pem" second.pem >>key.pem # another key's, and one more
	{ openssl x509 -in second.pem; cat key.pem; } >both && cat both >key.pem
	[ "$(grep -c BEGIN key.pem)" -eq 5 ]
	run modseal cert -k key.pem --subject CN=third --store --replace --out third.pem
	assert_status 0
	[ "$(grep -c BEGIN key.pem)" -eq 3 ]
	[ "$(grep -c END key.pem)" -eq 3 ]
	run modseal inspect key.pem
	assert_output CN=third
	run sign key.pem
	assert_status 0
	assert_signed third.pem
}

@test "a certificate alone, for a key that is there" {
	import handle:0x81010051 "$SOFT/p256.key.pem"
	run import handle:0x81010051 -c "$SOFT/p256.pem"
	assert_status 0
	run sign handle:0x81010051
	tpm2 evictcontrol -C o -c 0x81010051
	assert_status 0
	assert_signed "$SOFT/p256.pem"
}
