#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign: which files are signed, and where the signed ones go.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w" # bats puts files of its own beside it
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

@test "-o FILE leaves the module alone" {
	run sign -o out.ko m.ko
	assert_status 0
	assert_same m.ko bare
	verify out.ko
	assert_files . m.ko bare out.ko
}

@test "-o FILE replaces what is there, also by way of a link" {
	echo old >out.ko
	ln -s out.ko link.ko
	run sign -o link.ko m.ko
	assert_status 0
	[ -L link.ko ]
	verify out.ko
}

@test "-o that is no place for a file" {
	mkfifo pipe
	run sign -o pipe m.ko
	assert_status 4
	assert_output "pipe"
	run sign -o nowhere/m.ko m.ko
	assert_status 4
	assert_output "nowhere/m.ko"
	assert_output "No such file or directory"
	run sign -o /dev/null m.ko
	assert_status 4
	[ -c /dev/null ]
	assert_same m.ko bare
}

@test "-o DIR takes several modules" {
	cp m.ko n.ko
	run sign -o out m.ko n.ko
	assert_status 0
	assert_files out m.ko n.ko
	verify out
	assert_same m.ko bare
	assert_same n.ko bare
}

@test "-o DIR/ is made for one module, too" {
	run sign -o new/deep/ m.ko
	assert_status 0
	assert_files new deep/m.ko
	verify new
}

@test "-o DIR keeps the layout of a tree" {
	bare_modules 5 "$PWD/tree"
	touch tree/modules.dep
	cp -a tree before
	run sign -o out tree
	assert_status 0
	assert_line "5 modules: 5 signed, 0 failed"
	diff -r tree before
	assert_files out $(cd tree && find . -name '*.ko' -printf '%P\n')
	run verify out
	assert_status 0
	assert_line "5 modules: 5 valid, 0 not valid, 0 failed"
}

@test "a directory: all modules below it, and nothing else" {
	mkdir -p tree/a/b tree/.hidden tree/not.ko
	for f in a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko a/x.ko.bak a/note.txt ko; do
		cp m.ko "tree/$f"
	done
	cp tree/a/note.txt text
	run sign tree
	assert_status 0
	assert_line "4 modules: 4 signed, 0 failed"
	for f in a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko; do
		verify "tree/$f"
	done
	for f in a/x.ko.bak a/note.txt ko; do
		assert_same "tree/$f" bare
	done
	assert_files tree a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko a/x.ko.bak a/note.txt ko
}

@test "a directory without modules is an error" {
	mkdir empty
	run sign empty
	assert_status 1
	assert_output "empty holds no kernel module"
	run sign empty m.ko
	assert_status 1
	verify m.ko
}

@test "links in a tree: only to files beneath it, never to directories" {
	mkdir -p tree/sub outside elsewhere
	cp m.ko outside/o.ko
	cp m.ko outside/plain
	cp m.ko tree/sub/real.ko
	cp m.ko tree/sub/data
	ln -s ../outside/o.ko tree/out.ko
	ln -s ../../outside/plain tree/sub/out2.ko
	ln -s ../outside tree/build
	ln -s sub tree/again
	ln -s sub/data tree/inside.ko
	ln -s sub/real.ko tree/twice.ko
	ln -s nowhere tree/dangling.ko
	ln -s loop.ko tree/loop.ko
	ln -s . tree/self
	run sign tree
	assert_status 0
	assert_line "2 modules: 2 signed, 0 failed"
	assert_same outside/o.ko bare
	assert_same outside/plain bare
	verify tree/sub/real.ko
	verify tree/sub/data
	for link in out.ko sub/out2.ko build again inside.ko twice.ko dangling.ko loop.ko self; do
		[ -L "tree/$link" ]
	done
}

@test "a tree that is named by a link is walked" {
	mkdir tree
	cp m.ko tree/
	ln -s tree link
	run sign link
	assert_status 0
	verify tree/m.ko
}

@test "a link on the command line: what it leads to is signed" {
	mkdir real
	mv m.ko real/
	ln -s real/m.ko one.ko
	ln -s one.ko two.ko
	run sign two.ko
	assert_status 0
	[ -L two.ko ] && [ -L one.ko ] && [ ! -L real/m.ko ]
	verify real/m.ko
	assert_files . bare one.ko two.ko real/m.ko
}

@test "a module that is named twice has one signature" {
	ln -s m.ko link.ko
	run --separate-stderr sign --json m.ko ./m.ko link.ko
	assert_status 0
	assert_json 'length == 4 and .[-1].summary.signed == 1 and .[-1].summary.kept == 2'
	assert_json 'map(select(.result == "kept")) | length == 2 and all(.same_as == "m.ko")'
	verify m.ko
	take_apart m.ko
	assert_same m.ko.bare bare
}

@test "hard links that are all named: signed once, and names of one file as before" {
	mkdir tree
	mv m.ko tree/a.ko
	for name in b c d; do
		ln tree/a.ko tree/$name.ko
	done
	cp tree/a.ko other.ko
	ln other.ko second.ko
	run sign -j 1 tree other.ko second.ko
	assert_status 0
	assert_line "6 modules: 6 signed, 0 failed"
	verify tree other.ko second.ko
	[ "$(stat -c %i tree/* | sort -u | wc -l)" -eq 1 ]
	[ other.ko -ef second.ko ]
	[ "$(stat -c %h tree/a.ko other.ko | xargs)" = "4 2" ]
	# Whichever came first tells nothing of another.
	[ "$(grep -c ': signed (sha256)$' <<<"$output")" -eq 2 ]
	[ "$(grep -cE ': signed \(sha256\), the same file as (tree/[a-d]|other|second).ko$' <<<"$output")" -eq 4 ]
	run sign --json --keep-existing tree
	assert_json '[.[] | select(.module and .result == "kept")] | length == 4'
}

@test "-o: each path to the same file is written" {
	mkdir tree
	cp m.ko tree/a.ko
	ln tree/a.ko tree/hard.ko
	cp m.ko tree/data
	ln -s data tree/soft.ko
	ln -s data tree/soft2.ko
	run sign -o out tree
	assert_status 0
	assert_files out a.ko hard.ko soft.ko soft2.ko
	[ out/a.ko -ef out/hard.ko ]
	verify out
}

@test "a hard link: the other name keeps the old content" {
	ln m.ko other.ko
	run sign m.ko
	assert_status 0
	verify m.ko
	assert_same other.ko bare
	[ "$(stat -c %h other.ko)" -eq 1 ]
}

@test "two inputs for one output: the second is refused" {
	mkdir a b
	cp m.ko a/
	real_module bonding "$PWD/b/m.ko" >/dev/null
	run sign -o out a/m.ko b/m.ko
	assert_status 1
	assert_output "a/m.ko and b/m.ko would both be written to out/m.ko"
	sign m.ko
	assert_same out/m.ko m.ko
	run sign -o both a b
	assert_status 1
	assert_output "would both be written to both/m.ko"
	assert_same both/m.ko m.ko
	assert_same a/m.ko bare
}

@test "names that look like options, have spaces or no directory" {
	mkdir 'a dir'
	cp m.ko 'a dir/b c.ko'
	cp m.ko ./-q.ko
	run sign 'a dir' -- -q.ko
	assert_status 0
	assert_line "a dir/b c.ko: signed (sha256)"
	assert_line "-q.ko: signed (sha256)"
	verify 'a dir/b c.ko' -- -q.ko
}
