#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Failures of single modules, and of keys in the middle of a batch.

load ../lib/common
load ../faults/faults
load storm

setup_file() {
	storm_setup_file
	faults_setup_modules
	# Another PKCS#11 library than the shim's, so that both can be at work in one process.
	export STORM_OTHER=$BATS_FILE_TMPDIR/other-softhsm2.so
	cp "$MODSEAL_P11" "$STORM_OTHER"
	replicas
}

# A copy of the tokens, in which `replica` holds the same key as `soft` does.
replicas() {
	local dir=$BATS_FILE_TMPDIR/replicas key=$MODSEAL_FIXTURES/soft/rsa2048
	mkdir "$dir"
	cp -a "$MODSEAL_FIXTURES/tokens" "$dir/tokens"
	sed "s|^directories.tokendir = .*|directories.tokendir = $dir/tokens|" "$SOFTHSM2_CONF" \
		>"$dir/softhsm2.conf"
	export STORM_REPLICAS=$dir/softhsm2.conf
	openssl pkey -in "$key.key.pem" -pubout -outform DER -out "$dir/pub.der"
	SOFTHSM2_CONF=$STORM_REPLICAS softhsm2-util --init-token --free --label replica --pin 1234 \
		--so-pin 5678
	import privkey "$key.key.der" --sensitive
	import pubkey "$dir/pub.der"
}

import() { # TYPE FILE [OPTION]
	SOFTHSM2_CONF=$STORM_REPLICAS timeout 60 pkcs11-tool --module "$MODSEAL_P11" \
		--token-label replica --login --pin 1234 --write-object "$2" --type "$1" --id 01 \
		--label rsa2048 --usage-sign "${@:3}" </dev/null
}

setup() {
	fresh "$BATS_TEST_TMPDIR/run" 24
	export MODSEAL_PIN=1234
}

seen() {
	"$@" || { echo "not so: $*"; show; return 1; }
}

says() { # TEXT: on standard error
	grep -qF -- "$1" err
}

# Those that are listed as signed are signed, and no others.
listed_is_signed() {
	local listed
	count_modules || return 1
	[ "$(grep -c ': signed (sha256)' out)" -eq "$signed" ] || return 1
	for listed in $(sed -n 's/: signed .*//p' out); do
		[ "$(state "$listed")" = signed ] || return 1
	done
}

# -- modules that fail ------------------------------------------------------------------------

@test "bad modules among good ones" {
	local option
	for option in --quiet --append; do
		fresh "$BATS_TEST_TMPDIR/run" 24
		echo text >mods/m3.ko
		truncate -s 100 mods/m7.ko
		cp mods/m7.ko mods/m9.ko.xz
		shimmed sign -k "$FAULTS_KEY" $option mods
		seen [ "$status" -eq 1 ]
		seen says "mods/m3.ko is not a kernel module"
		seen says "mods/m7.ko is not a kernel module"
		seen grep -q '^25 modules: 22 signed, 3 failed$' out
		[ "$(cat mods/m3.ko)" = text ]
		rm mods/m3.ko mods/m7.ko mods/m9.ko.xz
		seen modules plain=0 signed=22
	done
}

@test "--fail-fast stops at the first; what is in hand is finished" {
	echo text >mods/m2.ko # some come before it
	shimmed sign -k "$FAULTS_KEY" --fail-fast -j 1 mods
	seen [ "$status" -eq 1 ]
	seen says "stopped at the first failure"
	seen says "modules that are not listed as done are as they were"
	rm mods/m2.ko
	seen listed_is_signed
	seen [ "$plain" -gt 0 ]
	seen grep -q '; stopped before the end$' out
}

# -- keys that fail ---------------------------------------------------------------------------

@test "the token is taken away in the middle: what is listed is done, a rerun does the rest" {
	local option before
	for option in --durability=batch --durability=none --append --jobs=8; do
		fresh "$BATS_TEST_TMPDIR/run" 24
		MODSEAL_SHIM_REMOVE=C_Sign:10 sign $option
		seen [ "$status" -eq 3 ]
		seen says "modules that are not listed as done are as they were"
		seen listed_is_signed
		seen modules_mixed
		before=$signed
		sign --keep-existing $option
		seen [ "$status" -eq 0 ]
		seen grep -qx "24 modules: $((24 - before)) signed, $before kept, 0 failed" out
		seen modules plain=0 signed=24
	done
}

