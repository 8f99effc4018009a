#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a machine trusts: trust list on the machines of make-machines, trust record on this one.

load ../lib/common

setup_file() {
	common_setup_file
	export MADE=$BATS_FILE_TMPDIR/made
	bare_module nls_utf8 "$BATS_FILE_TMPDIR/bare.ko"
	"$TOP/tests/trust/make-machines" "$BATS_FILE_TMPDIR/bare.ko" "$MADE"
}

list() { # MACHINE [OPTION...]
	local machine=$1
	shift
	modseal trust list --root "$MADE/machines/$machine" "$@"
}

key_id() { # CERT
	openssl x509 -in "$MADE/certs/$1.pem" -noout -ext subjectKeyIdentifier |
		sed -n '2s/[ :]//gp' | tr 'A-F' 'a-f'
}

assert_json() { # JQ-EXPRESSION over all lines
	jq -es --arg mok "$(key_id mok)" --arg db "$(key_id db)" "$1" <<<"$output" >/dev/null ||
		{ said "not so: $1"; return 1; }
}

@test "each key with its name, its key id, its place, and whether it counts" {
	run list secure-boot-mok --json
	assert_status 0
	assert_json 'any(.what == "key" and .in == ".machine" and .key_id == $mok and .modules == true
		and .subject == "Machine owner")'
	assert_json 'any(.what == "key" and .in == "MokListRT" and .key_id == $mok and .modules == true
		and .subject == "CN=Machine owner" and .why == "its key is in .machine")'
	assert_json 'any(.in == "db" and .key_id == $db and .modules == true
		and .why == "its key is in .platform")'
	assert_json '[.[] | select(.what == "keyring").name] == [".builtin_trusted_keys",
		".secondary_trusted_keys", ".machine", ".platform", ".blacklist"]'
	assert_json '[.[] | select(.what == "variable").name] == ["PK", "KEK", "db", "dbx", "MokListRT",
		"MokListXRT"]'
	run list mok-untrusted --json
	assert_json 'any(.in == ".platform" and .key_id == $mok and .modules == false)'
	run list revoked --json
	assert_json 'any(.in == "MokListRT" and .key_id == $mok and .modules == false and
		(.why | startswith("it is revoked")))'
}

@test "state: Secure Boot, MOKs, SBAT, enforcement, lockdown" {
	run list secure-boot-mok --json
	assert_json '.[0] | .secure_boot.is == true and .setup_mode.is == false and
		.mok_trusted.is == true and .sig_enforce.is == true and .lockdown.text == "integrity" and
		.efi.is == true and .sbat.text == "sbat,1,2023012900 shim,2" and
		.distribution.text == "debian" and .release.text == "6.12.117+deb13-cloud-amd64"'
	run list plain --json
	assert_json '.[0] | .efi.is == false and .secure_boot.is == false and .lockdown.text == "none" and
		.sig_enforce.is == false'
	run list image --json
	assert_json '.[0] | .secure_boot.is == null and (.secure_boot.unknown | length > 0) and
		.release.source == "/usr/lib/modules" or .release.source == "/lib/modules"'
	run list plain
	assert_match '^lockdown +none$'
	assert_line ".machine: this kernel has none (/proc/keys)"
}

@test "hashes are counted, in dbx and in .blacklist" {
	cp -a "$MADE/machines/secure-boot" "$BATS_TEST_TMPDIR/m"
	cd "$BATS_TEST_TMPDIR"
	# EFI_CERT_SHA256_GUID; 124 bytes in all, no header, 48 each: an owner and a hash
	{
		printf '\x06\0\0\0\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28'
		printf '\x7c\0\0\0\0\0\0\0\x30\0\0\0'
		head -c 96 /dev/urandom
	} >m/sys/firmware/efi/efivars/dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f
	run modseal trust list --root m --json
	assert_json 'any(.name == "dbx" and .hashes == 2 and .certificates == 0)'
	run list revoked-hash --json
	assert_json 'any(.name == ".blacklist" and .hashes == 1)'
}

