#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal detach.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
	sign -q m.ko
	cp m.ko signed
	"$TOP/tests/lib/unsign" --last signed cms
	cp m.ko signed
}

detach() {
	modseal detach "$@"
}

@test "the CMS goes to MODULE.p7s, and the module stays as it is" {
	stat -c '%i %Y %Z' m.ko >before
	run --separate-stderr detach m.ko
	assert_status 0
	[ "$output" = "m.ko: signature written to m.ko.p7s" ]
	[ -z "$stderr" ]
	assert_same m.ko.p7s cms
	assert_same m.ko signed
	stat -c '%i %Y %Z' m.ko | cmp - before
	rm before
	assert_files . bare cms m.ko m.ko.p7s signed
}

@test "openssl verifies it, as the manual page says" {
	mv m.ko foo.ko
	detach foo.ko
	modseal strip -o foo.bare foo.ko
	cp "$MODSEAL_FIXTURES/rsa2048.pem" cert.pem
	openssl cms -verify -binary -inform DER -in foo.ko.p7s -content foo.bare \
		-certfile cert.pem -nointern -noverify -out /dev/null
}

@test "-o FILE, -o DIR, a tree" {
	run detach -o sig m.ko
	assert_status 0
	assert_same sig cms
	mkdir -p tree/sub
	cp signed tree/a.ko
	cp signed tree/sub/b.ko
	run detach -o out tree
	assert_status 0
	assert_files out a.ko.p7s sub/b.ko.p7s
	assert_same out/sub/b.ko.p7s cms
	assert_files tree a.ko sub/b.ko
	detach tree
	assert_files tree a.ko a.ko.p7s sub/b.ko sub/b.ko.p7s
}

@test "only the last one of stacked signatures" {
	sign -q --stack --hash sha512 m.ko
	detach m.ko
	take_apart m.ko
	assert_same m.ko.p7s m.ko.cms
	assert_same m.ko.bare signed
}

@test "of a compressed module" {
	xz --check=crc32 m.ko
	detach m.ko.xz
	assert_same m.ko.xz.p7s cms
}

@test "no signature, a malformed one, an interrupted one: no file" {
	run detach bare
	assert_status 1
	assert_output "bare has no signature to detach"
	cp bare bad.ko
	module_signature 0 >>bad.ko
	run detach bad.ko
	assert_status 1
	assert_output "bad.ko has no whole signature to detach, but a malformed signature: its sig_len is 0"
	truncate -s -1 m.ko
	run detach m.ko
	assert_status 1
	assert_output "m.ko has no whole signature to detach"
	assert_files . bad.ko bare cms m.ko signed
}

@test "a file that is there is replaced, a device is not" {
	echo old >m.ko.p7s
	detach m.ko
	assert_same m.ko.p7s cms
	ln -s target link
	echo old >target
	detach -o link m.ko
	[ -L link ]
	assert_same target cms
	mkfifo pipe
	run detach -o pipe m.ko
	assert_status 4
	assert_output "pipe is not a regular file"
	run detach -o /dev/null m.ko
	assert_status 4
	[ -c /dev/null ]
	run detach -o nowhere/sig m.ko
	assert_status 4
	assert_output "nowhere/sig cannot be written"
}

@test "--json" {
	run --separate-stderr detach --json m.ko bare
	assert_status 1
	assert_json '.[0] == {module: "m.ko", result: "detached", written: "m.ko.p7s"}'
	assert_json '.[1] | .module == "bare" and .result == "failed" and .error.code == "module"'
	assert_json '.[2].summary | .detached == 1 and .failed == 1'
	run detach -q m.ko
	[ -z "$output" ]
}

@test "a killed one that had the same process number left its file" {
	run timeout 60 sh -c 'touch m.ko.p7s.$$-0.tmp m.ko.p7s.$$-1.tmp; exec "$0" detach m.ko' "$MODSEAL"
	assert_status 0
	[ -s m.ko.p7s ]
	[ "$(find . -name '*.tmp' -size 0 | wc -l)" -eq 2 ]
	[ "$(find . -name '*.tmp' | wc -l)" -eq 2 ]
}

@test "no space for it" {
	limited() {
		trap '' XFSZ
		ulimit -f 0
		detach m.ko
	}
	run limited
	assert_status 4
	assert_output "m.ko.p7s cannot be written: File too large"
	assert_files . bare cms m.ko signed
}
