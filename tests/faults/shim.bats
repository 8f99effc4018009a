#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The shim itself, seen by OpenSC's pkcs11-tool: it must do what README.md says, or the fault table
# proves nothing.

load ../lib/common
load faults

setup_file() {
	faults_setup_file
	seq 100 >"$BATS_FILE_TMPDIR/data"
	for key in 01 04; do
		p11 --read-object --type cert --id $key --output-file "$BATS_FILE_TMPDIR/$key.der"
		openssl x509 -inform DER -in "$BATS_FILE_TMPDIR/$key.der" -noout -pubkey \
			>"$BATS_FILE_TMPDIR/$key.pub"
	done
}

setup() {
	export MODSEAL_SHIM_LOG=$BATS_TEST_TMPDIR/log
	cd "$BATS_TEST_TMPDIR" || return 1
}

p11() {
	timeout 20 pkcs11-tool --module "$FAULTS_SHIM" --token-label modseal "$@" </dev/null
}

sign() { # MECHANISM ID [PIN]
	p11 --login ${3+--pin "$3"} --sign --mechanism "$1" --id "$2" \
		--signature-format openssl --input-file "$BATS_FILE_TMPDIR/data" --output-file sig
}

verifies() { # ID
	openssl dgst -sha256 -verify "$BATS_FILE_TMPDIR/$1.pub" -signature sig \
		"$BATS_FILE_TMPDIR/data"
}

@test "forwards and logs, without the PIN" {
	sign SHA256-RSA-PKCS 01 1234
	verifies 01
	[ "$(logged 'C_Sign CKR_OK$')" = 1 ]
	[ "$(logged 'C_Login CKR_OK user pin$')" = 1 ]
	[ "$(tail -n 1 log)" = "unloaded -" ]
	run ! grep 1234 log
}

@test "fails the calls that it is told to" {
	MODSEAL_SHIM_FAIL=C_SignInit:1:CKR_DEVICE_ERROR run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[[ $output == *CKR_DEVICE_ERROR* ]]
	[ "$(logged 'C_SignInit CKR_DEVICE_ERROR injected$')" = 1 ]
	# After a failed C_Sign pkcs11-tool starts again with C_SignInit and C_SignUpdate: the
	# failed operation must be over.
	MODSEAL_SHIM_FAIL=C_Sign:1:CKR_DEVICE_ERROR,C_GetTokenInfo:77-78:0x30 \
		sign SHA256-RSA-PKCS 01 1234
	verifies 01
	[ "$(logged 'C_Sign CKR_DEVICE_ERROR injected$')" = 1 ]
	[ "$(logged 'C_SignFinal CKR_OK$')" = 1 ]
	: >log
	MODSEAL_SHIM_FAIL=C_GetTokenInfo:2/2:0x30 run sign SHA256-RSA-PKCS 01 1234
	[ "$(grep C_GetTokenInfo log | head -n 2 | cut -d' ' -f2 | xargs)" = "CKR_OK CKR_DEVICE_ERROR" ]
	MODSEAL_SHIM_FAIL=C_OpenSession:1+:0xB1 run sign SHA256-RSA-PKCS 01 1234
	[[ $output == *CKR_SESSION_COUNT* ]]
}

@test "a variable that cannot be understood ends the process" {
	local bad
	for bad in FAIL=C_Sing:1:CKR_DEVICE_ERROR FAIL=C_Sign:1:CKR_NONSENSE FAIL=C_Sign:0:0x30 \
		FAIL=C_Sign:1 FAIL=C_Sign:2/0:0x30 DELAY=C_Sign:5 DELAY=C_Sign:x:5ms REMOVE=C_Sign REMOVE=C_Sign:1:x \
		REMOVE=C_Sign:1:-1 REMOVE=C_Sign:1:forever REMOVE=C_Sign:1:2:away CLOSE=C_Sign:1:2 LOGOUT=C_Sing:1 \
		TOKEN=pinpad MECHANISMS=RSA FLIP=x CUT=1- SESSIONS=0 MODULE=/nonexistent.so \
		LOG=/nonexistent/log; do
		run env "MODSEAL_SHIM_$bad" timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
		echo "$bad: $status $output"
		[ "$status" -ne 0 ]
		[[ $output == *modseal_shim* ]]
	done
}

@test "delays" {
	local start=$EPOCHREALTIME
	MODSEAL_SHIM_DELAY=C_Sign:300ms,C_SignInit:1:200ms sign SHA256-RSA-PKCS 01 1234
	verifies 01
	[ $((${EPOCHREALTIME/./} - ${start/./})) -ge 500000 ]
}

@test "waits for a file" {
	MODSEAL_SHIM_DELAY=C_Sign:$PWD/go sign SHA256-RSA-PKCS 01 1234 3>&- &
	until_so grep -qx 'C_Sign WAITS' log
	[ ! -s sig ]
	touch go
	wait $!
	verifies 01
}

@test "hangs for ever without using the processor, and the log says where" {
	local cpu TIMEFORMAT=%U+%S
	cpu=$({ time MODSEAL_SHIM_DELAY=C_Initialize:forever timeout 2 pkcs11-tool \
		--module "$FAULTS_SHIM" --list-slots >out 2>&1; } 2>&1) && return 1
	[ "$(tail -n 1 log)" = "C_Initialize HANGS" ]
	awk "BEGIN { exit !($cpu < 1) }"
}

@test "takes the token away" {
	MODSEAL_SHIM_REMOVE=C_Sign:1 run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[ "$(logged 'C_Sign CKR_DEVICE_REMOVED injected$')" = 1 ]
	[ "$(logged 'C_SignInit CKR_SESSION_HANDLE_INVALID injected$')" = 1 ]
	MODSEAL_SHIM_REMOVE=C_GetSlotList:1 run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"(empty)"* || $output == *"No slots"* ]]
	[[ $output != *"token label"* ]]
	MODSEAL_SHIM_REMOVE=C_GetSlotInfo:1 run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"(empty)"* ]]
}

