#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The functions that only keygen calls, with each result that they may give (the file
# `table.keygen`), and each single call of a keygen that fails: an error that names the token and the
# cause, in time; a key that is made is named, and how to go on from there is printed.

load ../lib/common
load faults

setup_file() {
	faults_setup_file
}

setup() {
	export MODSEAL_PIN=1234
	cd "$BATS_TEST_TMPDIR"
	own_fixtures
	export MODSEAL_SHIM_LOG=$PWD/log
	: >log
	keys=0
	echo so-secret >so
	chmod 600 so
}

# A key of a new name on the token `empty`.
keygen() { # [OPTION...]
	keys=$((keys + 1))
	: >log
	shimmed keygen -k "pkcs11:token=empty;object=new$keys" --type p256 --subject CN=new "$@"
}

# On a copy of the tokens, since a token can be initialised once.
init() { # [OPTION...]
	: >log
	rm -rf "$BATS_TEST_TMPDIR/i"
	MODSEAL_FIXTURES=$BATS_TEST_TMPDIR/fixtures
	copy_fixtures "$BATS_TEST_TMPDIR/i"
	shimmed keygen --init-token fresh --so-pin-source so "$@"
}

# What must be true of a keygen in which a rule struck; prints what is not.
sound() {
	local logins
	case $status in
	0 | 3) ;;
	124) echo "did not end" ;;
	*) echo "exit status $status" ;;
	esac
	logins=$(logged 'C_Login .* pin')
	[ "$logins" -le 1 ] || echo "gave a PIN $logins times"
	[ "$status" -eq 0 ] || grep -qE "'empty'|'fresh'|token=empty|$FAULTS_SHIM" err ||
		echo "names no token or module"
	! grep -q '^key made' out || [ "$status" -eq 0 ] || grep -q '^Go on with:' err ||
		echo "does not say how to go on"
	[ "$status" -ne 0 ] || grep -q '^certificate put beside the key' out || echo "no certificate"
}

