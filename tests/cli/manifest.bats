#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The audit trail: `modseal sign --manifest`, and `modseal verify --manifest`.

load ../lib/common
load cli

setup_file() {
	common_setup_file
	bare_module dummy "$BATS_FILE_TMPDIR/m.ko" >/dev/null
	bare_module loop "$BATS_FILE_TMPDIR/other.ko" >/dev/null
}

# A tree with three modules, one of them packed.
setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p tree/net
	cp "$BATS_FILE_TMPDIR/m.ko" tree/a.ko
	cp "$BATS_FILE_TMPDIR/other.ko" tree/net/b.ko
	xz -c --check=crc32 tree/a.ko >tree/net/c.ko.xz
}

sha256() { # FILE
	sha256sum "$1" | cut -d ' ' -f 1
}

# What is so of the manifest, as an array.
assert_manifest() { # JQ-EXPRESSION
	jq -es "$1" manifest >/dev/null || { echo "not so: $1"; cat manifest; return 1; }
}

verify_manifest() { # ARGUMENT...
	run modseal verify --manifest manifest "$@"
}

# -- written ----------------------------------------------------------------------------------

@test "a line for each module, with all its members" {
	local before after name cert
	cert=$(sha256 "$MODSEAL_FIXTURES/rsa2048.der")
	cp -a tree old
	run sign --manifest manifest tree
	assert_status 0
	assert_manifest 'length == 3 and all(.[]; keys == ["cert_sha256", "hash", "key", "key_type",
		"path", "result", "sha256_after", "sha256_before", "signer", "time"])'
	for name in a.ko net/b.ko net/c.ko.xz; do
		before=$(sha256 "old/$name") after=$(sha256 "tree/$name")
		assert_manifest "any(.[]; .path == \"$name\" and .result == \"signed\" and
			.sha256_before == \"$before\" and .sha256_after == \"$after\" and
			.cert_sha256 == \"$cert\")"
	done
	assert_manifest 'all(.[]; .hash == "sha256" and .key_type == "RSA-2048" and
		.signer == "O=modseal fixtures,CN=modseal rsa2048")'
	assert_manifest 'all(.[]; .key | startswith("pkcs11:") and contains("object=rsa2048"))'
	assert_manifest 'all(.[]; .time | fromdateiso8601 > 1700000000)'
	[ "$(stat -c %a manifest)" = 644 ]
}

@test "the same when signatures are appended, each file is synced, another digest is used" {
	local name option
	for option in --append --durability=file --durability=none --hash=sha512; do
		rm -rf tree manifest
		setup
		run sign "$option" --manifest manifest tree
		assert_status 0
		assert_manifest "length == 3"
		for name in a.ko net/b.ko net/c.ko.xz; do
			assert_manifest "any(.[]; .path == \"$name\" and
				.sha256_after == \"$(sha256 "tree/$name")\")"
		done
	done
	assert_manifest 'all(.[]; .hash == "sha512")'
}

@test "no secret is in it" {
	run modseal sign --module "$MODSEAL_P11" -k "$KEY?pin-value=1234" --manifest manifest tree
	assert_status 0
	assert_manifest 'length == 3'
	# not as a part of some digest in hex
	run grep -cE -e pin -e '(^|[^0-9a-f])1234([^0-9a-f]|$)' manifest
	assert_output 0
}

@test "lines are added; the mode of a manifest that is there stays" {
	echo '{"path": "kept from before", "sha256_after": "none"}' >manifest
	chmod 600 manifest
	sign --manifest manifest tree
	sign --manifest manifest tree/a.ko
	assert_manifest 'length == 5 and .[0].path == "kept from before" and
		.[4].path == "a.ko" and .[4].result == "signed again"'
	[ "$(stat -c %a manifest)" = 600 ]
}

@test "the path of a file is its name; with -o it is the same" {
	sign --manifest manifest tree/net/b.ko
	assert_manifest 'length == 1 and .[0].path == "b.ko"'
	rm manifest
	cp -a tree old
	sign --manifest manifest -o out tree
	assert_manifest '[.[].path] | sort == ["a.ko", "net/b.ko", "net/c.ko.xz"]'
	assert_manifest "any(.[]; .sha256_before == \"$(sha256 old/net/b.ko)\" and
		.sha256_after == \"$(sha256 out/net/b.ko)\")"
	run modseal verify --manifest manifest out
	assert_status 0
}

@test "modules that are kept have a line, too" {
	sign tree/a.ko
	run sign --keep-existing --manifest manifest tree
	assert_status 0
	assert_manifest "length == 3 and any(.[]; .path == \"a.ko\" and .result == \"kept\" and
		.hash == null and .key == null and .sha256_before == .sha256_after and
		.sha256_after == \"$(sha256 tree/a.ko)\")"
	verify_manifest tree
	assert_status 0
}

