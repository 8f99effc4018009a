#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A batch that is stopped, disturbed, or runs out of disk in the middle.

load ../lib/common
load ../faults/faults
load storm

setup_file() {
	storm_setup_file
	faults_setup_modules
}

setup() {
	fresh "$BATS_TEST_TMPDIR/run" 6
	export MODSEAL_PIN=1234
}

teardown() {
	[ -z "${batch-}" ] || kill -KILL "$batch" 2>/dev/null || true
}

# As `sign` of faults.bash, but goes on while the test does: sets `batch`.
begin() { # [ARGUMENT...]
	"$MODSEAL" sign --module "$FAULTS_SHIM" -k "$FAULTS_KEY" "$@" mods/*.ko </dev/null >out 2>err 3>&- &
	batch=$!
}

ends() { # STATUS
	status=0
	wait "$batch" || status=$?
	batch=
	[ "$status" -eq "$1" ] || { show; return 1; }
}

seen() {
	"$@" || { echo "not so: $*"; show; return 1; }
}

says() { # TEXT: on standard error
	grep -qF -- "$1" err
}

# Begins a batch that stops by itself before the first call of that name (see calls.c).
begin_until() { # CALL [ARGUMENT...]
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_STOP=$1 begin -j 1 "${@:2}"
	until_stopped "$batch"
}

go_on() {
	kill -CONT "$batch"
}

# Begins a batch whose second signature waits, and interrupts it there.
begin_and_interrupt() { # [ARGUMENT...]
	MODSEAL_SHIM_DELAY=C_Sign:2+:$PWD/go begin -j 1 "$@"
	until_so grep -qx 'C_Sign WAITS' log
	kill -INT "$batch"
	until_so says "finishing what is in hand; once more stops at once"
	touch go
}

# -- signals ----------------------------------------------------------------------------------

@test "SIGINT: what is in hand is finished, the rest is as it was" {
	local listed
	begin_and_interrupt
	ends 1
	seen says "stopped"
	seen says "modules that are not listed as done are as they were"
	seen modules_mixed
	count_modules
	[ "$(grep -c ': signed (sha256)$' out)" -eq "$signed" ]
	seen grep -qx "$signed modules: $signed signed, 0 failed; stopped before the end" out
	for listed in $(sed -n 's/: signed .*//p' out); do
		[ "$(state "$listed")" = signed ]
	done
	sign --keep-existing
	[ "$status" -eq 0 ]
	seen grep -qx "6 modules: $plain signed, $signed kept, 0 failed" out
	seen modules plain=0 signed=6
}

@test "SIGINT with --append and --json" {
	begin_and_interrupt --append --json
	ends 1
	seen modules_mixed
	count_modules
	jq -es "[.[] | select(.result == \"signed\")] | length == $signed" out
	jq -es ".[-1].summary | .modules == $signed and .signed == $signed and .failed == 0 and
		.complete == false and .error.code == \"stopped\"" out
}

@test "a second SIGINT stops at once; a rerun clears away what is left" {
	export MODSEAL_SHIM_DELAY=C_Sign:4:forever
	begin -j 1
	some_wait() { [ "$(temporary_files mods)" -eq 3 ]; }
	until_so some_wait
	until_so grep -q HANGS log
	kill -INT "$batch"
	until_so says "once more stops at once"
	kill -INT "$batch"
	ends 130
	[ "$(temporary_files mods)" -eq 3 ]
	rm mods/.*.modseal-* # what they are is seen below
	seen modules plain=6 signed=0
}

some_signed() {
	grep -qa '~Module signature appended~' mods/*.ko
}

@test "a slow token does not keep a signed module from its name" {
	MODSEAL_SHIM_DELAY=C_Sign:1:2100ms,C_Sign:2+:$PWD/go begin -j 1
	until_so grep -qx 'C_Sign WAITS' log
	until_so some_signed
	touch go
	ends 0
	seen modules plain=0 signed=6
}

# The kernel loads no module that somebody could write to.
nobody_writes() {
	local fd
	for fd in /proc/"$batch"/fd/*; do
		[[ $(readlink "$fd") == */mods/[!.]* ]] || continue
		! grep -q '^flags:.*[12]$' "/proc/$batch/fdinfo/${fd##*/}" || return 1
	done
}

@test "what is signed can be loaded while the run goes on" {
	local option
	for option in --append --durability=file; do
		fresh "$BATS_TEST_TMPDIR/run" 6
		MODSEAL_SHIM_DELAY=C_Sign:3+:$PWD/go begin -j 1 $option
		until_so grep -qx 'C_Sign WAITS' log
		until_so some_signed
		until_so nobody_writes
		touch go
		ends 0
	done
}

@test "what a killed run left is swept by the next" {
	export MODSEAL_SHIM_DELAY=C_Sign:4:forever
	begin -j 1
	some_wait() { [ "$(temporary_files mods)" -eq 3 ]; }
	until_so some_wait
	kill -KILL "$batch"
	ends 137
	unset MODSEAL_SHIM_DELAY
	sign
	[ "$status" -eq 0 ]
	seen modules plain=0 signed=6
}

