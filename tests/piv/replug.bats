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

# Puts the card back once a signature has failed.
put_back() {
	local i
	for ((i = 0; i < 200; i++)); do
		! grep -qE '^C_Sign CKR_[^O]' log || break
		sleep 0.05
	done
	sleep 0.6 # pcscd looks every 400 ms, and must see that it was away
	rm "$CARD/leave-after"
}

replugged() {
	local slot i
	for slot in 9a 9c; do
		for i in 1 2 3 4 5; do cp bare "p$i.ko"; done
		echo 2 >"$CARD/leave-after"
		: >log
		: >"$CARD/log"
		put_back 3>&- &
		# The first two list the slots when the key is opened.
		MODSEAL_SHIM_MODULE=$MODULE MODSEAL_SHIM_LOG=log MODSEAL_SHIM_DELAY=C_GetSlotList:3:3500ms \
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
	echo 2 >"$CARD/leave-after"
	: >log
	{ put_back; printf 654321 >"$CARD/pin"; } 3>&- &
	MODSEAL_SHIM_MODULE=$MODULE MODSEAL_SHIM_LOG=log MODSEAL_SHIM_DELAY=C_GetSlotList:3:3500ms \
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