@test "the token comes back, without the sessions that it had" {
	MODSEAL_SHIM_REMOVE=C_Sign:1:0 run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[ "$(logged 'C_Sign CKR_DEVICE_REMOVED injected$')" = 1 ]
	[ "$(logged 'C_SignInit CKR_SESSION_HANDLE_INVALID$')" = 1 ]
	: >log
	MODSEAL_SHIM_REMOVE=C_Sign:1:1 run sign SHA256-RSA-PKCS 01 1234
	[ "$(logged 'C_SignInit CKR_SESSION_HANDLE_INVALID injected$')" = 1 ]
	[ "$(logged '[A-Za-z_]* CKR_SESSION_HANDLE_INVALID injected$')" = 1 ]
	MODSEAL_SHIM_REMOVE=C_GetSlotInfo:1:100ms run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"(empty)"* ]]
	MODSEAL_SHIM_REMOVE=C_GetTokenInfo:1:0 run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"token label"* ]]
	slots=$(timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L | grep -o '^Slot.*(0x[^)]*)')
	MODSEAL_SHIM_REMOVE=C_Initialize:1:0:moved run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"token label"* ]]
	[ "$(wc -l <<<"$slots")" = "$(grep -c '^Slot.*(0x[^)]*)' <<<"$output")" ]
	run ! grep -F "$slots" <<<"$output"
}

@test "sessions closed and logins ended behind the caller's back" {
	MODSEAL_SHIM_CLOSE=C_SignInit:1 run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[ "$(logged 'C_SignInit CKR_SESSION_HANDLE_INVALID$')" = 1 ]
	: >log
	MODSEAL_SHIM_LOGOUT=C_SignInit:1 run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[ "$(logged 'C_SignInit CKR_(USER_NOT_LOGGED_IN|(KEY|OBJECT)_HANDLE_INVALID)$')" = 1 ]
}

@test "always-authenticate: each signature wants the PIN" {
	export MODSEAL_SHIM_TOKEN=always-authenticate
	sign SHA256-RSA-PKCS 01 1234
	verifies 01
	[ "$(logged 'C_Login CKR_OK context pin$')" = 1 ]
	# the key says so, the certificate does not
	run p11 --login --pin 1234 --list-objects --type privkey
	[[ $output == *"always authenticate"* ]]
}

@test "PIN pad: the person types, a PIN from the caller is refused" {
	export MODSEAL_SHIM_TOKEN=pin-pad
	MODSEAL_SHIM_PAD_PIN=1234 sign SHA256-RSA-PKCS 01
	verifies 01
	[ "$(logged 'C_Login CKR_OK user pad$')" = 1 ]
	MODSEAL_SHIM_PAD_PIN=4321 run sign SHA256-RSA-PKCS 01
	[[ $output == *CKR_PIN_INCORRECT* ]]
	run sign SHA256-RSA-PKCS 01
	[[ $output == *CKR_FUNCTION_CANCELED* ]]
	run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"PIN pad present"* ]]
}

@test "PIN count low, final try, locked" {
	MODSEAL_SHIM_TOKEN=count-low run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"user PIN count low"* ]]
	MODSEAL_SHIM_TOKEN=final-try run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"final user PIN try"* ]]
	MODSEAL_SHIM_TOKEN=locked run timeout 20 pkcs11-tool --module "$FAULTS_SHIM" -L
	[[ $output == *"user PIN locked"* ]]
	rm log
	MODSEAL_SHIM_TOKEN=locked run sign SHA256-RSA-PKCS 01 1234
	[ "$status" -ne 0 ]
	[ "$(logged 'C_Login CKR_PIN_LOCKED user pin$')" = 1 ]
}

# What happens beyond the limit is seen in special.bats: pkcs11-tool opens one session only.
@test "a limit of sessions" {
	MODSEAL_SHIM_SESSIONS=1 sign SHA256-RSA-PKCS 01 1234
	[ "$(logged 'C_OpenSession CKR_OK$')" = 1 ]
}

@test "allowed mechanisms, of the key or of the token" {
	export MODSEAL_SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS,CKM_ECDSA_SHA256
	sign SHA256-RSA-PKCS 01 1234
	verifies 01
	sign ECDSA-SHA256 04 1234
	verifies 04
	run sign RSA-PKCS 01 1234
	[[ $output == *CKR_MECHANISM_INVALID* ]]
	run p11 --login --pin 1234 --list-objects --type privkey
	[[ $output == *"Allowed mechanisms"*"SHA256-RSA-PKCS"* ]]
	unset MODSEAL_SHIM_MECHANISMS
	export MODSEAL_SHIM_TOKEN_MECHANISMS=CKM_SHA256_RSA_PKCS
	sign SHA256-RSA-PKCS 01 1234
	verifies 01
	run sign RSA-PKCS 01 1234
	[[ $output == *CKR_MECHANISM_INVALID* ]]
	run p11 --list-mechanisms
	[[ $output == *SHA256-RSA-PKCS* && $output != *SHA512-RSA-PKCS* ]]
}

@test "wrong signatures" {
	MODSEAL_SHIM_FLIP=1 sign SHA256-RSA-PKCS 01 1234
	run verifies 01
	[ "$status" -ne 0 ]
	MODSEAL_SHIM_FLIP=2+ sign SHA256-RSA-PKCS 01 1234
	verifies 01
	MODSEAL_SHIM_CUT=1 sign SHA256-RSA-PKCS 01 1234
	[ "$(stat -c %s sig)" = 255 ]
}
