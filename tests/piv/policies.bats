#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys that want a finger, or their PIN, when it was said so as they were made: keygen --touch-policy,
# --pin-policy. Debian 12's ykcs11 does not take that, Debian 13's does.

load ../lib/common
load piv

setup_file() {
	piv_setup_file
	[ -z "${MODSEAL_LONG-}" ] || get_newer_module
}

make_key() { # ARGUMENT...
	MODSEAL_PIN=$PIN modseal keygen --module "$MODULE" -k "$(key 9d)" --subject CN=x --type p256 \
		--so-pin-source "$CARD/management" "$@"
}

@test "a key that wants a touch, and when it wants its PIN (ykcs11 of Debian 13)" {
	use_newer_module
	while read -r policy options; do
		# shellcheck disable=SC2086
		run make_key --duplicate $options
		assert_status 0
		[ "$(cat "$CARD/9d.policy")" = "${policy/,/ } 1" ]
		cp bare m.ko
		run sign 9d m.ko
		assert_status 0
		assert_signed 9d m.ko
	done <<-'END'
		2,1
		2,2 --touch-policy always
		2,3 --touch-policy cached
		2,1 --touch-policy never
		3,1 --pin-policy always
		1,1 --pin-policy never
		3,2 --pin-policy always --touch-policy always
	END
	MODSEAL_PIN=$PIN run modseal keys --module "$MODULE" --check "$(key 9d);type=private" \
		--attestation-root "$CARD/root.pem"
	assert_status 0
	assert_output "PIN always, touch always"
	echo 4000 >"$CARD/touch-ms" # told after 2 seconds
	cp bare m.ko
	run sign 9d m.ko
	assert_status 0
	assert_match '^modseal: waiting for token .*: touch it if it blinks$'
}

@test "a module that is too old says so, and makes no key" {
	MODULE=$YKCS11
	for options in "--touch-policy always" "--pin-policy once"; do
		# shellcheck disable=SC2086
		run make_key $options
		assert_status 1
		assert_output "ykcs11 can from 2.3.0 on"
		assert_output "yubico-piv-tool -a generate"
		[ ! -e "$CARD/9d.key.pem" ]
	done
}

@test "elsewhere there are no such policies, and it is said" {
	MODULE=$OPENSC run make_key --touch-policy always
	assert_status 1
	assert_output "YubiKeys only"
	run modseal keygen -k x.pem --type p256 --no-cert --touch-policy always
	assert_status 2
	assert_output "touch and PIN policies are for keys on a YubiKey"
	run make_key --touch-policy sometimes
	assert_status 2
	[ ! -e "$CARD/9d.key.pem" ]
	[ ! -e x.pem ]
}
