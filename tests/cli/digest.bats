#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal digest: what is printed of which modules. What becomes of it is in farm.bats.

load ../lib/common
load cli
load farm

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
}

digest() {
	run --separate-stderr modseal digest "$@"
}

sum() { # TOOL FILE
	"$1" "$2" | cut -d' ' -f1
}

@test "a line a module, named below its directory, in sorted order" {
	bare_modules 5 "$PWD/tree"
	digest tree
	assert_status 0
	[ -z "$stderr" ]
	[ "$(jq -r .path <<<"$output")" = "$(cd tree && find . -name '*.ko' -printf '%P\n' | LC_ALL=C sort)" ]
	while read -r path digest size; do
		[ "$digest" = "$(sum sha256sum "tree/$path")" ]
		[ "$size" -eq "$(stat -c %s "tree/$path")" ]
	done < <(jq -r '"\(.path) \(.digest) \(.size)"' <<<"$output")
	assert_json 'all(.[]; .hash == "sha256" and (keys | length == 4))'
}

@test "each digest, as other tools make it" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
		digest --hash $hash m.ko
		assert_status 0
		[ "$(jq -r .digest <<<"$output")" = "$(openssl dgst -$hash -r m.ko | cut -d' ' -f1)" ]
		[ "$(jq -r .hash <<<"$output")" = $hash ]
	done
}

@test "signatures are left out, or with --stack taken in" {
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
	sign -q m.ko
	digest m.ko
	assert_json ".[0].digest == \"$(sum sha256sum bare)\""
	digest --stack m.ko
	assert_json ".[0].digest == \"$(sum sha256sum m.ko)\""
	digest --stack --any-file bare
	assert_json ".[0].digest == \"$(sum sha256sum bare)\""
}

@test "the rest of a broken signature is left out" {
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
	sign -q m.ko
	truncate -s -20 m.ko
	digest m.ko
	assert_json ".[0].digest == \"$(sum sha256sum bare)\""
}

@test "a compressed module is digested as it is inside" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	digest=$(sum sha256sum m.ko)
	size=$(stat -c %s m.ko)
	for tool in gzip xz zstd; do
		$tool -qk m.ko
	done
	rm m.ko
	digest .
	assert_status 0
	assert_json "[.[].path] == [\"m.ko.gz\", \"m.ko.xz\", \"m.ko.zst\"]"
	assert_json "all(.[]; .digest == \"$digest\" and .size == $size)"
}

@test "a module that is named goes by its name without directories" {
	mkdir -p a/b
	bare_module dummy "$PWD/a/b/m.ko" >/dev/null
	digest a/b/m.ko
	assert_json '.[0].path == "m.ko"'
	ln -s a/b/m.ko link.ko
	digest link.ko
	assert_json '.[0].path == "link.ko"'
}

@test "names that JSON has to escape, and bytes that are no UTF-8" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	name=$'q"uo\\te\n\t.ko'
	mkdir dir
	cp m.ko "dir/$name"
	digest dir
	[ "$(jq -j .path <<<"$output")" = "$name" ]
	[ "${#lines[@]}" -eq 1 ]
	mv "dir/$name" $'dir/\xff\xfe.ko'
	digest dir
	assert_status 0
	grep -qF $'"path":"\xff\xfe.ko"' <<<"$output"
}

@test "-o FILE holds the same, and replaces what is there" {
	bare_modules 3 "$PWD/tree"
	digest tree
	echo old >out
	run modseal digest -o out tree
	assert_status 0
	[ -z "$output" ]
	modseal digest tree | cmp - out
	assert_files . out $(find tree -name '*.ko')
	run modseal digest -o nowhere/out tree
	assert_status 4
	assert_output "nowhere/out"
}

@test "what cannot be digested is told and left out" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	echo text >text.ko
	digest m.ko text.ko gone.ko
	assert_status 1
	assert_stderr "text.ko is not a kernel module"
	assert_stderr "gone.ko: No such file"
	[ "$(jq -r .path <<<"$output")" = m.ko ]
	digest --any-file text.ko
	assert_status 0
	mkdir empty
	digest empty
	assert_status 1
	assert_stderr "empty holds no kernel module"
	digest gone.ko
	assert_status 4
	[ -z "$output" ]
}

@test "two of one name are an error" {
	mkdir a b
	bare_module dummy "$PWD/a/m.ko" >/dev/null
	cp a/m.ko b
	digest a b
	assert_status 1
	assert_stderr "b/m.ko is the second with the name m.ko"
	[ "${#lines[@]}" -eq 1 ]
}

@test "needs no key, no token and no PIN" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	SOFTHSM2_CONF=/nowhere MODSEAL_P11=/nowhere run modseal digest m.ko
	assert_status 0
	run modseal digest
	assert_status 2
}

@test "standard output that cannot be written is an error" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	full() {
		modseal digest m.ko >/dev/full
	}
	run full
	assert_status 4
}
