#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files of requests and answers that are not right: refused as a whole, with file and line, before
# anything is signed or attached.

load ../lib/common
load cli
load farm

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	digest=$(printf '%064d' 7)
	good='{"path":"m/0.ko","hash":"sha256","digest":"'$digest'"}'
}

# The file `lines` holds a good line, then this one; the key is never asked.
refused() { # LINE TEXT
	printf '%s\n%s\n' "$good" "$1" >lines
	MODSEAL_P11=/nowhere run --separate-stderr sign_digests lines -o out
	assert_status 1
	assert_stderr "lines:2: "
	assert_stderr "$2"
	[ ! -e out ]
}

line() { # PATH [HASH [DIGEST]]
	jq -n -c --arg p "$1" --arg h "${2-sha256}" --arg d "${3-$digest}" \
		'{path: $p, hash: $h, digest: $d}'
}

@test "lines that are not one JSON object" {
	for text in '{' 'path' '"text"' '[]' '5' 'null' "$good$good" "$good," '{"path":"a",}' "$(printf '{\x01}')" \
		"{'path': 'a'}" '{"path": "a" "hash": "sha256"}'; do
		refused "$text" "it is not one JSON object"
	done
}

@test "members that are missing or of another kind" {
	refused '{}' '"path" is missing'
	refused '{"path":5,"hash":"sha256","digest":"00"}' '"path" is missing or no string'
	refused '{"path":"a\u0000b","hash":"sha256","digest":"00"}' '"path" is missing or no string'
	refused '{"path":"a"}' '"hash" is missing'
	refused '{"path":"a","hash":"sha256"}' '"digest" is missing'
	refused '{"path":"a","hash":"sha256","digest":null}' '"digest" is missing or no string'
}

@test "names that lead elsewhere" {
	refused "$(line /etc/m.ko)" "'/etc/m.ko' is refused: it is absolute"
	refused "$(line ../m.ko)" "it holds '..'"
	refused "$(line a/../m.ko)" "it holds '..'"
	refused "$(line a/..)" "it holds '..'"
	refused "$(line ..)" "it holds '..'"
	refused "$(line ./m.ko)" "it holds '.'"
	refused "$(line a/./m.ko)" "it holds '.'"
	refused "$(line a//m.ko)" "a part of it is empty"
	refused "$(line a/)" "a part of it is empty"
	refused "$(line '')" "it is empty"
	refused "$(line "$(printf 'a%.0s' {1..300})")" "a part of it is too long"
	refused "$(line "$(printf 'aa/%.0s' {1..2000})b")" "it is too long"
}

# The lines of the log that a name would have forged.
no_forgery() {
	[[ $stderr != *$'\n'"modseal: 9 of 9"* ]]
	[[ $stderr != *$'\033'* ]]
}

@test "names with control characters: refused, and not printed as they are" {
	forged=$'a\033[31mX\nmodseal: 9 of 9 signed'
	refused "$(line "$forged")" "'a?[31mX?modseal: 9 of 9 signed' is refused: it holds a control character"
	no_forgery
	refused "$(line $'a\n  b')" "'a?  b' is refused"
	refused "$(line $'a\x7f')" "it holds a control character"
	refused "$(line $'a\xc2\x9b31m')" "'a??31m' is refused: it holds a control character"
	jq -n --arg f "$forged" '{p: {files: [{sig_type: "linux-module", file: $f}]}}' >files.json
	run --separate-stderr sign --digests files.json --root . -o out
	assert_status 1
	assert_stderr "'p/a?[31mX?modseal: 9 of 9 signed' is refused"
	no_forgery
	jq -n --arg f "$forged" '{($f): {files: []}}' >files.json
	run --separate-stderr sign --digests files.json --root . -o out
	assert_status 1
	assert_stderr "'a?[31mX?modseal: 9 of 9 signed' is refused"
	no_forgery
}

@test "names with control characters of what is passed over, and of files in a tree" {
	mkdir tree
	ln -s nowhere tree/$'a\033[31m\nmodseal: 9 of 9 signed'
	(cd tree && find . -type l -print0 | cpio --quiet -0 -H newc -o) >archive
	run --separate-stderr sign --digests archive -o out
	assert_status 0
	assert_stderr "a?[31m?modseal: 9 of 9 signed: not signed: not a regular file"
	no_forgery
	echo text >tree/$'b\033[31m\nmodseal: 9 of 9 signed.ko'
	bare_module dummy "$PWD/tree/m.ko" >/dev/null
	run --separate-stderr sign tree
	assert_status 1
	[ "$(grep -c 'b?\[31m?modseal: 9 of 9 signed.ko' <<<"$stderr")" -eq 2 ]
	no_forgery
}

@test "names that only look so" {
	for name in ..m.ko a/...ko/m.ko .hidden/m.ko 'a b.ko' a/m..ko -; do
		line "$name"
	done >lines
	run --separate-stderr sign_digests lines
	assert_status 0
	[ "$(jq -r .path <<<"$output")" = "$(jq -r .path lines)" ]
}

@test "a name that comes twice" {
	refused "$(line m/0.ko sha256 "$(printf '%064d' 8)")" "'m/0.ko' is there already, at 1"
}