rows() { # FUNCTION COMMAND
	local fn how codes code words said_wrong failed=0 n=0
	while read -r fn how codes; do
		[ "$fn" = "$1" ] || continue
		words=
		[[ $codes != *" | "* ]] || words=${codes#* | }
		for code in ${codes% | *}; do
			n=$((n + 1))
			export MODSEAL_SHIM_FAIL=$1:1+:$code
			"$2"
			[ "$code" != 0x140 ] || code=CKR_CURVE_NOT_SUPPORTED
			said_wrong=$(
				sound
				[ "$status" -eq 3 ] || echo "exit status $status"
				grep -q "^$1 .* injected$" log || echo "keygen does not call $1"
				grep -qE "${words:-$code}" err || echo "does not name the cause"
				made=$(grep -c '^key made' out)
				[ "$how:$made" = later:1 ] || [ "$how:$made" = must:0 ] || echo "keys: $made"
			)
			[ -n "$said_wrong" ] || continue
			echo "($fn, $code): $said_wrong"
			sed 's/^/    /' err
			failed=$((failed + 1))
		done
	done <"$BATS_TEST_DIRNAME/table.keygen"
	[ $n -gt 10 ]
	[ $failed -eq 0 ]
}

@test "C_GenerateKeyPair" {
	rows C_GenerateKeyPair keygen
	unset MODSEAL_SHIM_FAIL
	run modseal keys --login --module "$MODSEAL_P11" pkcs11:token=empty
	refute_output object=new
}

@test "C_CreateObject" {
	rows C_CreateObject keygen
}

@test "C_InitToken" {
	rows C_InitToken init
}

@test "C_InitPIN" {
	rows C_InitPIN init
	# what is left is said, and how to go on
	grep -q "'fresh' was initialised, but it has no PIN yet" err
	grep -q -e --force-erase err
}

@test "a token that refuses the full template gets a sparing one" {
	for code in CKR_ATTRIBUTE_TYPE_INVALID CKR_ATTRIBUTE_VALUE_INVALID CKR_TEMPLATE_INCONSISTENT; do
		MODSEAL_SHIM_FAIL=C_GenerateKeyPair:1:$code keygen
		[ "$status" -eq 0 ]
		[ "$(logged C_GenerateKeyPair)" -eq 2 ]
	done
	output=$(modseal_pin keys --login --json --module "$MODSEAL_P11" pkcs11:token=empty)
	jq -e '.objects | [.[] | select(.kind == "private key")] | length == 3 and
		all(.sensitive and .never_extractable and .sign)' <<<"$output"
}

@test "a token that wants the security officer: user out, officer in, once" {
	MODSEAL_SHIM_FAIL=C_GenerateKeyPair:1:CKR_USER_TYPE_INVALID keygen --so-pin-source so
	[ "$status" -eq 3 ] # the PIN is another
	grep -q "the PIN is wrong (C_Login of the security officer: CKR_PIN_INCORRECT); the SO PIN came from SO PIN file so" err
	[ "$(logged 'C_Login .* so pin')" -eq 1 ]
	echo 5678 >so
	# SoftHSM2 lets the officer make no private key, but the way there is the one of a PIV card.
	MODSEAL_SHIM_FAIL=C_GenerateKeyPair:1:CKR_USER_TYPE_INVALID keygen --so-pin-source so
	[ "$status" -eq 3 ]
	grep -q 'C_GenerateKeyPair: CKR_USER_NOT_LOGGED_IN' err
	[ "$(grep -cE '^(C_Login|C_Logout|C_GenerateKeyPair) ' log)" -ge 5 ]
	# the certificate, public, can be put there by the officer
	MODSEAL_SHIM_FAIL=C_CreateObject:1:CKR_USER_TYPE_INVALID keygen --so-pin-source so
	[ "$status" -eq 0 ]
	grep -q '^certificate put beside the key' out
	[ "$(logged 'C_Login .* so pin')" -eq 1 ]
}

@test "a token with one session" {
	MODSEAL_SHIM_SESSIONS=1 keygen
	[ "$status" -eq 0 ]
}

@test "every function that keygen calls has a row" {
	keygen
	cp log both
	unset MODSEAL_SHIM_FAIL
	init
	cat log >>both
	for fn in $(awk '/^C_/ { print $1 }' both | sort -u); do
		grep -q "^$fn " "$BATS_TEST_DIRNAME/table" "$BATS_TEST_DIRNAME/table.keygen" ||
			{ echo "$fn is missing"; return 1; }
	done
}

# each_call VARIABLE SUFFIX: runs keygen once for each call of a run, with a rule for that call only.
each_call() {
	local fn n said_wrong failed=0 tried=0
	keygen
	[ "$status" -eq 0 ]
	awk '$1 ~ /^C_/ { print $1, ++n[$1] }' log >calls
	while read -r fn n; do
		tried=$((tried + 1))
		export "$1=$fn:$n$2"
		keygen
		said_wrong=$(sound)
		[ -n "$said_wrong" ] || continue
		echo "($fn, call $n$2): $said_wrong"
		sed 's/^/    /' err
		failed=$((failed + 1))
	done <calls
	[ $tried -gt 40 ]
	[ $failed -eq 0 ]
}

@test "each call of a keygen fails once" {
	each_call MODSEAL_SHIM_FAIL :CKR_DEVICE_ERROR
}

@test "each call of a keygen finds the sessions gone" {
	each_call MODSEAL_SHIM_FAIL :CKR_SESSION_HANDLE_INVALID
}

@test "the token is taken away at each call of a keygen" {
	each_call MODSEAL_SHIM_REMOVE ""
}

@test "the functions hang" {
	for fn in C_GenerateKeyPair C_CreateObject; do
		MODSEAL_SHIM_DELAY=$fn:1:forever keygen --token-timeout 1
		[ "$status" -eq 3 ]
		grep -q "$fn did not come back" err
		grep -q "'empty'" err
		left_alone
	done
	grep -q '^Go on with:' err
	for fn in C_InitToken C_InitPIN; do
		MODSEAL_SHIM_DELAY=$fn:1:forever init --token-timeout 1
		[ "$status" -eq 3 ]
		grep -q "$fn did not come back" err
		left_alone
	done
}
