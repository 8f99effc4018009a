#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hard links in a batch when something goes wrong. (That they stay links is in ../cli.)

load ../lib/common
load ../faults/faults
load storm

# The summary tells all failures once more.
first_told() { # TEXT: how many lines have it
	sed '/^modseal: [0-9]* of [0-9]* failed:$/,$d' err | grep -c -- "$1"
}

setup_file() {
	storm_setup_file
	faults_setup_modules
}

setup() {
	fresh "$BATS_TEST_TMPDIR/run" 3
	export MODSEAL_PIN=1234
	ln mods/m1.ko mods/second.ko
	ln mods/m1.ko mods/third.ko
}

teardown() {
	[ -z "${mounted-}" ] || umount "$mounted"
}

seen() {
	"$@" || { echo "not so: $*"; show; return 1; }
}

says() { # TEXT: on standard error
	grep -qF -- "$1" err
}

names() { # FILE: how many it has
	stat -c %h "$1"
}

@test "what fails by one name fails by the others" {
	echo text >bad
	cat bad >mods/m1.ko
	shimmed sign -k "$FAULTS_KEY" mods
	[ "$status" -eq 1 ]
	[ "$(first_told 'is not a kernel module')" -eq 3 ]
	seen grep -qx "5 modules: 2 signed, 3 failed" out
	assert_same mods/m1.ko bad
	[ "$(names mods/m1.ko)" -eq 3 ]
}

@test "changed while the new file waits for its name" {
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_STOP=syncfs "$MODSEAL" sign \
		--module "$MODSEAL_P11" -k "$FAULTS_KEY" mods </dev/null >out 2>err 3>&- &
	until_stopped $!
	touch mods/m1.ko
	kill -CONT $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 1 ]
	[ "$(first_told 'was changed by something else')" -eq 3 ]
	seen modules plain=3 signed=2
	[ "$(names mods/m1.ko)" -eq 3 ]
}

# Workers take names at the same time: which one is signed first, to be linked to the others, differs.
@test "another file in the place of one name" {
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_STOP=link "$MODSEAL" sign \
		--module "$MODSEAL_P11" -k "$FAULTS_KEY" mods </dev/null >out 2>err 3>&- &
	until_stopped $!
	cp "$FAULTS_PLAIN" new
	if [ mods/second.ko -ef mods/third.ko ]; then
		replaced=second.ko kept=third.ko
	else
		replaced=m1.ko
		kept=$(find mods -samefile mods/m1.ko ! -name m1.ko ! -name '.*' -printf %f)
	fi
	mv new "mods/$replaced"
	kill -CONT $!
	status=0
	wait $! || status=$?
	seen [ "$status" -eq 1 ]
	seen says "mods/$replaced was changed by something else"
	seen modules plain=1 signed=4
	[ "$(names "mods/$kept")" -eq 2 ]
}

@test "no room for another name" {
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_REFUSE=link:EIO sign
	seen [ "$status" -eq 1 ]
	seen [ "$(first_told 'mods/.*\.ko cannot be written')" -eq 2 ]
	seen modules plain=2 signed=3
}

@test "a file system without hard links: each name is signed by itself" {
	LD_PRELOAD=$STORM_CALLS MODSEAL_CALLS_DIR=mods MODSEAL_CALLS_REFUSE=link:EPERM sign
	seen [ "$status" -eq 0 ]
	seen grep -qx "5 modules: 5 signed, 0 failed" out
	seen modules plain=0 signed=5
	[ "$(names mods/m1.ko)" -eq 1 ]
}

@test "-o to two file systems: each name is signed by itself" {
	mkdir -p to/sub mods/sub
	mount -t tmpfs -o size=1m none to/sub || skip "nothing can be mounted here"
	mounted=$PWD/to/sub
	mv mods/second.ko mods/third.ko mods/sub
	shimmed sign -k "$FAULTS_KEY" -o to mods
	seen [ "$status" -eq 0 ]
	assert_same to/m1.ko "$FAULTS_SIGNED"
	assert_same to/sub/second.ko "$FAULTS_SIGNED"
	assert_same to/sub/third.ko "$FAULTS_SIGNED"
	[ "$(temporary_files to)" -eq 0 ]
}