# What is said of FILE's lines: each NAME has one, with its digest, and all but one tell which that is.
assert_same_lines() { # FILE NAME...
	local names
	names=$(printf '%s\n' "${@:2}" | jq -R . | jq -sc sort)
	assert_manifest "$names as \$names | [.[] | select(.path | IN(\$names[]))] as \$lines |
		([\$lines[].path] | sort) == \$names and
		all(\$lines[]; .result == \"signed\" and .sha256_after == \"$(sha256 "$1")\" and
			.sha256_before != .sha256_after and .key_type == \"RSA-2048\") and
		([\$lines[] | select(has(\"same_as\") | not).path] | length == 1 and
			. == ([\$lines[] | select(has(\"same_as\")).same_as] | unique))"
}

@test "hard links: a line for each name" {
	ln tree/a.ko tree/z.ko
	run sign --manifest manifest tree
	assert_status 0
	assert_manifest "length == 4"
	assert_same_lines tree/a.ko a.ko z.ko
	verify_manifest tree
	assert_status 0
}

@test "symbolic links: a line for each path, and verify finds them" {
	mkdir more
	ln -s ../tree/a.ko more/y.ko
	ln -s ../tree/net/hard.ko more/z.ko
	ln tree/a.ko tree/net/hard.ko
	run sign --manifest manifest more/y.ko tree more/z.ko
	assert_status 0
	assert_manifest "length == 6"
	assert_same_lines tree/a.ko a.ko y.ko z.ko net/hard.ko
	verify_manifest more/y.ko tree more/z.ko
	assert_status 0
	assert_line "6 modules: 6 same, 0 not the same, 0 failed"
}

@test "a file that two operands hold has a line for each of its names, and one for the same" {
	run sign --manifest manifest tree tree/net tree tree/net/b.ko
	assert_status 0
	assert_manifest "length == 5"
	assert_same_lines tree/net/b.ko net/b.ko b.ko
	verify_manifest tree tree/net
	assert_status 0
	verify_manifest tree
	assert_status 1
	assert_line "b.ko: missing"
}

@test "another path of a file has no line where the file failed, and none under another's name" {
	mkdir -p more/net
	ln -s ../tree/a.ko more/c.ko
	ln -s ../../tree/a.ko more/net/b.ko
	ln -s bad.ko more/too.ko
	echo text >more/bad.ko
	run sign --manifest manifest tree more/c.ko more/net/b.ko tree/net/b.ko more/bad.ko more/too.ko
	assert_status 1
	assert_output "tree/net/b.ko is the second with the name b.ko"
	assert_manifest 'length == 5 and all(.[]; .path != "bad.ko" and .path != "too.ko")'
	assert_same_lines tree/a.ko a.ko c.ko b.ko
}

@test "a module that fails has no line" {
	echo text >tree/bad.ko
	run sign --manifest manifest tree
	assert_status 1
	assert_manifest '[.[].path] | sort == ["a.ko", "net/b.ko", "net/c.ko.xz"]'
}

@test "the key of each line is the copy that signed it" {
	openssl genpkey -algorithm RSA -out one.pem 2>/dev/null
	openssl req -new -x509 -key one.pem -subj /CN=copies -out cert.pem
	cp one.pem two.pem
	run modseal sign -k one.pem -k two.pem -c cert.pem -j 2 --manifest manifest tree
	assert_status 0
	assert_manifest 'length == 3 and all(.[]; .key == "one.pem" or .key == "two.pem")'
}

@test "two modules with the same path in it are refused" {
	cp -a tree again
	rm again/a.ko
	run sign -j 1 --manifest manifest tree again
	assert_status 1
	assert_output "again/net/b.ko is the second with the name net/b.ko"
	assert_output "a run of its own"
	assert_manifest 'length == 3'
	assert_same again/net/b.ko "$BATS_FILE_TMPDIR/other.ko"
}

@test "one that cannot be written is an error before anything is signed" {
	cp -a tree old
	for file in /nonexistent/manifest "$PWD/tree"; do
		run sign --manifest "$file" tree
		assert_status 4
		assert_output "the manifest $file cannot be written"
		diff -r tree old
	done
}

@test "one that cannot be written any more ends the run" {
	bare_modules 60 "$PWD/many"
	run sign -j 1 --durability=none --manifest /dev/full many
	assert_status 4
	assert_output "the manifest /dev/full cannot be written: No space left on device"
	assert_output "is done, but not in it"
	assert_output "stopped before the end"
	# and most of them were not begun
	[ "$(grep -c ': signed' <<<"$output")" -lt 60 ]
}

@test "a line that was cut off spoils no other" {
	printf '{"path": "a.ko", "sha2' >manifest
	sign --manifest manifest tree
	[ "$(wc -l <manifest)" -eq 4 ]
	run --separate-stderr modseal verify --manifest manifest tree
	assert_status 0
	assert_stderr "manifest, line 1 is none of a manifest; it is passed over"
}

@test "to a pipe" {
	sign --manifest /dev/stdout -q tree | cat >said
	[ "$(grep -c '^{"path"' said)" -eq 3 ]
}

@test "not with --dry-run, not with --digests" {
	run sign --dry-run --manifest manifest tree
	assert_status 2
	run sign --digests none --manifest manifest
	assert_status 2
	[ ! -e manifest ]
}

# -- compared ---------------------------------------------------------------------------------

@test "a tree that is the same" {
	sign --manifest manifest tree
	verify_manifest tree
	assert_status 0
	assert_line "tree/a.ko: same"
	assert_line "3 modules: 3 same, 0 not the same, 0 failed"
	verify_manifest -q tree
	assert_line "3 modules: 3 same, 0 not the same, 0 failed"
	[ "${#lines[@]}" -eq 1 ]
	# wherever it lies now
	mv tree elsewhere
	verify_manifest elsewhere
	assert_status 0
}

@test "changed since, missing, not in the manifest" {
	sign --manifest manifest tree
	tampered tree/a.ko 100
	mv tree/net/b.ko tree/net/new.ko
	verify_manifest tree
	assert_status 1
	assert_line "tree/a.ko: changed since"
	assert_line "net/b.ko: missing"
	assert_line "tree/net/new.ko: not in the manifest"
	assert_line "tree/net/c.ko.xz: same"
	assert_line "4 modules: 1 same, 3 not the same, 0 failed"
}

@test "only missing is enough" {
	sign --manifest manifest tree
	rm tree/net/c.ko.xz
	verify_manifest -q tree
	assert_status 1
	assert_line "net/c.ko.xz: missing"
}

@test "the last line of a module counts" {
	sign --manifest manifest tree
	cp -a tree first
	sign --hash sha384 --manifest manifest tree
	verify_manifest tree
	assert_status 0
	verify_manifest first
	assert_status 1
	assert_line "3 modules: 0 same, 3 not the same, 0 failed"
}

@test "a file is looked for by its name, and then nothing is missing" {
	sign --manifest manifest tree/net/b.ko tree/a.ko
	verify_manifest tree/net/b.ko
	assert_status 0
	assert_line "tree/net/b.ko: same"
}

@test "together with -c" {
	sign --manifest manifest tree
	verify_manifest -c "$MODSEAL_FIXTURES/rsa2048.pem" tree
	assert_status 0
	assert_match '^tree/a.ko: valid \(.*\); manifest: same$'
	assert_line "3 modules: 3 valid, 0 not valid, 0 failed"
	# signed by the right key, but not what was built
	sign --hash sha384 tree/a.ko
	verify_manifest -c "$MODSEAL_FIXTURES/rsa2048.pem" tree
	assert_status 1
	assert_match '^tree/a.ko: valid \(.*\); manifest: changed since$'
	# what was built, but another key's
	verify_manifest -c "$MODSEAL_FIXTURES/p256.pem" tree
	assert_status 1
	assert_match '^tree/net/b.ko: unknown key.*; manifest: same$'
	assert_line "3 modules: 0 valid, 3 not valid, 0 failed"
}

@test "--json" {
	sign --manifest manifest tree
	rm tree/net/c.ko.xz
	verify_manifest --json tree
	assert_status 1
	assert_json '.[0] == {module: "tree/a.ko", manifest: "same"}'
	assert_json '.[2] == {module: "net/c.ko.xz", manifest: "missing"}'
	assert_json '.[3].summary | .same == 2 and .["not the same"] == 1 and .complete'
	verify_manifest --json -c "$MODSEAL_FIXTURES/rsa2048.pem" tree
	assert_json '.[0] | .verdict == "valid" and .manifest == "same"'
}

@test "a manifest that is not there, or is none" {
	verify_manifest tree
	assert_status 4
	assert_output "manifest cannot be opened"
	echo text >manifest
	verify_manifest tree
	assert_status 1
	assert_output "manifest, line 1 is none of a manifest"
	assert_line "tree/a.ko: not in the manifest"
}

@test "without certificates there has to be a manifest" {
	run modseal verify tree
	assert_status 2
}
