#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# PKCS#11 URIs: what they find, and what is said when they find nothing or too much.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

use() { # URI OPTION...
	local uri=$1
	shift
	modseal_pin sign --module "$MODSEAL_P11" -k "$uri" "$@" m.ko
}

finds() { # URI [CERT]
	cp bare m.ko
	run --separate-stderr use "$1"
	assert_status 0
	[ -z "$stderr" ] || said "it said something"
	modseal verify -c "$MODSEAL_FIXTURES/${2:-rsa2048.pem}" m.ko
}

# Exit status 3, the module as it was.
fails() { # URI TEXT...
	cp bare m.ko
	run use "$1"
	assert_status 3
	assert_same m.ko bare
	shift
	for text; do
		assert_output "$text"
	done
}

# A field of the token `modseal` in --json of keys.
of_token() { # NAME
	modseal keys --json --module "$MODSEAL_P11" 'pkcs11:token=modseal' | jq -r ".$1"
}

@test "by token, object, id, type, serial, manufacturer, model" {
	serial=$(of_token serial)
	finds 'pkcs11:token=modseal;object=rsa2048'
	finds 'pkcs11:token=modseal;id=%01'
	finds 'pkcs11:object=p256;token=modseal' p256.pem
	finds 'pkcs11:token=modseal;object=p384;type=private' p384.pem
	finds "pkcs11:serial=$serial;object=rsa2048"
	finds "pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;token=modseal;id=%01;object=rsa2048"
	finds 'pkcs11:token=%6d%6Fdseal;object=rsa%32048'
}

@test "by slot, library and its version" {
	for attribute in slot-id slot-description slot-manufacturer library-manufacturer; do
		case $attribute in
		slot-id) value=$(slot_id) ;;
		slot-description) value=$(slot_text 'Description') ;;
		slot-manufacturer) value=$(slot_text 'Manufacturer ID') ;;
		*) value=SoftHSM ;;
		esac
		[ -n "$value" ]
		finds "pkcs11:$attribute=$(jq -rn --arg v "$value" '$v | @uri');token=modseal;object=rsa2048"
	done
	fails 'pkcs11:slot-id=1;token=modseal;object=rsa2048' "no token matches"
	fails 'pkcs11:library-manufacturer=Nobody;token=modseal;object=rsa2048' "no token matches"
}

slots() {
	timeout 30 softhsm2-util --show-slots | awk '/^Slot /{ slot = $2 } { print slot, $0 }' >slots
	awk '/Label: +modseal *$/ { print $1 }' slots
}

slot_id() {
	slots
}

slot_text() { # FIELD: the slot's, not the token's
	local slot
	slot=$(slots)
	sed -n "s/^$slot  *$1: *\(.*[^ ]\) *$/\1/p" slots | head -n 1
}

@test "the module by path and by name, in the URI, by option, as p11-kit has it" {
	path=$MODSEAL_P11
	run modseal_pin sign -k "$KEY?module-path=$path" m.ko
	assert_status 0
	verify m.ko
	run modseal_pin sign -k "$KEY?module-name=softhsm2" m.ko
	assert_status 0
	run modseal_pin sign -k "$KEY" m.ko
	assert_status 0
	# the URI's comes before the option's
	run modseal_pin sign --module /nowhere.so -k "$KEY?module-path=$path" m.ko
	assert_status 0
	verify m.ko
}

@test "a module that is not there, or is none" {
	run modseal_pin sign --module /nowhere.so -k "$KEY" m.ko
	assert_status 3
	assert_output "/nowhere.so"
	fails "$KEY?module-path=/nowhere.so" "/nowhere.so"
	fails "$KEY?module-name=nothing" "nothing"
	cp "$MODSEAL_BUILD/src/libmodseal.so" other.so
	fails "$KEY?module-path=$PWD/other.so" "other.so"
	echo text >text.so
	fails "$KEY?module-path=$PWD/text.so" "text.so"
	assert_same m.ko bare
}

@test "attributes that are not known, twice, broken, on the wrong side" {
	fails 'pkcs11:token=modseal;frobnicate=1;object=rsa2048' "attribute 'frobnicate' is not known"
	fails 'pkcs11:token=modseal;object=rsa2048?frobnicate=1' "attribute 'frobnicate' is not known"
	fails 'pkcs11:token=modseal;object=rsa2048?x-vendor=1' "attribute 'x-vendor' is not known"
	fails 'pkcs11:token=modseal;Object=rsa2048' "attribute 'Object'"
	fails 'pkcs11:token=modseal;token=soft;object=rsa2048' "attribute 'token' is there twice"
	fails 'pkcs11:token=modseal;object=rsa%2' "'object'" "%xx"
	fails 'pkcs11:token=modseal;object=rsa%zz' "'object'" "%xx"
	fails 'pkcs11:token=modseal;pin-value=1234;object=rsa2048' "'pin-value'" "behind the '?'"
	fails 'pkcs11:token=modseal;type=private?object=rsa2048' "'object'" "before the '?'"
	fails 'pkcs11:token=modseal;object' "'object'"
	fails 'pkcs11:token=modseal;slot-id=x;object=rsa2048' "slot-id"
	fails 'pkcs11:token=modseal;type=key;object=rsa2048' "type"
}

