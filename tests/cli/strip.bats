#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal strip.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
}

strip() {
	modseal strip "$@"
}

@test "a signature is taken off" {
	sign -q m.ko
	run --separate-stderr strip m.ko
	assert_status 0
	[ "$output" = "m.ko: stripped, 1 signature removed" ]
	[ -z "$stderr" ]
	assert_same m.ko bare
	assert_files . bare m.ko
}

@test "Debian's, too" {
	real_module dummy "$PWD/debian.ko" >/dev/null
	strip debian.ko
	assert_same debian.ko bare
}

@test "stacked ones are all taken off" {
	sign -q m.ko
	sign -q --stack m.ko
	sign -q --stack m.ko
	run strip m.ko
	assert_status 0
	assert_line "m.ko: stripped, 3 signatures removed"
	assert_same m.ko bare
}

@test "a module without signature is left alone" {
	stat -c '%i %Y %Z' m.ko >before
	run strip m.ko
	assert_status 0
	assert_line "m.ko: kept, it has no signature"
	stat -c '%i %Y %Z' m.ko | cmp - before
	run strip -o out.ko m.ko
	assert_status 0
	assert_same out.ko bare
}

@test "what is left of an interrupted or malformed signature" {
	sign -q m.ko
	cp m.ko signed
	truncate -s -30 m.ko
	run strip m.ko
	assert_status 0
	assert_output "stripped"
	assert_same m.ko bare
	cp signed m.ko
	tampered m.ko $(($(stat -c %s m.ko) - 28 - 12))
	run strip m.ko
	assert_status 0
	assert_same m.ko bare
}

@test "-o FILE, -o DIR, a tree" {
	mkdir -p tree/sub
	sign -q -o tree/a.ko m.ko
	sign -q -o tree/sub/b.ko m.ko
	cp -a tree before
	run strip -o out.ko tree/a.ko
	assert_status 0
	assert_same out.ko bare
	run strip -o out tree
	assert_status 0
	assert_line "2 modules: 2 stripped, 0 failed"
	assert_files out a.ko sub/b.ko
	assert_same out/sub/b.ko bare
	diff -r tree before
	run strip -q tree
	[ "$output" = "2 modules: 2 stripped, 0 failed" ]
	assert_same tree/a.ko bare
	assert_same tree/sub/b.ko bare
}

@test "--json" {
	cp bare two.ko
	cp bare none.ko
	sign -q m.ko two.ko
	sign -q --stack two.ko
	echo text >text.ko
	run --separate-stderr strip --json m.ko two.ko none.ko text.ko
	assert_status 1
	assert_json 'any(.[]; . == {module: "m.ko", result: "stripped", was: "signed", removed: 1, written: "m.ko"})'
	assert_json 'any(.[]; . == {module: "two.ko", result: "stripped", was: "signed", removed: 2, written: "two.ko"})'
	assert_json 'any(.[]; . == {module: "none.ko", result: "kept", was: "unsigned", removed: 0, written: null})'
	assert_json 'any(.[]; .module == "text.ko" and .result == "failed" and .error.code == "module")'
	assert_json '.[-1].summary | .stripped == 2 and .kept == 1 and .failed == 1 and .modules == 4'
}

@test "--any-file" {
	echo "a kexec image" >image
	cp image before
	sign -q --any-file image
	cp image signed
	run strip image
	assert_status 1
	assert_same image signed
	run strip --any-file image
	assert_status 0
	assert_same image before
}

@test "mode and hard links as sign does" {
	sign -q m.ko
	chmod 640 m.ko
	ln m.ko other
	cp m.ko signed
	strip m.ko
	[ "$(stat -c %a m.ko)" = 640 ]
	assert_same other signed
	assert_same m.ko bare
}
