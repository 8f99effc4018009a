#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/keys.md, as they stand there, one section after the other.

load ../lib/common
load ../lib/guide
load cli

# What one section makes the next ones use.
setup_file() {
	common_setup_file
	export WORK=$BATS_FILE_TMPDIR/w
	mkdir -p "$WORK/bin" "$WORK/mok" "$WORK/tokens" "$WORK/tree/net"
	cp "$(bare_module dummy "$WORK/bare")" "$WORK/driver.ko"
	cp "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" "$WORK/mok/MOK.priv"
	cp "$MODSEAL_FIXTURES/soft/rsa2048.der" "$WORK/mok/MOK.der"
	sed "s|^directories.tokendir = .*|directories.tokendir = $WORK/tokens|" "$SOFTHSM2_CONF" \
		>"$WORK/softhsm2.conf"
	export SOFTHSM2_CONF=$WORK/softhsm2.conf
	echo so-secret >"$WORK/so-pin"
	# The person's answers, and the only module.
	cat >"$WORK/bin/modseal" <<-'END'
		#!/bin/bash
		command=$1 options=(--module "$MODSEAL_P11")
		shift
		case $command in
		keygen) options+=(--so-pin-source "$WORK/so-pin") ;;
		verify) options=() ;;
		esac
		MODSEAL_PIN=1234 exec setsid -w timeout -k 5 60 "$MODSEAL" "$command" "${options[@]}" "$@" </dev/null
	END
	chmod +x "$WORK/bin/modseal"
	PATH=$WORK/bin:$PATH
}

modseal() {
	"$WORK/bin/modseal" "$@"
}

setup() {
	cd "$WORK"
	cp bare driver.ko
}

# Runs the sh blocks under a heading.
guide() { # HEADING
	blocks keys.md sh "$1" |
		sed "s|/var/lib/shim-signed/mok|$WORK/mok|; s|/lib/modules/6.12.9/updates|$WORK/tree|" >commands
	run bash -euo pipefail ./commands
}

@test "a new key on a token" {
	guide "A new key on a token"
	assert_status 0
	assert_output "token initialised: pkcs11:"
	assert_output "bound: it was made in its place"
	assert_output ".machine"
	[ -s modules-2027.der ]
}

@test "a CA" {
	guide "A CA"
	assert_status 0
	assert_match '^driver.ko: valid'
	# machines that know the CA alone need the builder's certificate in the signature
	openssl x509 -inform DER -in ca.der -out ca.pem
	openssl x509 -inform DER -in b1.der -out b1.pem
	openssl verify -CAfile ca.pem b1.pem
	openssl req -in b1.csr -verify -noout
}

@test "where your key is now" {
	local part
	for part in --find --login; do
		guide "Where your key is now"
		grep -e "$part" commands >one
		run bash -euo pipefail ./one
		# no key file is on this machine, or no PIN is there for the second token: both are told
		[ "$status" -le 1 ]
	done
	assert_output "object=modules-2027"
	assert_output "object=ca"
}

@test "an old key into a token" {
	guide "An old key into a token or the TPM"
	assert_status 0
	assert_output "was in software"
	[ ! -e mok/MOK.priv ]
	run modseal verify -c mok/MOK.der driver.ko
	assert_status 0
	run modseal keys --check 'pkcs11:token=release;object=old-mok'
	assert_status 1
}

@test "two keys side by side: what the old one signed is signed again, the rest is left alone" {
	cp bare tree/old.ko
	cp bare tree/net/new.ko
	cp bare tree/unsigned.ko
	modseal sign -q -k 'pkcs11:token=release;object=old-mok' tree/old.ko
	modseal sign -q -k 'pkcs11:token=release;object=modules-2027' tree/net/new.ko
	cp tree/net/new.ko kept.ko
	# while both are enrolled
	run modseal verify -c mok/MOK.der -c modules-2027.der tree
	assert_status 1
	assert_output "3 modules: 2 valid"
	guide "Two keys side by side"
	assert_status 0
	assert_output "3 modules: 2 signed, 1 kept"
	assert_output "3 modules: 3 valid, 0 not valid"
	assert_same tree/net/new.ko kept.ko
	run modseal verify -c mok/MOK.der tree # the old certificate can go
	assert_output "3 modules: 0 valid"
	guide "Two keys side by side"
	assert_output "3 modules: 0 signed, 3 kept"
}

@test "another certificate for the same key" {
	run modseal cert -k 'pkcs11:token=release;object=modules-2027' --subject 'CN=Example' --store
	assert_status 3
	run modseal cert -k 'pkcs11:token=release;object=modules-2027' --subject 'CN=Example' \
		--store --replace --out next.der
	assert_status 0
	run modseal sign -k 'pkcs11:token=release;object=modules-2027' driver.ko
	assert_status 0
	run modseal verify -c next.der driver.ko
	assert_status 0
}
