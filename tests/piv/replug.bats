#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A PIV card that is pulled out and back before anybody looks for it: Yubico's and OpenSC's modules
# tell of it in ways of their own (CKR_DEVICE_ERROR, CKR_GENERAL_ERROR, sessions that seem to live),
# and signing goes on with one more login. The shim of tests/faults stands before them, to hold the
# look up until the card is back.

load ../lib/common
load piv

setup_file() {
	piv_setup_file
	export SHIM=$MODSEAL_BUILD/tests/faults/libmodseal_shim.so
	[ -e "$SHIM" ] || { echo "$SHIM is not built" >&2; return 1; }
}

# Whether pcscd, which looks every 400 ms, sees the card.
seen() { # Yes|No
	timeout 60 opensc-tool --list-readers </dev/null | grep -qE "^0 +$1 "
}

# Pulls the card out at the third signature and puts it back once that has failed; the look for it
# waits until then. Both are seen.
pull() { # [PIN]
	rm -f go
	echo 2 >"$CARD/leave-after"
	: >log
	export MODSEAL_SHIM_MODULE=$MODULE MODSEAL_SHIM_LOG=$PWD/log \
		MODSEAL_SHIM_DELAY=C_GetSlotList:3+:$PWD/go # the first two are made when the key is opened
	put_back "$@" 3>&- &
}

put_back() {
	until_so grep -qE '^C_Sign CKR_[^O]' log
	until_so seen No
	rm "$CARD/leave-after"
	until_so seen Yes
	[ $# -eq 0 ] || printf %s "$1" >"$CARD/pin"
	touch go
}

replugged() {
	local slot i
	for slot in 9a 9c; do
		for i in 1 2 3 4 5; do cp bare "p$i.ko"; done
		: >"$CARD/log"
		pull
		MODULE=$SHIM run sign $slot -j 1 p?.ko
		wait $!
		assert_status 0
		assert_output "the login was lost, and renewed"
		assert_line "5 modules: 5 signed, 0 failed"
		for i in 1 2 3 4 5; do assert_signed $slot "p$i.ko"; done
		[ "$(grep -c '^C_Login CKR_OK user' log)" -eq 2 ]
		[ "$(grep -c '^C_Login CKR_[^O]' log)" -eq 0 ]
	done
}

@test "pulled out and back, Yubico's module" {
	MODULE=$YKCS11 replugged
}

@test "pulled out and back, OpenSC" {
	MODULE=$OPENSC replugged
}

pin_changed() {
	local i
	for i in 1 2 3 4 5; do cp bare "p$i.ko"; done
	pull 654321
	MODULE=$SHIM run sign 9a -j 1 p?.ko
	wait $!
	assert_status 3
	assert_output "the PIN is wrong"
	assert_output "right before the login was lost"
	assert_tries 2
	assert_asked 1 "$PIN_WRONG"
}

@test "pulled out and back with another PIN: one try" {
	under_each_module pin_changed
}
