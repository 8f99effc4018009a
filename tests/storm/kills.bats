#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGKILL at any moment. MODSEAL_LONG: a thousand of them, on a disk as well.

load ../lib/common
load ../faults/faults
load storm

setup_file() {
	storm_setup_file
	export KILLS=20
	[ -z "${MODSEAL_LONG-}" ] || KILLS=250
	storm_tree "$BATS_FILE_TMPDIR/tree" 45 4
	storm_tree "$BATS_FILE_TMPDIR/few" 3 1
}

setup() {
	export MODSEAL_PIN=1234
	storm_in_memory
}

@test "kills at random: new files" {
	storm kills.py --calls "$STORM_CALLS" --kills $KILLS "$BATS_FILE_TMPDIR/tree"
}

@test "kills at random: appended signatures" {
	storm kills.py --calls "$STORM_CALLS" --kills $KILLS --option=--append "$BATS_FILE_TMPDIR/tree"
}

@test "kills at random: many jobs, a slow token, each file synced by itself" {
	export MODSEAL_SHIM_DELAY=C_Sign:2ms
	STORM_MODULE=$FAULTS_SHIM storm kills.py --calls "$STORM_CALLS" --kills $KILLS --option=--jobs=8 \
		--option=--durability=file "$BATS_FILE_TMPDIR/tree"
}

@test "kills at random: many jobs, a slow token, appended signatures" {
	export MODSEAL_SHIM_DELAY=C_Sign:2ms
	STORM_MODULE=$FAULTS_SHIM storm kills.py --calls "$STORM_CALLS" --kills $KILLS --option=--jobs=8 \
		--option=--append "$BATS_FILE_TMPDIR/tree"
}

@test "kills at random, on a disk" {
	[ -n "${MODSEAL_LONG-}" ] || skip "only with MODSEAL_LONG"
	TMPDIR=$BATS_TEST_TMPDIR storm kills.py --calls "$STORM_CALLS" --kills 100 "$BATS_FILE_TMPDIR/tree"
}

@test "a kill at each call: new files" {
	storm kills.py --calls "$STORM_CALLS" --each-call "$BATS_FILE_TMPDIR/few"
}

@test "a kill at each call: appended signatures" {
	storm kills.py --calls "$STORM_CALLS" --each-call --option=--append "$BATS_FILE_TMPDIR/few"
}

@test "a kill at each call: each file synced by itself" {
	storm kills.py --calls "$STORM_CALLS" --each-call --option=--durability=file "$BATS_FILE_TMPDIR/few"
}

# Two runs in one tree: the first is stopped with some files written that have no name yet.
@test "sweeping spares the temporary files of a run that lives" {
	local first tree=$BATS_TEST_TMPDIR/tree waiting still
	cp -a "$BATS_FILE_TMPDIR/tree" "$tree"
	MODSEAL_SHIM_DELAY=C_Sign:6+:$BATS_TEST_TMPDIR/go "$MODSEAL" sign --module "$FAULTS_SHIM" \
		-k 'pkcs11:token=modseal;object=rsa2048' -j 1 --quiet "$tree" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- &
	first=$!
	some_wait() { [ "$(temporary_files "$tree")" -ge 3 ]; }
	until_so some_wait
	kill -STOP $first
	until_stopped $first
	own_fixtures # it may have stopped with a lock on its tokens
	waiting=$(find "$tree" -name '.*.modseal-??????' | sort)
	run modseal sign --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=rsa2048' "$tree"
	still=$(find "$tree" -name '.*.modseal-??????' | sort)
	kill -CONT $first
	touch "$BATS_TEST_TMPDIR/go"
	assert_status 0
	# Those of the first run are there still; what it does with them is for it to say.
	[ "$still" = "$waiting" ]
	status=0
	wait $first || status=$?
	output=$(<"$BATS_TEST_TMPDIR/out")
	assert_status 1
	assert_output "was changed by something else while it was being signed"
	[ "$(temporary_files "$tree")" -eq 0 ]
	modseal verify -q -c "$MODSEAL_FIXTURES/rsa2048.pem" "$tree"
}