@test "what cannot be known is said: /proc/keys alone, nothing at all" {
	run list keyrings-unknown
	assert_status 0
	assert_output ".machine: unknown: /proc/keys does not tell which keyring a key is in, and there is no /modseal/keyrings"
	assert_line ".blacklist: empty"
	assert_line "other keys in /proc/keys"
	run list empty
	assert_status 0
	assert_output "unknown: there is no /proc/version, and no kernel is installed"
	run modseal trust list --root "$BATS_TEST_TMPDIR/nowhere"
	assert_status 4
	assert_output "nowhere"
}

@test "files that are far too large are unknown, not out of memory" {
	cp -a "$MADE/machines/secure-boot" "$BATS_TEST_TMPDIR/m"
	cd "$BATS_TEST_TMPDIR/m"
	truncate -s 100M boot/config-* proc/keys proc/crypto etc/os-release
	run modseal trust list --root . --json
	assert_status 0
	assert_json '.[0].config.is == null and any(.[]; .keyring? == ".machine" or .in? == ".machine" or .what == "keyring")'
}

@test "an os-release that cannot be read is unknown for its cause" {
	mkdir -p "$BATS_TEST_TMPDIR/m/etc/os-release"
	run modseal trust list --root "$BATS_TEST_TMPDIR/m" --json
	assert_status 0
	assert_json '.[0].distribution | .is == null and .unknown == "/etc/os-release: Is a directory"'
	rmdir "$BATS_TEST_TMPDIR/m/etc/os-release"
	run modseal trust list --root "$BATS_TEST_TMPDIR/m" --json
	assert_json '.[0].distribution | .is == null and .unknown == "there is no /etc/os-release"'
}

@test "a root's links lead nowhere else" {
	mkdir -p "$BATS_TEST_TMPDIR/m/proc" "$BATS_TEST_TMPDIR/m/etc"
	ln -s /proc/version "$BATS_TEST_TMPDIR/m/proc/version"
	ln -s /../../../../../../../../etc/os-release "$BATS_TEST_TMPDIR/m/etc/os-release"
	run modseal trust list --root "$BATS_TEST_TMPDIR/m" --json
	assert_status 0
	assert_json '.[0] | .release.is == null and .distribution.is == null'
	mkdir "$BATS_TEST_TMPDIR/m/sys"
	ln -s "$MADE/machines/secure-boot-mok/sys/firmware" "$BATS_TEST_TMPDIR/m/sys/firmware"
	run modseal trust list --root "$BATS_TEST_TMPDIR/m" --json
	assert_status 0
	assert_json '.[0].efi.is == null and all(.[]; .what != "key")'
	run modseal trust enrol --pending --root "$BATS_TEST_TMPDIR/m"
	refute_output "to enrol"
}

@test "record: what is recorded is what is here" {
	cd "$BATS_TEST_TMPDIR"
	run modseal trust record m
	assert_status 0
	modseal trust list --json | jq -S 'del(.root)' >here
	modseal trust list --root m --json | jq -S 'del(.root)' >there
	diff here there
	cmp /proc/version m/proc/version
	[ -z "$(find m -name 'MokAuth*')" ]
	run modseal trust record m
	assert_status 2
	assert_output "not empty"
	run modseal trust record /proc/nowhere
	assert_status 4
}

@test "without root: what can be seen, and that it is not all" {
	local dir
	dir=$(mktemp -d)
	chmod 755 "$dir"
	cp -L "$MODSEAL" "$dir/modseal"
	cp -a "$MODSEAL_BUILD"/src/libmodseal.so* "$dir"
	run --separate-stderr env LD_LIBRARY_PATH="$dir" setsid -w timeout 60 \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/modseal" trust list
	rm -r "$dir"
	assert_status 0
	assert_stderr "not everything can be seen without root"
	assert_match "^kernel +$(uname -r)$"
	! grep -q ' \.builtin_trusted_keys: ' /proc/keys ||
		assert_line ".builtin_trusted_keys: unknown: the kernel shows its keyrings to root only"
}