@test "digests that are none" {
	refused "$(line a sha256 "${digest#0}")" "is not the 64 hex digits of a sha256"
	refused "$(line a sha256 "0$digest")" "is not the 64 hex digits"
	refused "$(line a sha256 "${digest%?}g")" "is not the 64 hex digits"
	refused "$(line a sha256 '')" "is not the 64 hex digits"
	refused "$(line a sha512 "$digest")" "is not the 128 hex digits of a sha512"
	refused "$(line a md5)" "the hash 'md5' is unknown"
	refused "$(line a '')" "the hash '' is unknown"
	refused "$(line a sha1 "$(printf '%040d' 1)")" "the hash 'sha1' is not one to sign with"
	refused "$(line a none '')" "the hash 'none' is unknown"
}

@test "two kinds of digest in one file, or another than --hash" {
	refused "$(line a sha3-256)" "the digest is sha3-256, but that of line 1 is sha256"
	echo "$good" >lines
	MODSEAL_P11=/nowhere run --separate-stderr sign_digests lines --hash sha512
	assert_status 1
	assert_stderr "lines:1: the digest is sha256, not sha512"
	run --separate-stderr sign_digests lines --hash sha256
	assert_status 0
}

@test "what is let pass: empty lines, CRLF, upper case, other members, no newline at the end" {
	printf '\n%s\r\n \n%s' "$good" "$(line b SHA256 "${digest%?}F" | jq -c '.job = [1]')" >lines
	run --separate-stderr sign_digests lines
	assert_status 0
	[ "${#lines[@]}" -eq 2 ]
	assert_json '.[1] | .hash == "sha256" and (.digest | endswith("f")) and .job == null'
}

@test "empty, missing, a directory, not text" {
	: >lines
	run --separate-stderr sign_digests lines
	assert_status 1
	assert_stderr "lines: there is nothing in it"
	printf '\n\n' >lines
	run --separate-stderr sign_digests lines
	assert_stderr "there is nothing in it"
	run --separate-stderr sign_digests gone
	assert_status 4
	assert_stderr "gone cannot be opened"
	run --separate-stderr sign_digests .
	assert_status 4
	head -c 100000 /dev/urandom >lines
	run --separate-stderr sign_digests lines
	assert_status 1
	assert_stderr "lines:"
}

@test "options that do not go together" {
	echo "$good" >lines
	for options in --stack --keep-existing --append --json; do
		run sign_digests lines $options
		assert_status 2
	done
	run sign_digests lines m.ko
	assert_status 2
	assert_output "--digests is instead of modules"
	run sign_digests lines --format cpio
	assert_status 1
	assert_output "lines: what stands at its member 1 is none of a newc archive"
	run sign_digests lines --format debian
	assert_status 2
	assert_output "--root"
	run sign_digests lines --format other
	assert_status 2
}

# Attaching refuses before it looks at a module.

answers_refused() { # LINE TEXT
	printf '%s\n' "$1" >answers
	run --separate-stderr attach --signatures answers nowhere
	assert_status 1
	assert_stderr "answers:1: "
	assert_stderr "$2"
}

@test "answers that are not right" {
	answers_refused '{' "it is not one JSON object"
	answers_refused "$good" "it holds no signature"
	answers_refused "$(jq -c '.cms = 5' <<<"$good")" '"cms" is not base64'
	answers_refused "$(jq -c '.cms = ""' <<<"$good")" '"cms" is not base64'
	for text in A AA AAA 'AAA ' 'AAA=A' '====' 'AA=A' 'A===' 'AAAA\n' 'AA-_' 'AAAAA'; do
		answers_refused "$(jq -c ".cms = \"$text\"" <<<"$good")" '"cms" is not base64'
	done
	answers_refused "$(jq -c '.cms = "AAAA" | .path = "../m.ko"' <<<"$good")" "it holds '..'"
	answers_refused "$(jq -c '.cms = "AAAA" | .path = "/m.ko"' <<<"$good")" "it is absolute"
	answers_refused "$(jq -c '.cms = "AAAA" | .hash = "md5"' <<<"$good")" "'md5' is unknown"
	jq -c '.cms = "AAAA"' <<<"$good"$'\n'"$good" >answers
	run --separate-stderr attach --signatures answers nowhere
	assert_status 1
	assert_stderr "answers:2: 'm/0.ko' is there already, at 1"
}

@test "an answer that is base64, but no CMS" {
	mkdir -p dir/m
	bare_module dummy "$PWD/dir/m/0.ko" >/dev/null
	cp dir/m/0.ko before
	jq -c ".cms = \"AAAA\" | .digest = \"$(sha256sum dir/m/0.ko | cut -d' ' -f1)\"" <<<"$good" >answers
	run --separate-stderr attach --signatures answers dir
	assert_status 1
	assert_stderr "answers:1: the signature: it is not a signature of dir/m/0.ko"
	assert_same dir/m/0.ko before
}

@test "attach: usage" {
	jq -c '.cms = "AAAA"' <<<"$good" >answers
	run attach --signatures answers -s answers m.ko
	assert_status 2
	run modseal attach --signatures answers m.ko
	assert_status 2
	run attach --signatures gone m.ko
	assert_status 4
	run attach --signatures answers --format debian m.ko
	assert_status 2
	run attach --raw --signatures answers --format cpio m.ko
	assert_status 1
}
