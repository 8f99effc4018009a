#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each PKCS#11 function that modseal calls, with each result that it may give (the file `table`),
# and each single call of a run: an error that names the token or module and the cause, in time, no
# PIN tried twice, the modules as they were or well signed.

load ../lib/common
load faults

setup_file() {
	faults_setup_file
	faults_setup_modules
}

setup() {
	export MODSEAL_PIN=1234
}

# A login that was lost is renewed once, and that is told.
login_renewed() {
	[ "$logins" -eq 2 ] && [ "$(logged 'C_Login CKR_OK')" -eq 2 ] && grep -q "renewed" err
}

# What must be true of a run of sign in which a rule struck, whatever the rule; prints what is not.
sound() {
	local logins
	case $status in
	0) modules plain=0 signed=1 ;;
	3) modules plain=1 signed=0 ;;
	124) echo "did not end" ;;
	*) echo "exit status $status" ;;
	esac
	logins=$(logged 'C_Login')
	[ "$logins" -le 1 ] || login_renewed || echo "logged in $logins times"
	[ "$status" -eq 0 ] || grep -qE "modseal'|token=modseal|$FAULTS_SHIM" err ||
		echo "names no token or module"
}

# The same for keys.
sound_keys() {
	case $status in
	0 | 1 | 3) ;;
	124) echo "keys did not end" ;;
	*) echo "keys: exit status $status" ;;
	esac
}

# One cell of the table, for sign and for keys. WORDS is empty if CAUSE is the code.
cell() { # FUNCTION HOW CODE CAUSE WORDS
	fresh "$BATS_TEST_TMPDIR/run"
	export MODSEAL_SHIM_FAIL=$1:1+:$3
	sign
	grep -q "^$1 .* injected$" log || echo "sign does not call $1"
	[ "$2" != must ] || [ "$status" -ne 0 ] || echo "signed all the same"
	[ "$status" -eq 0 ] || grep -qE "$4" err || echo "does not name the cause"
	sound
	: >log
	shimmed keys --login "${FAULTS_KEY%;*}"
	sound_keys
	# What a key cannot be used without, a list can.
	[ "$2" != must ] || [ -n "$5" ] || ! grep -q "^$1 .* injected$" log ||
		cat out err | grep -qE "$4" || echo "keys does not name the cause"
}

rows() { # FUNCTION
	local fn how codes code words said_wrong failed=0
	while read -r fn how codes; do
		[ "$fn" = "$1" ] || continue
		words=
		[[ $codes != *" | "* ]] || words=${codes#* | }
		for code in ${codes% | *}; do
			said_wrong=$(cell "$fn" "$how" "$code" "${words:-$code}" "$words")
			[ -n "$said_wrong" ] || continue
			echo "($fn, $code): $said_wrong"
			sed 's/^/    /' "$BATS_TEST_TMPDIR/run/err"
			failed=$((failed + 1))
		done
	done <"$BATS_TEST_DIRNAME/table"
	[ $failed -eq 0 ]
}

@test "C_GetFunctionList" { rows C_GetFunctionList; }
@test "C_Initialize" { rows C_Initialize; }
@test "C_Finalize" { rows C_Finalize; }
@test "C_GetInfo" { rows C_GetInfo; }
@test "C_GetSlotList" { rows C_GetSlotList; }
@test "C_GetSlotInfo" { rows C_GetSlotInfo; }
@test "C_GetTokenInfo" { rows C_GetTokenInfo; }
@test "C_GetMechanismInfo" { rows C_GetMechanismInfo; }
@test "C_OpenSession" { rows C_OpenSession; }
@test "C_CloseSession" { rows C_CloseSession; }
@test "C_GetSessionInfo" { rows C_GetSessionInfo; }
@test "C_Login" { rows C_Login; }
@test "C_Logout" { rows C_Logout; }
@test "C_FindObjectsInit" { rows C_FindObjectsInit; }
@test "C_FindObjects" { rows C_FindObjects; }
@test "C_FindObjectsFinal" { rows C_FindObjectsFinal; }
@test "C_GetAttributeValue" { rows C_GetAttributeValue; }
@test "C_SignInit" { rows C_SignInit; }
@test "C_Sign" { rows C_Sign; }

# Prints FUNCTION N for each call of a run in which nothing fails.
calls() {
	fresh "$BATS_TEST_TMPDIR/normal"
	sign >&2
	awk '$1 ~ /^C_/ { print $1, ++n[$1] }' log
}

@test "the table has every function that is called, and a test here" {
	local fn missing=0
	fresh "$BATS_TEST_TMPDIR/run"
	sign
	shimmed keys --login "${FAULTS_KEY%;*}"
	for fn in $(awk '/^C_/ { print $1 }' log | sort -u); do
		grep -q "^$fn " "$BATS_TEST_DIRNAME/table" &&
			grep -q "{ rows $fn; }" "$BATS_TEST_FILENAME" && continue
		echo "$fn is missing"
		missing=1
	done
	[ $missing -eq 0 ]
}

# each_call VARIABLE SUFFIX: runs sign once for each call of a run, with a rule for that call only.
each_call() {
	local fn n said_wrong failed=0 tried=0
	while read -r fn n; do
		tried=$((tried + 1))
		said_wrong=$(
			fresh "$BATS_TEST_TMPDIR/run"
			export "$1=$fn:$n$2"
			sign
			sound
		)
		[ -n "$said_wrong" ] || continue
		echo "($fn, call $n$2): $said_wrong"
		sed 's/^/    /' "$BATS_TEST_TMPDIR/run/err"
		failed=$((failed + 1))
	done < <(calls)
	[ $tried -gt 20 ]
	[ $failed -eq 0 ]
}

@test "each call of a run fails once" {
	each_call MODSEAL_SHIM_FAIL :CKR_DEVICE_ERROR
}

@test "each call of a run finds the sessions gone" {
	each_call MODSEAL_SHIM_FAIL :CKR_SESSION_HANDLE_INVALID
}

@test "the token is taken away at each call of a run" {
	each_call MODSEAL_SHIM_REMOVE ""
}

# All at the same time: they sleep. Each has tokens of its own (tests/lib/common.bash says why).
@test "each function hangs" {
	local fn fns said_wrong failed=0
	fns=$(awk '/^C_/ { print $1 }' "$BATS_TEST_DIRNAME/table" | sort -u)
	for fn in $fns; do
		(
			fresh "$BATS_TEST_TMPDIR/$fn"
			copy_fixtures "$PWD/fixtures"
			export MODSEAL_SHIM_DELAY=$fn:1:forever
			start=$EPOCHSECONDS
			sign --token-timeout 2
			{
				sound
				grep -q "${fn/C_GetFunctionList/load}" err || echo "does not name the call"
				grep -qE "modseal'|$FAULTS_SHIM" err || echo "names no token or module"
				[ $((EPOCHSECONDS - start)) -lt 7 ] || echo "took too long"
				left_alone
			} >wrong
		) &
	done
	wait
	for fn in $fns; do
		said_wrong=$(<"$BATS_TEST_TMPDIR/$fn/wrong")
		[ -n "$said_wrong" ] || continue
		echo "($fn hangs): $said_wrong"
		sed 's/^/    /' "$BATS_TEST_TMPDIR/$fn/err"
		failed=$((failed + 1))
	done
	[ $failed -eq 0 ]
}