uri() { # MODULE TOKEN
	echo "pkcs11:token=$2;object=rsa2048?module-path=$1&pin-source=file:$MODSEAL_FIXTURES/pin"
}

# Signs with `soft` by way of the shim and with `replica` without it.
sign_with_both() { # OPTION...
	status=0
	SOFTHSM2_CONF=$STORM_REPLICAS timeout 60 "$MODSEAL" sign \
		-k "$(uri "$FAULTS_SHIM" soft)" -k "$(uri "$STORM_OTHER" replica)" \
		-c "$MODSEAL_FIXTURES/soft/rsa2048.pem" "$@" mods/*.ko </dev/null >out 2>err || status=$?
}

all_signed() {
	modseal verify -q -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" mods
}

@test "copies of a key share the work" {
	MODSEAL_SHIM_DELAY=C_Sign:20ms sign_with_both --jobs=4
	seen [ "$status" -eq 0 ]
	seen grep -q '^24 modules: 24 signed, 0 failed$' out
	all_signed
	# the shim saw some of it, the other token did the rest
	[ "$(logged 'C_Sign CKR_OK')" -gt 0 ]
	[ "$(logged 'C_Sign CKR_OK')" -lt 24 ]
}

# Enough modules that the first one has its share, however the two take turns.
@test "one of two copies is taken away in the middle: the other does the rest" {
	local option
	for option in --durability=batch --append; do
		fresh "$BATS_TEST_TMPDIR/run" 96
		MODSEAL_SHIM_REMOVE=C_Sign:5 sign_with_both --jobs=4 $option
		seen [ "$status" -eq 0 ]
		seen says "dropped out"
		seen grep -q '^96 modules: 96 signed, 0 failed$' out
		all_signed
		[ "$(temporary_files mods)" -eq 0 ]
	done
}

@test "a copy that fails from the start" {
	MODSEAL_SHIM_FAIL=C_Sign:1+:CKR_DEVICE_ERROR sign_with_both
	seen [ "$status" -eq 0 ]
	seen says "dropped out"
	all_signed
}

@test "a copy that is out of reach at the start drops out, all of them are an error" {
	status=0
	SOFTHSM2_CONF=$STORM_REPLICAS timeout 60 "$MODSEAL" sign \
		-k "pkcs11:token=gone;object=rsa2048?module-path=$FAULTS_SHIM&pin-value=4711" \
		-k "$(uri "$STORM_OTHER" replica)" -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" mods/*.ko \
		</dev/null >out 2>err || status=$?
	seen [ "$status" -eq 0 ]
	seen says "a copy of the key drops out: "
	! grep -q 4711 err
	all_signed
	status=0
	timeout 60 "$MODSEAL" sign -k "pkcs11:token=gone;object=rsa2048?module-path=$FAULTS_SHIM" \
		-k "pkcs11:token=lost;object=rsa2048?module-path=$FAULTS_SHIM" mods/*.ko </dev/null >out 2>err ||
		status=$?
	seen [ "$status" -eq 3 ]
	seen says "lost"
}

@test "both copies fail: the run stops" {
	status=0
	MODSEAL_SHIM_REMOVE=C_Sign:8 SOFTHSM2_CONF=$STORM_REPLICAS timeout 60 "$MODSEAL" sign \
		-k "$(uri "$FAULTS_SHIM" soft)" -k "$(uri "$FAULTS_SHIM" replica)" \
		-c "$MODSEAL_FIXTURES/soft/rsa2048.pem" mods/*.ko </dev/null >out 2>err || status=$?
	seen [ "$status" -eq 3 ]
	seen says "modules that are not listed as done are as they were"
	[ "$(temporary_files mods)" -eq 0 ]
	[ "$(modseal verify -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" mods | grep -c ': valid')" -eq \
		"$(grep -c ': signed (sha256)' out)" ]
}

@test "another key is no copy" {
	status=0
	timeout 60 "$MODSEAL" sign -k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" \
		-k "$MODSEAL_FIXTURES/soft/rsa3072.key.pem" -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" \
		mods/*.ko </dev/null >out 2>err || status=$?
	seen [ "$status" -eq 3 ]
	seen says "is not the same key as"
	seen says "Several -k are for copies of one key"
	seen modules plain=24 signed=0
}
