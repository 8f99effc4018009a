#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Sessions, logins and tokens that are lost in the middle of a batch: had back with one more login,
# or a clear end that tells what is done; and never a PIN that is given where it could be wrong.

load ../lib/common
load faults

setup_file() {
	faults_setup_file
	faults_setup_modules
}

setup() {
	fresh "$BATS_TEST_TMPDIR/run" 12
	export MODSEAL_PIN=1234
}

# All are signed, with one login more than usual.
went_on() {
	seen ended 0
	seen modules plain=0 signed=12
	seen called 2 'C_Login CKR_OK user'
	seen called 2 C_Login
	seen says "token 'modseal'"
	seen says "the login was lost, and renewed"
}

# The run ended early, with some modules signed and the others as they were. Of many workers all may
# have met the loss at their first signature.
stopped() { # JOBS
	seen ended 3
	if [ "$1" -eq 1 ]; then seen modules_mixed; else seen not_all_signed; fi
	seen says "token 'modseal'"
	seen grep -q 'stopped before the end' out
}

not_all_signed() {
	local plain signed
	count_modules && [ "$plain" -gt 0 ]
}

# The rest is signed by another run, in which nothing fails, and what is signed stays.
rest_signed() {
	local plain signed kept
	count_modules
	kept=$signed
	env -u MODSEAL_SHIM_REMOVE -u MODSEAL_SHIM_CLOSE -u MODSEAL_SHIM_FAIL -u MODSEAL_SHIM_TOKEN \
		-u MODSEAL_SHIM_DELAY "$MODSEAL" sign --module "$FAULTS_SHIM" -k "$FAULTS_KEY" \
		--keep-existing mods/*.ko </dev/null >out 2>err
	seen modules plain=0 signed=12
	seen grep -q " $((12 - kept)) signed, $kept kept, 0 failed" out
}

# -- had back ---------------------------------------------------------------------------------

@test "all sessions closed, at any call of a signature" {
	local call jobs
	for call in C_SignInit:1 C_SignInit:4 C_Sign:1 C_Sign:3 C_Sign:12; do
		for jobs in 1 8; do
			fresh "$BATS_TEST_TMPDIR/run" 12
			MODSEAL_SHIM_CLOSE=$call sign --jobs $jobs
			went_on
		done
	done
}

@test "logged out by somebody else, at any call of a signature" {
	local call jobs
	for call in C_SignInit:1 C_SignInit:4 C_Sign:3; do
		for jobs in 1 8; do
			fresh "$BATS_TEST_TMPDIR/run" 12
			MODSEAL_SHIM_LOGOUT=$call sign --jobs $jobs
			went_on
		done
	done
}

@test "all sessions closed while many signatures are under way" {
	export MODSEAL_SHIM_DELAY=C_Sign:5ms,C_SignInit:2ms
	fresh "$BATS_TEST_TMPDIR/run" 100
	MODSEAL_SHIM_CLOSE=C_Sign:30 sign --jobs 16
	seen ended 0
	seen modules plain=0 signed=100
	seen called 2 C_Login
}

@test "all sessions closed where the token has but one" {
	MODSEAL_SHIM_SESSIONS=1 MODSEAL_SHIM_CLOSE=C_SignInit:3 sign --jobs 8
	went_on
}

@test "all sessions closed in the middle of a message" {
	local call
	export MODSEAL_SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS
	for call in C_SignUpdate C_SignFinal; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_CLOSE=$call:3 sign --jobs 8
		went_on
	done
}

@test "one session closed: the others hold the login" {
	local code
	for code in CKR_SESSION_HANDLE_INVALID CKR_SESSION_CLOSED; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		# fewer than one signature is tried, whoever meets them
		MODSEAL_SHIM_FAIL=C_Sign:2:$code,C_Sign:5:$code,C_Sign:9:$code sign --jobs 8
		seen ended 0
		seen modules plain=0 signed=12
		seen called 1 C_Login
	done
}

@test "a login that the token forgot, though it says that it has it" {
	local jobs
	for jobs in 1 8; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_FAIL=C_Sign:4:CKR_USER_NOT_LOGGED_IN sign --jobs $jobs
		went_on
	done
}

@test "a token that was pulled and plugged in again" {
	local back jobs
	for back in 0 1 0:moved 1:moved; do
		for jobs in 1 8; do
			fresh "$BATS_TEST_TMPDIR/run" 12
			MODSEAL_SHIM_REMOVE=C_Sign:3:$back sign --jobs $jobs
			went_on
		done
	done
}

@test "a token that comes back while it is looked for" {
	MODSEAL_SHIM_DELAY=C_GetTokenInfo:300ms MODSEAL_SHIM_REMOVE=C_Sign:3:100ms sign --jobs 8
	went_on
}

# As OpenSC's and Yubico's modules have it (tests/piv/replug.bats).
@test "a module that says only that it failed, until it is asked for its slots" {
	local code
	for code in CKR_GENERAL_ERROR CKR_DEVICE_ERROR CKR_FUNCTION_FAILED; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_FAIL=C_Sign:3:$code MODSEAL_SHIM_CLOSE=C_GetSlotList:3 sign --jobs 8
		went_on
	done
}

@test "always-authenticate: the login is renewed, then each signature's PIN is given again" {
	local rule
	export MODSEAL_SHIM_TOKEN=always-authenticate
	for rule in CLOSE=C_SignInit:3 CLOSE=C_Sign:3 CLOSE=C_Login:4 LOGOUT=C_SignInit:3 \
		REMOVE=C_Sign:3:0; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		export "MODSEAL_SHIM_$rule"
		sign --jobs 8
		unset "MODSEAL_SHIM_${rule%%=*}"
		seen ended 0
		seen modules plain=0 signed=12
		seen called 2 'C_Login CKR_OK user pin$'
		seen called 0 'C_Login CKR_PIN'
	done
}

@test "PIN pad: the PIN is entered once more, which is told" {
	unset MODSEAL_PIN
	export MODSEAL_SHIM_TOKEN=pin-pad MODSEAL_SHIM_PAD_PIN=1234
	MODSEAL_SHIM_CLOSE=C_Sign:3 sign --jobs 8
	went_on
	seen called 2 'C_Login CKR_OK user pad$'
	seen says "enter the PIN once more"
}

# -- not had back -----------------------------------------------------------------------------

@test "pulled for good: what is signed stays, and a later run signs the rest" {
	local jobs
	for jobs in 1 8; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_REMOVE=C_Sign:5 sign --jobs $jobs
		stopped $jobs
		[ $jobs -gt 1 ] || seen modules plain=8 signed=4
		[ $jobs -gt 1 ] || seen says CKR_DEVICE_REMOVED
		seen says "it is in no slot of PKCS#11 module $FAULTS_SHIM now"
		seen says --keep-existing
		seen called 1 C_Login
		rest_signed
	done
}

@test "a failure of a token that is there and lost nothing ends the run" {
	MODSEAL_SHIM_FAIL=C_Sign:3:CKR_DEVICE_ERROR sign --jobs 1
	stopped 1
	seen modules plain=10 signed=2
	seen says CKR_DEVICE_ERROR
	seen called 1 C_Login
	seen called 3 'C_Sign '
}

@test "pulled for good, --append" {
	MODSEAL_SHIM_REMOVE=C_Sign:5 sign --append --jobs 8
	stopped 8
	seen called 1 C_Login
	rest_signed
}

@test "the PIN was changed meanwhile: one wrong try, then none" {
	local rule jobs
	for rule in CLOSE=C_SignInit:4 REMOVE=C_Sign:3:0; do
		for jobs in 1 8; do
			fresh "$BATS_TEST_TMPDIR/run" 12
			export "MODSEAL_SHIM_$rule"
			MODSEAL_SHIM_FAIL=C_Login:2+:CKR_PIN_INCORRECT sign --jobs $jobs
			unset "MODSEAL_SHIM_${rule%%=*}"
			stopped $jobs
			seen says CKR_PIN_INCORRECT
			seen says "right before the login was lost"
			seen called 2 C_Login
		done
	done
	rest_signed
}

@test "always-authenticate: the PIN was changed meanwhile" {
	export MODSEAL_SHIM_TOKEN=always-authenticate
	MODSEAL_SHIM_CLOSE=C_SignInit:3 MODSEAL_SHIM_FAIL=C_Login:4+:CKR_PIN_INCORRECT sign --jobs 1
	stopped 1
	seen called 1 'C_Login CKR_PIN_INCORRECT'
	seen called 4 C_Login
}

# Begins a run whose sessions are closed in the middle; it waits with its second login for the file go.
begin_and_lose() {
	own_fixtures
	MODSEAL_SHIM_DELAY=C_Login:2:$PWD/go MODSEAL_SHIM_CLOSE=C_SignInit:4 "$MODSEAL" sign \
		--module "$FAULTS_SHIM" -k "$FAULTS_KEY" --jobs 8 mods/*.ko </dev/null >out 2>err 3>&- &
	until_so grep -qx 'C_Login WAITS' log
}

tool() { # OPTION...
	timeout 60 pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234 "$@"
}

@test "another key is there now by the key's name" {
	begin_and_lose
	tool --delete-object --type privkey --id 01
	tool --keypairgen --key-type RSA:2048 --id 01 --label rsa2048
	touch go
	status=0
	wait $! || status=$?
	seen ended 3
	seen not_all_signed
	seen says "another key is there now by this name"
	seen says "object=rsa2048"
}

@test "the key was deleted meanwhile" {
	begin_and_lose
	tool --delete-object --type privkey --id 01
	touch go
	status=0
	wait $! || status=$?
	seen ended 3
	seen not_all_signed
	seen says "the key is not there any more"
}

@test "a wrong PIN was entered meanwhile: ours is not given again" {
	local flag
	for flag in count-low final-try; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_TOKEN=$flag MODSEAL_SHIM_CLOSE=C_Sign:3 sign --jobs 8 --pin-final-try
		stopped 8
		seen says "a wrong PIN was entered meanwhile"
		seen called 1 C_Login
	done
}

# Eight signatures under way meet the first loss: ten calls at most are made before the login is back.
@test "a login that is lost twice is renewed once" {
	local jobs
	for jobs in 1 8; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		MODSEAL_SHIM_CLOSE=C_Sign:3,C_Sign:12 sign --jobs $jobs
		stopped $jobs
		seen says "renewed once only"
		seen called 2 C_Login
	done
	rest_signed
}

@test "PIN pad: cancelled" {
	export MODSEAL_SHIM_TOKEN=pin-pad MODSEAL_SHIM_PAD_PIN=1234
	MODSEAL_SHIM_FAIL=C_Login:2:CKR_FUNCTION_CANCELED MODSEAL_SHIM_CLOSE=C_Sign:3 sign --jobs 8
	stopped 8
	seen says CKR_FUNCTION_CANCELED
	seen called 2 C_Login
}

@test "a call that never comes back while the token is looked for" {
	local call start jobs
	for call in C_Login:2 C_GetSessionInfo:2+ C_OpenSession:2+; do
		for jobs in 1 8; do
			fresh "$BATS_TEST_TMPDIR/run" 12
			start=$EPOCHSECONDS
			MODSEAL_SHIM_CLOSE=C_Sign:3 MODSEAL_SHIM_DELAY=$call:forever \
				sign --jobs $jobs --token-timeout 1
			seen ended 3
			seen lasted_below 6
			seen says "${call%:*} did not come back"
			seen left_alone
			count_modules
		done
	done
}
