#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/tpm.md, as they stand there.

load ../lib/common
load ../lib/guide
load tpm

# What one section makes the next ones use.
setup_file() {
	tpm_setup_file
	export WORK=$BATS_FILE_TMPDIR/w
	mkdir -p "$WORK/bin" "$WORK/updates/dkms"
	cp "$(bare_module nls_utf8 "$WORK/bare")" "$WORK/driver.ko"
	cat >"$WORK/bin/modseal" <<-END
		#!/bin/bash
		exec setsid -w timeout -k 5 60 "$MODSEAL" "\$@" </dev/null
	END
	chmod +x "$WORK/bin/modseal"
	ln -s "$MODSEAL" "$WORK/bin/sign-file"
	PATH=$WORK/bin:$PATH
}

setup() {
	cd "$WORK"
	module=driver.ko
	cp bare before.ko
}

guide() { # HEADING
	blocks tpm.md sh "$1" >commands
	run timeout 120 bash -euo pipefail -c ". ./commands" </dev/null
	assert_status 0
}

@test "what you need: the TPM answers" {
	guide "What you need"
}

@test "a key and its certificate are made" {
	guide "Make the key and its certificate"
	refute_output "ends it"
	assert_output "sha256:7"
	[ "$(stat -c %a dkms.pem)" = 600 ]
}

@test "sign and verify" {
	guide "Sign"
	assert_line "driver.ko: signed (sha256)"
	assert_signed dkms.der
}

# As DKMS 3.0.10 does: it reads the file with bash, looks for the program and the certificate, and
# calls the one with the other.
@test "DKMS: its configuration signs" {
	blocks tpm.md conf DKMS | sed "s|/usr/local/libexec/modseal|$WORK/bin|; s|/etc/modseal|$WORK|" \
		>modseal.conf
	. ./modseal.conf
	[ -x "$sign_file" ] && [ -f "$mok_certificate" ]
	cp bare driver.ko
	run timeout 60 "$sign_file" sha512 "$mok_signing_key" "$mok_certificate" "$PWD/driver.ko"
	assert_status 0
	assert_signed dkms.der
}

@test "after an update: refused, approved, signed later" {
	cp bare updates/dkms/driver.ko
	tpm2 pcrextend "7:sha256=$(printf '%064x' 1)"
	run modseal sign -k dkms.pem updates/dkms
	assert_status 3
	assert_output "the key's policy is not satisfied"
	assert_match "^  PCR sha256:7 is [0-9a-f]{16}\.\.\., the key wants "
	assert_same updates/dkms/driver.ko bare
	value=$(printf '%064x' 2)
	export value
	guide "After an update that changed PCR 7"
	assert_output "updates/dkms/driver.ko: signed"
	cp updates/dkms/driver.ko driver.ko
	assert_signed dkms.der
}

@test "proof" {
	run modseal keys --check dkms.pem
	assert_status 0
	assert_output "fixedTPM"
}
