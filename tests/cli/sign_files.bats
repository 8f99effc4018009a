#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign: what a written file keeps, and what happens when it cannot be written.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w" # bats puts files of its own beside it
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

@test "mode and owner are kept, times as a careful tool does" {
	chmod 640 m.ko
	[ "$(id -u)" -ne 0 ] || chown 1234:2345 m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%a %u %g' m.ko >before
	start=$(date +%s)
	sign m.ko
	stat -c '%a %u %g' m.ko | cmp - before
	[ "$(stat -c %Y m.ko)" -ge "$start" ]
	sign -o out.ko m.ko
	stat -c '%a %u %g' out.ko | cmp - before
}

# setfattr and getfattr are in a package of their own.
xattr() { # PYTHON-EXPRESSION FILE
	python3 -c "import os, sys; f = sys.argv[1]; print($1)" "$2"
}

@test "extended attributes are kept, but not what covers the old content" {
	run xattr 'os.setxattr(f, "user.origin", b"here")' m.ko
	[[ $output != *"not supported"* ]] || skip "no extended attributes on this file system"
	assert_status 0
	[ "$(id -u)" -ne 0 ] || xattr 'os.setxattr(f, "security.ima", b"old")' m.ko
	sign m.ko
	run xattr 'os.listxattr(f), os.getxattr(f, "user.origin")' m.ko
	assert_line "['user.origin'] b'here'"
}

@test "a module that may not be read" {
	cp m.ko n.ko
	chmod 0 n.ko
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		n.ko m.ko
	assert_status 1
	assert_output "n.ko cannot be opened: Permission denied"
	chmod 600 n.ko
	assert_same n.ko bare
	verify m.ko
}

@test "a directory that may not be read" {
	mkdir -p tree/closed
	cp m.ko tree/
	cp m.ko tree/closed/
	chmod 0 tree/closed
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" tree
	chmod 700 tree/closed
	assert_status 1
	assert_output "tree/closed cannot be read: Permission denied"
	verify tree/m.ko
	assert_same tree/closed/m.ko bare
}

@test "a directory that may not be written" {
	mkdir dir
	cp m.ko dir/
	chmod 555 dir
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		dir/m.ko
	assert_status 4
	assert_output "dir/m.ko cannot be written"
	assert_output "Permission denied"
	assert_same dir/m.ko bare
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		-o dir/new/ m.ko
	assert_status 4
	assert_output "dir/new cannot be made: Permission denied"
	chmod 755 dir
	assert_files dir m.ko
}

@test "no space left" {
	mkdir full
	mount -t tmpfs -o size=32k,mode=755 tmpfs full 2>/dev/null || skip "no tmpfs can be mounted"
	cp m.ko full/
	MODSEAL_PIN=1234 run timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" full/m.ko
	cp -a full seen
	umount full
	assert_status 4
	assert_output "full/m.ko cannot be written"
	assert_output "No space left on device"
	assert_output "Free some space"
	assert_same seen/m.ko bare
	assert_files seen m.ko
}

@test "a file that may not grow so large" {
	limited() {
		trap '' XFSZ
		ulimit -f 8
		sign m.ko
	}
	run limited
	assert_status 4
	assert_output "m.ko cannot be written"
	assert_output "File too large"
	assert_same m.ko bare
	assert_files . m.ko bare
}

teardown() {
	[ -z "${mounted-}" ] || umount "$mounted"
}

@test "a file system that shares blocks: the new file shares the module's" {
	local big
	big=$(find "$MODSEAL_CORPUS" -name '*.ko' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
	mkdir xfs
	truncate -s 320M image
	mkfs.xfs -q -m reflink=1 image
	mount -o loop image xfs 2>/dev/null || skip "no xfs can be mounted"
	mounted=$PWD/xfs
	cp "$big" big # with Debian's signature, which goes
	sign -q -o expected big
	cp bare xfs/m.ko
	cp big xfs/big.ko
	sync -f xfs
	for name in m big; do # what shows which blocks are shared: another file that has them still
		ln xfs/$name.ko xfs/$name.old
	done
	run sign xfs
	assert_status 0
	assert_same xfs/big.ko expected
	sign -q m.ko
	assert_same xfs/m.ko m.ko
	assert_same xfs/m.old bare
	for name in m big; do
		filefrag -v xfs/$name.ko | grep -q shared
		filefrag -v xfs/$name.old | grep -q shared
	done
}
