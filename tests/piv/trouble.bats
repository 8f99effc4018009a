#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A PIV card that is given wrong PINs, waits for a finger, or is pulled out.

load ../lib/common
load piv

wrong() {
	local slot
	for slot in 9a 9c; do
		cp bare n.ko
		GIVEN=654321 run sign $slot -j 4 m.ko n.ko
		assert_status 3
		assert_output "the PIN is wrong"
		assert_output "it came from MODSEAL_PIN"
		assert_tries 2
		assert_asked 1 "$PIN_WRONG"
		assert_same m.ko bare
		assert_same n.ko bare
		sign $slot -q n.ko # the right one gives all tries back
		assert_tries 3
		: >"$CARD/log"
	done
}

@test "a wrong PIN costs one try, whatever the slot and the number of modules" {
	under_each_module wrong
}

last_try() {
	echo 1 >"$CARD/pin-tries"
	GIVEN=654321 run sign 9a m.ko
	assert_status 3
	assert_output "one more wrong PIN locks it"
	assert_tries 1
	run sign 9a --pin-final-try m.ko
	assert_status 0
	assert_signed 9a m.ko
	assert_tries 3
}

@test "the last try is not taken without being told to" {
	under_each_module last_try
}

blocked() {
	echo 0 >"$CARD/pin-tries"
	run sign 9a m.ko
	assert_status 3
	assert_output "the PIN is locked"
	assert_output "PUK"
	assert_asked 0 '0020008008 .*'
	assert_same m.ko bare
	run modseal keys --module "$MODULE"
	assert_output "its PIN is locked"
}

@test "a PIN that is locked is told and not tried" {
	under_each_module blocked
}

@test "9e needs no PIN where the module shows it without (OpenSC)" {
	echo 0 >"$CARD/pin-tries"
	MODULE=$OPENSC GIVEN='' run sign 9e m.ko
	assert_status 0
	assert_signed 9e m.ko
}

touched() {
	echo '2 2 1' >"$CARD/9a.policy"
	echo 4000 >"$CARD/touch-ms" # told after 2 seconds
	run sign 9a m.ko
	assert_status 0
	assert_match '^modseal: waiting for token .*: touch it if it blinks$'
	assert_signed 9a m.ko
}

@test "a key that waits for a touch is announced" {
	under_each_module touched
}

not_touched() {
	echo '2 2 1' >"$CARD/9a.policy"
	echo 1 >"$CARD/touch-refused"
	run sign 9a m.ko
	assert_status 3
	assert_output "touch"
	assert_same m.ko bare
	assert_asked 0 "$PIN_WRONG"
}

@test "a key that is not touched in time signs nothing" {
	under_each_module not_touched
}

pulled() {
	local slot=9c i signed
	for i in 1 2 3 4 5; do cp bare "p$i.ko"; done
	echo 2 >"$CARD/leave-after"
	run sign $slot -j 1 p?.ko
	assert_status 3
	assert_output "modules that are not listed as done are as they were"
	signed=0
	for i in 1 2 3 4 5; do
		cmp -s "p$i.ko" bare && continue
		assert_signed $slot "p$i.ko"
		assert_output "p$i.ko: signed"
		signed=$((signed + 1))
	done
	[ $signed -eq 2 ]
	run sign $slot p1.ko # it is still out
	assert_status 3
	rm "$CARD/leave-after"
	wait_for_card
	run sign $slot --keep-existing p?.ko
	assert_status 0
	assert_signed $slot p?.ko
}

wait_for_card() {
	until_so card_answers
}

card_answers() {
	timeout 10 opensc-tool --atr </dev/null 2>/dev/null | grep -q 3b:
}

@test "pulled out in the middle: modules are signed or as they were, and the next run goes on" {
	under_each_module pulled
}

@test "no card: told" {
	echo 0 >"$CARD/leave-after"
	MODULE=$YKCS11 sign 9e m.ko || true
	for MODULE in "$YKCS11" "$OPENSC"; do
		run sign 9a m.ko
		assert_status 3
		assert_output "no token"
	done
	rm "$CARD/leave-after"
	wait_for_card
}
