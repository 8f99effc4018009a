#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign: lines, JSON, summary and exit status.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w" # bats puts files of its own beside it
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

@test "--json: one object a line, documented fields" {
	cp m.ko two.ko
	sign two.ko
	sign --stack two.ko
	echo text >text.ko
	run --separate-stderr sign --json m.ko two.ko text.ko
	assert_status 1
	while read -r line; do
		python3 -m json.tool >/dev/null <<<"$line"
	done <<<"$output"
	[ "${#lines[@]}" -eq 4 ]
	size=$(stat -c %s m.ko)
	assert_json "any(.[]; . == {module: \"m.ko\", result: \"signed\", written: \"m.ko\",
		hash: \"sha256\", key_type: \"RSA-2048\", was: \"unsigned\", replaced: 0, mended: false, size: $size,
		cms_size: ($size - $(stat -c %s bare) - 40)})"
	assert_json 'any(.[]; .module == "two.ko" and .result == "signed again" and .replaced == 2)'
	assert_json 'any(.[]; .module == "text.ko" and .result == "failed" and
		.error.code == "module" and (.error.message | contains("not a kernel module")))'
	assert_json '.[-1].summary | .modules == 3 and .signed == 2 and .failed == 1'
	assert_stderr "text.ko is not a kernel module"
}

@test "--json says where it was written, or that it was not" {
	run --separate-stderr sign --json -o out.ko m.ko
	assert_json '.[0] | .module == "m.ko" and .written == "out.ko"'
	run --separate-stderr sign --json --dry-run m.ko
	assert_json '.[0] | .result == "would be signed" and .written == null'
	run --separate-stderr sign --json --keep-existing out.ko
	assert_json '.[0] | .result == "kept" and .written == null'
	run --separate-stderr sign --json --keep-existing -o copy.ko out.ko
	assert_json '.[0] | .result == "kept" and .written == "copy.ko"'
	assert_json '.[1].summary | .signed == 0 and .kept == 1'
}

@test "--json with a name that JSON has to escape" {
	name=$'q"uo\\te\n\t.ko'
	cp m.ko "$name"
	run --separate-stderr sign --json "$name"
	assert_status 0
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -rj .module <<<"${lines[0]}")" = "$name" ]
}

@test "--quiet: only what went wrong, and the summary" {
	cp m.ko two.ko
	run --separate-stderr sign -q m.ko two.ko
	assert_status 0
	[ "$output" = "2 modules: 2 signed, 0 failed" ]
	run --separate-stderr sign -q m.ko
	[ -z "$output" ]
	[ -z "$stderr" ]
	run sign -q m.ko gone.ko
	assert_output "gone.ko: No such file or directory"
}

@test "no summary for one module" {
	run sign m.ko
	[ "${#lines[@]}" -eq 1 ]
}

@test "some fail: the others are signed, exit status 1" {
	cp m.ko last.ko
	echo text >text.ko
	run sign m.ko gone.ko text.ko last.ko
	assert_status 1
	assert_output "gone.ko: No such file or directory"
	assert_output "text.ko is not a kernel module"
	assert_line "4 modules: 2 signed, 2 failed"
	verify m.ko last.ko
}

@test "--fail-fast stops nothing when the last one fails" {
	echo text >text.ko
	run sign --fail-fast text.ko
	assert_status 1
	refute_output "stopped"
	run sign --fail-fast -j 1 m.ko text.ko
	assert_status 1
	assert_output "2 modules: 1 signed, 1 failed"
	refute_output "stopped"
}

@test "the summary tells once more what failed and why" {
	echo text >text.ko
	run --separate-stderr sign m.ko gone.ko text.ko
	assert_status 1
	assert_line "3 modules: 1 signed, 2 failed"
	[ "$(sed '1,/^modseal: 2 of 3 failed:$/d' <<<"$stderr" | sort)" = \
		"$(printf '  %s\n' 'gone.ko: No such file or directory' \
			'text.ko is not a kernel module: it is not an ELF file')" ] || {
		said "not these failures"
		return 1
	}
	# not where they stand together already
	run --separate-stderr sign gone.ko text.ko
	[[ $stderr != *" failed:"* ]]
	run --separate-stderr sign -q m.ko gone.ko text.ko
	[[ $stderr != *" failed:"* ]]
}

@test "the summary tells of a hundred failures, and of how many more" {
	mkdir many
	for i in {1..103}; do
		echo text >many/$i.ko
	done
	cp m.ko many/
	run --separate-stderr sign many
	assert_status 1
	[ "$(grep -c '^  many/.* is not a kernel module' <<<"$stderr")" -eq 100 ]
	[ "$(tail -n 1 <<<"$stderr")" = "  and 3 more, told above" ]
}

@test "all fail: the machine's status if it is the first failure, else one of its own" {
	echo text >text.ko
	for i in {1..5}; do # whichever worker is faster
		run sign gone.ko text.ko
		assert_status 4
		run sign text.ko gone.ko
		assert_status 6
	done
	run sign -o out text.ko gone.ko
	assert_status 6
	# of one there is no part
	run sign text.ko
	assert_status 1
	run sign m.ko text.ko
	assert_status 1
}

@test "usage errors: exit status 2 and no key opened" {
	run modseal sign m.ko
	assert_status 2
	assert_output "-k"
	run sign
	assert_status 2
	assert_output "something is missing"
	run sign --stack --keep-existing m.ko
	assert_status 2
	assert_output "--stack and --keep-existing"
	run sign --key-id name m.ko
	assert_status 2
	assert_same m.ko bare
}

@test "standard output that cannot be written is an error" {
	full() {
		modseal inspect m.ko >/dev/full
	}
	run full
	assert_status 4
	assert_output "No space left on device"
}