@test "no token: those that there are, as URIs" {
	fails 'pkcs11:token=nowhere;object=rsa2048' "no token matches pkcs11:token=nowhere;object=rsa2048"
	for token in modseal soft twins odd empty; do
		assert_match "^  pkcs11:.*;token=$token$"
	done
	fails 'pkcs11:serial=0000;object=rsa2048' "no token matches"
}

@test "no key: those that there are, as URIs" {
	fails 'pkcs11:token=modseal;object=gone' "no private key matches pkcs11:token=modseal;object=gone"
	for id in 01 02 03 04 05; do
		assert_match "^  pkcs11:.*;token=modseal;id=%$id;object=.*;type=private$"
	done
	fails 'pkcs11:token=modseal;object=rsa2048;id=%02' "no private key matches"
	fails 'pkcs11:token=empty' "no private key matches" "'empty'"
}

@test "several keys: the full URI of each, and each URI finds its own" {
	fails 'pkcs11:token=twins;object=twin' "2 private keys match pkcs11:token=twins;object=twin"
	uris=$(grep -o 'pkcs11:.*;type=private$' <<<"$output")
	[ "$(wc -l <<<"$uris")" -eq 2 ]
	while read -r uri; do
		case $uri in *id=%01*) cert=odd/twin1.pem ;; *) cert=odd/twin2.pem ;; esac
		finds "$uri" $cert
	done <<<"$uris"
	fails 'pkcs11:token=modseal' "5 private keys match"
}

@test "several tokens: their URIs, and no PIN is tried" {
	run use 'pkcs11:object=rsa2048'
	assert_status 3
	assert_output "several tokens match pkcs11:object=rsa2048"
	for token in modseal soft; do
		assert_match "^  pkcs11:.*;token=$token$"
	done
	assert_same m.ko bare
	run modseal keys --json --module "$MODSEAL_P11"
	assert_json 'all(.logged_in == false and .pin_count_low == false)'
}

@test "what keys prints can be pasted behind -k and -c" {
	run modseal_pin keys --module "$MODSEAL_P11" --login 'pkcs11:token=modseal'
	assert_status 0
	keys=$(grep -o 'pkcs11:.*;type=private$' <<<"$output")
	certs=$(grep -o 'pkcs11:.*;type=cert$' <<<"$output")
	[ "$(wc -l <<<"$keys")" -eq 5 ]
	[ "$(wc -l <<<"$certs")" -eq 5 ]
	while read -r uri; do
		name=${uri#*object=} name=${name%%;*}
		finds "$uri" "$name.pem"
		cert=$(grep ";object=$name;" <<<"$certs")
		cp bare m.ko
		run use "$uri" -c "$cert"
		assert_status 0
		modseal verify --module "$MODSEAL_P11" -c "$cert" m.ko
	done <<<"$keys"
}

@test "type= that is no private key" {
	fails 'pkcs11:token=modseal;object=rsa2048;type=cert' "type="
	fails 'pkcs11:token=modseal;object=rsa2048;type=public' "type="
}

@test "-c with a URI of nothing, of several, of a key" {
	run use "$KEY" -c 'pkcs11:token=modseal;object=gone'
	assert_status 3
	assert_output "pkcs11:token=modseal;object=gone"
	assert_match "^  pkcs11:.*;type=cert$"
	run use "$KEY" -c 'pkcs11:token=twins;object=twin'
	assert_status 3
	assert_match '^  pkcs11:.*id=%01.*;type=cert$'
	assert_match '^  pkcs11:.*id=%02.*;type=cert$'
	run use "$KEY" -c 'pkcs11:token=modseal;object=rsa2048;type=private'
	assert_status 3
	assert_same m.ko bare
}

@test "keys that cannot sign modules" {
	run use 'pkcs11:token=odd;object=k256' -c "$MODSEAL_FIXTURES/p256.pem"
	assert_status 3
	run use 'pkcs11:token=odd;object=p521' -c "$MODSEAL_FIXTURES/p256.pem"
	assert_status 3
	assert_same m.ko bare
}

@test "a small RSA key signs" {
	finds 'pkcs11:token=odd;object=rsa1024' odd/rsa1024.pem
}

@test "a scheme in capitals is one, a URI without it is a file" {
	finds 'PKCS11:token=modseal;object=rsa2048'
	fails 'token=modseal;object=rsa2048' "key file" "token=modseal;object=rsa2048"
}

@test "a token that nobody has initialised is passed over" {
	mkdir tokens
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
		"$PWD/tokens" >softhsm2.conf
	SOFTHSM2_CONF=$PWD/softhsm2.conf run use "$KEY"
	assert_status 3
	assert_output "no token"
	SOFTHSM2_CONF=$PWD/softhsm2.conf run modseal keys --module "$MODSEAL_P11"
	assert_output "not initialised"
}
