# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # bats sets what `run` leaves
# What the files of this folder share; loaded behind ../lib/common. Each file has a card of its own
# (softhsm-fixtures/piv/README.md): $CARD is its directory, where a test sees and alters it.

PIN=123456
SLOTS=(9a 9c 9e)

piv_setup_file() {
	local lib
	[ -x "$MODSEAL" ] || { echo "$MODSEAL is not built" >&2; return 1; }
	"$TOP/tests/lib/corpus" >/dev/null || return 1
	export CARD=$BATS_FILE_TMPDIR/card
	"$TOP/softhsm-fixtures/piv/start" "$CARD" || return 1
	. "$CARD/env"
	lib=$(echo /usr/lib/*/libykcs11.so)
	export YKCS11=$lib OPENSC=${lib/libykcs11/opensc-pkcs11}
}

# With MODSEAL_LONG, for setup_file. Debian 13's module runs on Debian 12's libraries, with its own libykpiv.
get_newer_module() {
	local debian_dir=${MODSEAL_CACHE:-$TOP/.cache}/debian dir=$BATS_FILE_TMPDIR/trixie package lib
	. "$TOP/tests/lib/debian.bash"
	debian_use trixie || return 1
	for package in ykcs11 libykpiv2; do
		debian_unpack "$dir" $package || return 1
	done
	mkdir "$BATS_FILE_TMPDIR/newer"
	for lib in "$dir"/usr/lib/*/libyk*; do
		cp -a "$lib" "$BATS_FILE_TMPDIR/newer"
	done
	export NEWER=$BATS_FILE_TMPDIR/newer
}

use_newer_module() {
	[ -n "${NEWER-}" ] || skip "only with MODSEAL_LONG"
	export LD_LIBRARY_PATH=$NEWER
	MODULE=$NEWER/libykcs11.so
}

setup_file() {
	piv_setup_file
}

teardown_file() {
	[ ! -e "$CARD/pid" ] || "$TOP/softhsm-fixtures/piv/stop" "$CARD"
}

# As it was at first.
setup() {
	cd "$BATS_TEST_TMPDIR"
	restore_card
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
}

teardown() {
	restore_card
}

restore_card() {
	[ -d "$BATS_FILE_TMPDIR/kept" ] || keep_card
	rm -f "$CARD"/pin-tries "$CARD"/touch-* "$CARD"/leave-after "$CARD"/9d.* "$CARD"/object-*
	cp "$BATS_FILE_TMPDIR/kept/"* "$CARD"
	: >"$CARD/log"
}

keep_card() {
	mkdir "$BATS_FILE_TMPDIR/kept"
	cp "$CARD"/*.der "$CARD"/*.pem "$CARD"/*.policy "$CARD"/object-* "$CARD/pin" \
		"$BATS_FILE_TMPDIR/kept"
}

# The key in a slot, as both modules number them.
key() { # SLOT
	case $1 in
	9a) echo 'pkcs11:id=%01' ;;
	9c) echo 'pkcs11:id=%02' ;;
	9d) echo 'pkcs11:id=%03' ;;
	9e) echo 'pkcs11:id=%04' ;;
	esac
}

# Signs through the module in hand.
sign() { # SLOT ARGUMENT...
	local slot=$1
	shift
	MODSEAL_PIN=${GIVEN-$PIN} modseal sign --module "$MODULE" -k "$(key "$slot")" "$@"
}

# Runs a test's body under each module; $MODULE names it.
under_each_module() { # FUNCTION
	for MODULE in "$YKCS11" "$OPENSC"; do
		echo "under $MODULE"
		restore_card
		cp bare m.ko
		"$1" # not in a condition, in which a failed line would not end it
	done
}

# The slot's certificate verifies the modules, and OpenSSL says so of the first, too.
assert_signed() { # SLOT MODULE.ko...
	local cert=$CARD/$1.der
	shift
	modseal verify -q -c "$cert" "$@" || { echo "not all of $* verify"; return 1; }
	cp "$1" taken
	"$TOP/tests/lib/unsign" --last taken taken.cms
	openssl x509 -inform DER -in "$cert" -out taken.pem
	openssl cms -verify -binary -inform DER -in taken.cms -content taken -certfile taken.pem \
		-nointern -noverify -out /dev/null 2>&1
	assert_same taken bare
}

# The card was asked this so often.
assert_asked() { # COUNT COMMAND-AND-STATUS, a regular expression
	local n
	n=$(grep -cE "^$2\$" "$CARD/log") || true
	[ "$n" -eq "$1" ] || { echo "asked $n times instead of $1: $2"; cat "$CARD/log"; return 1; }
}
PIN_RIGHT='0020008008 9000' PIN_WRONG='0020008008 63c.'

assert_tries() { # COUNT
	[ "$(cat "$CARD/pin-tries")" -eq "$1" ] || { echo "$(cat "$CARD/pin-tries") tries left"; return 1; }
}
