#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/yubikey.md, as they stand there, on a card whose slots 9a and 9c are empty.

load ../lib/common
load ../lib/guide
load piv

# What one section makes the next ones use.
setup_file() {
	piv_setup_file
	export WORK=$BATS_FILE_TMPDIR/w
	mkdir -p "$WORK/bin" "$WORK/updates/dkms"
	rm "$CARD"/9[ac].*
	bare_module dummy "$WORK/bare" >/dev/null
	cp "$WORK/bare" "$WORK/driver.ko"
	cp "$CARD/management" "$WORK/management-key"
	cp "$CARD/root.pem" "$WORK/yubico-root.pem"
	openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/old.key" \
		-subj /CN=old -config "$CARD/openssl.cnf" -out "$WORK/old.pem" 2>/dev/null
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
	export MODSEAL_PIN=$PIN # the person's answers
}

teardown() {
	:
}

# Runs a section's commands; $module is that of the first section.
guide() { # HEADING
	blocks yubikey.md sh "$1" | sed "s|/usr/lib/x86_64-linux-gnu|${YKCS11%/*}|" >commands
	run timeout 120 bash -euo pipefail -c "module=$YKCS11; . ./commands" </dev/null
	assert_status 0
}

@test "what you need: the card is found" {
	guide "What you need"
	assert_output "YubiKey PIV #12345678"
}

@test "a key and its certificate are made" {
	guide "Make the key and its certificate"
	assert_output "slot 9c, RSA-2048"
	assert_same my-modules.der "$CARD/9c.der"
	[ "$(cat "$CARD/9d.policy")" = '2 1 2' ]
}

@test "sign and verify" {
	guide "Sign"
	assert_line "driver.ko: signed (sha256)"
	assert_signed 9c driver.ko
}

@test "touch: a key by Yubico's tool, announced when it is used" {
	guide "Touch"
	assert_same touch.der "$CARD/9a.der"
	[ "$(cat "$CARD/9a.policy")" = '2 2 1' ]
	echo 4000 >"$CARD/touch-ms" # told after 2 seconds
	cp bare touched.ko
	run modseal sign --module "$YKCS11" -k 'pkcs11:id=%01' touched.ko
	rm "$CARD/touch-ms"
	assert_status 0
	assert_output "touch it if it blinks"
	assert_signed 9a touched.ko
}

dkms_signs() { # URI
	cp bare updates/dkms/driver.ko
	run timeout 60 "$sign_file" sha512 "$1" "$mok_certificate" "$PWD/updates/dkms/driver.ko"
	assert_status 0
	assert_signed 9a updates/dkms/driver.ko
}

# As DKMS 3.0.10 does: it reads the file with bash, looks for the program and the certificate, and
# calls the one with the other.
@test "DKMS: its configuration signs" {
	blocks yubikey.md conf DKMS | sed "s|/usr/lib/x86_64-linux-gnu|${YKCS11%/*}|
		s|/usr/local/libexec/modseal|$WORK/bin|; s|/etc/modseal|$WORK|" >modseal.conf
	cp touch.der my-modules.der # the certificate of slot 9a, which this configuration names
	cp bare updates/dkms/driver.ko
	. ./modseal.conf
	[ -x "$sign_file" ] && [ -f "$mok_certificate" ]
	dkms_signs "$mok_signing_key"
	unset MODSEAL_PIN
	(umask 077 && echo $PIN >pin)
	dkms_signs "$mok_signing_key&pin-source=$WORK/pin"
}

@test "DKMS: modules are signed later" {
	cp bare updates/dkms/late.ko
	guide DKMS
	assert_output "late.ko: signed"
	assert_signed 9a updates/dkms/late.ko updates/dkms/driver.ko
}

@test "proof" {
	guide "Proof that the key is hardware"
	assert_output "CKA_NEVER_EXTRACTABLE  yes"
	assert_match "attestation +yes "
	assert_output "YubiKey PIV Attestation 9c"
}