# -- changed meanwhile ------------------------------------------------------------------------
# One module only where it matters which one a call is about.

# The modules but m1 are signed; m1 is what the test made of it.
refused() { # FILE: what m1.ko is now
	seen says "mods/m1.ko was changed by something else while it was being signed"
	assert_same mods/m1.ko "$1"
	cp "$FAULTS_PLAIN" mods/m1.ko
	modules "plain=1" "signed=$(($(ls mods/*.ko | wc -l) - 1))"
}

@test "changed while it is signed" {
	rm mods/m[2-6].ko
	begin_until mkostemp
	(cat "$FAULTS_PLAIN"; echo more) >mods/m1.ko
	cp mods/m1.ko changed
	go_on
	ends 1
	refused changed
}

@test "changed while it is signed: --append" {
	rm mods/m[2-6].ko
	begin_until flock --append
	(cat "$FAULTS_PLAIN"; echo more) >mods/m1.ko
	cp mods/m1.ko changed
	go_on
	ends 1
	refused changed
}

@test "no more than touched while it is signed" {
	rm mods/m[2-6].ko
	begin_until mkostemp
	touch mods/m1.ko
	go_on
	ends 1
	refused "$FAULTS_PLAIN"
}

@test "another file in its place while it is signed" {
	local option
	for option in --quiet --append; do
		fresh "$BATS_TEST_TMPDIR/run" 1
		begin_until flock $option
		(cat "$FAULTS_PLAIN"; echo new) >new
		cp new mods/new
		mv mods/new mods/m1.ko
		go_on
		ends 1
		refused new
	done
}

@test "changed while it waits for its name" {
	rm mods/m[3-6].ko
	begin_until syncfs
	[ "$(temporary_files mods)" -eq 2 ]
	touch mods/m1.ko
	go_on
	ends 1
	refused "$FAULTS_PLAIN"
}

@test "removed while it is signed" {
	rm mods/m[2-6].ko
	begin_until mkostemp
	rm mods/m1.ko
	go_on
	ends 1
	seen says "mods/m1.ko"
	seen modules plain=0 signed=0
}

# -- a full disk ------------------------------------------------------------------------------

full_at() { # CALL OPTION...
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_FULL=$1 sign "${@:2}"
}

@test "disk full: an appended signature is taken back" {
	rm mods/m[2-6].ko
	full_at 1 --append
	[ "$status" -eq 4 ]
	seen says "mods/m1.ko: the signature cannot be appended: No space left on device"
	seen says "Free some space"
	seen modules plain=1 signed=0
}

@test "disk full in the middle: --append" {
	full_at 4 --append -j 1
	seen [ "$status" -eq 1 ]
	seen says "No space left on device"
	seen modules plain=3 signed=3
}

@test "disk full, at each call: new files" {
	local n
	for n in $(seq 20); do
		fresh "$BATS_TEST_TMPDIR/run" 2
		full_at "$n" -j 1
		count_modules # nothing of what could not be written is there
		case "$plain $signed" in
		"2 0") seen [ "$status" -eq 4 ] ;;
		"1 1") seen [ "$status" -eq 1 ] ;;
		"0 2")
			[ "$n" -gt 3 ] && seen [ "$status" -eq 0 ]
			return
			;;
		esac
		seen says "No space left on device"
	done
	echo "it never succeeded"
	return 1
}

# -- few descriptors --------------------------------------------------------------------------

@test "few file descriptors: no more modules are in hand than there is room for" {
	local option
	for option in --quiet --append; do
		fresh "$BATS_TEST_TMPDIR/run" 300
		ulimit -S -n 90
		sign -j 60 $option
		ulimit -S -n hard
		seen [ "$status" -eq 0 ]
		seen modules plain=0 signed=300
	done
}

# -- locks ------------------------------------------------------------------------------------

@test "--append: a file that another process has locked" {
	exec 9<mods/m2.ko
	flock 9
	sign --append 9<&-
	exec 9<&-
	seen [ "$status" -eq 1 ]
	seen says "mods/m2.ko is locked: another process is writing to it"
	seen modules plain=1 signed=5
	sign --append --keep-existing
	seen modules plain=0 signed=6
}

@test "--append: two runs at once sign each module once" {
	local other i
	fresh "$BATS_TEST_TMPDIR/run" 60
	for i in 1 2 3; do
		cp "$FAULTS_PLAIN" "$BATS_TEST_TMPDIR/one"
		for module in mods/*.ko; do
			cat "$FAULTS_PLAIN" >"$module"
		done
		begin --append --keep-existing
		"$MODSEAL" sign --module "$MODSEAL_P11" -k "$FAULTS_KEY" --append --keep-existing \
			mods/*.ko </dev/null >other 2>&1 || true
		wait "$batch" || true
		# Each has signed some, and lost a race for others; no module has two signatures.
		count_modules
		sign --append --keep-existing
		seen [ "$status" -eq 0 ]
		seen modules plain=0 signed=60
	done
	batch=
}
