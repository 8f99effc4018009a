# SPDX-License-Identifier: Apache-2.0
# What the tests of this folder share; to be loaded by bats files.

# Paths, and throw-away tokens (softhsm-fixtures): those of $MODSEAL_FIXTURES if set, else new ones
# for the file.
faults_setup_file() {
	FAULTS_TOP=$(readlink -f "$BATS_TEST_DIRNAME/../..")
	FAULTS_BUILD=$(readlink -f "${MODSEAL_BUILD:-$FAULTS_TOP/build}")
	FAULTS_SHIM=$FAULTS_BUILD/tests/faults/libmodseal_shim.so
	export FAULTS_TOP FAULTS_BUILD FAULTS_SHIM
	[ -e "$FAULTS_SHIM" ] || { echo "$FAULTS_SHIM is not built" >&2; return 1; }
	if [ -z "${MODSEAL_FIXTURES-}" ]; then
		"$FAULTS_TOP/softhsm-fixtures/make" "$BATS_FILE_TMPDIR/softhsm" </dev/null
		. "$BATS_FILE_TMPDIR/softhsm/env"
	fi
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
	unset MODSEAL_PIN KBUILD_SIGN_PIN
}

# How often a line of the shim's log starts with that text.
logged() { # TEXT
	grep -c "^$1" "$MODSEAL_SHIM_LOG" || true
}
