#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A TPM that signs fast is given two signatures of a key at once, in two sessions.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	export PLAIN=$BATS_FILE_TMPDIR/plain.pem AUTH=$BATS_FILE_TMPDIR/auth.pem \
		SEALED=$BATS_FILE_TMPDIR/sealed.pem
	keygen "$PLAIN" p256
	MODSEAL_PIN=abc keygen "$AUTH" p256 --auth
	MODSEAL_PIN=abc keygen "$SEALED" p256 --pcr sha256:16 --auth
}

all_signed() { # CERT DIR
	openssl x509 -in "$1" -out cert.pem
	run modseal verify -q -c cert.pem "$2"
	assert_status 0
}

# How often a command was sent.
sent() { # COMMAND
	grep -c "^$1\$" commands || true
}

@test "a key with an auth value: one object, two sessions, all signed, nothing left behind" {
	bare_modules 60 "$PWD/tree"
	for key in AUTH SEALED; do
		cp -r tree $key
		MODSEAL_PIN=abc run modseal sign -k "${!key}" -q \
			--tcti "$(spoilt any-but-FlushContext 1 note=$PWD/commands)" $key
		assert_status 0
		all_signed "${!key}" $key
		[ "$(sent Load)" -eq 1 ]
		[ "$(sent StartAuthSession)" -eq 2 ]
		rm commands
		tpm_is_clean
	done
}

@test "one job, one session" {
	bare_modules 20 "$PWD/tree"
	MODSEAL_PIN=abc run modseal sign -k "$AUTH" -q -j 1 \
		--tcti "$(spoilt any-but-FlushContext 1 note=$PWD/commands)" tree
	assert_status 0
	[ "$(sent StartAuthSession)" -eq 1 ]
}

@test "no room for a second session: all are signed in the first, and nobody waits for room" {
	local start=$SECONDS
	bare_modules 60 "$PWD/tree"
	MODSEAL_PIN=abc run modseal sign -k "$AUTH" -q --tcti "$(spoilt StartAuthSession 2 fail=903)" tree
	assert_status 0
	all_signed "$AUTH" tree
	[ $((SECONDS - start)) -lt 6 ]
}

@test "whichever command is refused in a batch, once: modules are signed or as they were" {
	local n
	bare_modules 12 "$PWD/tree"
	for n in 4 6 8 9 10 11 12 13 14 16 18; do
		rm -rf some
		cp -r tree some
		MODSEAL_PIN=abc run modseal sign -k "$AUTH" --tcti "$(spoilt any-but-FlushContext $n fail=101,1)" some
		[ "$status" -le 3 ]
		tpm_is_clean
		openssl x509 -in "$AUTH" -out cert.pem
		while read -r file; do
			cmp -s "$file" "tree/${file#some/}" || modseal verify -q -c cert.pem "$file"
		done < <(find some -name '*.ko')
	done
}

@test "an auth value that is refused in the middle ends the batch" {
	bare_modules 40 "$PWD/tree"
	MODSEAL_PIN=abc run modseal sign -k "$AUTH" --tcti "$(spoilt Sign 10 fail=98e)" tree
	assert_status 3
	assert_output "auth value"
}

@test "a TPM that does not answer is waited for once, not in each lane" {
	local start
	bare_modules 12 "$PWD/tree"
	start=$SECONDS
	# The last one: the first was the trial's.
	MODSEAL_PIN=abc run modseal sign -k "$AUTH" --token-timeout 4 --tcti "$(spoilt Sign 13 hang)" tree
	assert_status 3
	assert_output "did not come back within 4 seconds"
	[ $((SECONDS - start)) -lt 8 ]
	tpm2 flushcontext -t
	tpm2 flushcontext -l
}
