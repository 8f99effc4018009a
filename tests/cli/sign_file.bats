#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The kernel's sign-file command line. That its output is the kernel's is seen to by tests/peers.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
	soft=$MODSEAL_FIXTURES/soft/rsa2048
	pem=("$soft.key.pem" "$soft.pem")
	token=("pkcs11:token=modseal;object=rsa2048?module-path=$MODSEAL_P11" "$MODSEAL_FIXTURES/rsa2048.der")
}

sign_file() {
	setsid -w timeout -k 5 60 "${MODSEAL%/*}/sign-file" "$@" </dev/null
}

@test "in place, with a key in a token" {
	KBUILD_SIGN_PIN=1234 run --separate-stderr sign_file sha256 "${token[@]}" m.ko
	assert_status 0
	[ -z "$output$stderr" ] || { said "something"; return 1; }
	verify m.ko
	cp bare other.ko
	sign other.ko
	assert_same m.ko other.ko
	assert_files . bare m.ko other.ko
}

@test "as a subcommand it is the same" {
	sign_file sha512 "${pem[@]}" m.ko out.ko
	run modseal sign-file sha512 "${pem[@]}" m.ko
	assert_status 0
	assert_same m.ko out.ko
}

@test "DEST; equal to the module it means in place" {
	run sign_file sha256 "${pem[@]}" m.ko out.ko
	assert_status 0
	assert_same m.ko bare
	run sign_file sha256 "${pem[@]}" m.ko m.ko
	assert_status 0
	assert_same m.ko out.ko
	assert_files . bare m.ko out.ko
}

@test "-p: the signature goes to MODULE.p7s, too" {
	for key in rsa2048 p256; do
		cp bare m.ko
		run sign_file -p sha256 "$MODSEAL_FIXTURES/soft/$key.key.pem" \
			"$MODSEAL_FIXTURES/soft/$key.pem" m.ko
		assert_status 0
		take_apart m.ko
		assert_same m.ko.p7s m.ko.cms
		assert_same m.ko.bare bare
		modseal verify -c "$MODSEAL_FIXTURES/soft/$key.pem" m.ko
	done
}

@test "-d: there only" {
	run sign_file -d sha256 "${pem[@]}" m.ko
	assert_status 0
	assert_same m.ko bare
	sign_file sha256 "${pem[@]}" m.ko
	take_apart m.ko
	assert_same m.ko.p7s m.ko.cms
	rm m.ko.p7s
	cp bare m.ko
	run sign_file -dp sha256 "${pem[@]}" m.ko
	assert_status 0
	assert_same m.ko bare
	assert_same m.ko.p7s m.ko.cms
}

@test "-k names the signer by key identifier" {
	run sign_file -k sha256 "${pem[@]}" m.ko
	assert_status 0
	modseal sign -q --key-id ski -k "$soft.combined.pem" -o out.ko bare
	assert_same m.ko out.ko
}

@test "-s appends what it is given, as it is" {
	sign_file -d sha256 "${pem[@]}" m.ko
	run sign_file -s m.ko.p7s sha256 "$soft.pem" m.ko out.ko
	assert_status 0
	modseal verify -c "$soft.pem" out.ko
	assert_same m.ko bare
	echo anything >sig
	run sign_file -s sig sha256 "$soft.pem" m.ko
	assert_status 0
	take_apart m.ko
	assert_same m.ko.cms sig
	assert_same m.ko.bare bare
}

@test "a signature that is there stays below" {
	sign_file sha256 "${pem[@]}" m.ko
	cp m.ko once
	run sign_file sha256 "${pem[@]}" m.ko
	assert_status 0
	take_apart m.ko
	assert_same m.ko.bare once
}

@test "any file is signed" {
	echo "no module" >text
	run sign_file sha256 "${pem[@]}" text
	assert_status 0
	modseal verify --any-file -c "$soft.pem" text
}

@test "certificates in PEM and DER" {
	for cert in "$soft.pem" "$soft.der"; do
		cp bare m.ko
		run sign_file sha256 "$soft.key.pem" "$cert" m.ko
		assert_status 0
		modseal verify -c "$soft.pem" m.ko
	done
}

@test "key and certificate in one file, as kbuild has them" {
	run sign_file sha256 "$soft.combined.pem" "$soft.combined.pem" m.ko
	assert_status 0
	modseal verify -c "$soft.pem" m.ko
}

@test "an encrypted key with KBUILD_SIGN_PIN" {
	KBUILD_SIGN_PIN=$(cat "$MODSEAL_FIXTURES/soft/passphrase") run sign_file sha256 "$soft.enc.pem" \
		"$soft.pem" m.ko
	assert_status 0
	modseal verify -c "$soft.pem" m.ko
}

@test "no file in hardware is a notice, not an error" {
	run --separate-stderr sign_file sha256 "${pem[@]}" m.ko
	assert_status 0
	[ -z "$output" ]
	assert_stderr "is not in hardware"
}

@test "all digests" {
	for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
		run sign_file $hash "${pem[@]}" bare $hash.ko
		assert_status 0
		run modseal inspect --json $hash.ko
		assert_json ".[0].signatures[0].hash == \"$hash\""
	done
}

# Exit status 1, the module as it was, nothing beside it.
fails() { # TEXT ARGUMENT...
	local text=$1
	shift
	run sign_file "$@"
	assert_status 1
	assert_output "$text"
	assert_same m.ko bare
	assert_files . bare m.ko
}

@test "failures: exit status 1, and nothing is left behind" {
	fails "md5" md5 "${pem[@]}" m.ko
	fails "sha1" sha1 "${pem[@]}" m.ko
	fails "nowhere.pem" sha256 nowhere.pem "$soft.pem" m.ko
	fails "nowhere.pem" sha256 "$soft.key.pem" nowhere.pem m.ko
	fails "is not of the key" sha256 "$soft.key.pem" "$MODSEAL_FIXTURES/soft/p256.pem" m.ko
	fails "gone.ko" sha256 "${pem[@]}" gone.ko
	fails "gone.ko" -d sha256 "${pem[@]}" gone.ko
	fails "nowhere/out.ko" sha256 "${pem[@]}" m.ko nowhere/out.ko
	fails "nowhere/out.ko" -p sha256 "${pem[@]}" m.ko nowhere/out.ko
	fails "missing.p7s" -s missing.p7s sha256 "$soft.pem" m.ko
	fails "token=nowhere" sha256 'pkcs11:token=nowhere' "$soft.pem" m.ko
	fails "PIN is needed" sha256 "${token[@]}" m.ko
	fails "passphrase is needed" sha256 "$soft.enc.pem" "$soft.pem" m.ko
	own_fixtures # a token counts wrong PINs
	export KBUILD_SIGN_PIN=4321
	fails "wrong" sha256 "${token[@]}" m.ko
	fails "wrong" sha256 "$soft.enc.pem" "$soft.pem" m.ko
}

@test "wrong usage: exit status 2" {
	for arguments in "" "sha256" "sha256 key cert" "sha256 key cert m.ko out.ko more" "-z a b c d"; do
		run sign_file $arguments
		assert_status 2
	done
	assert_same m.ko bare
}

@test "a module that cannot be written" {
	mkdir dir
	cp bare dir/m.ko
	chmod 555 dir
	run powerless timeout 60 "${MODSEAL%/*}/sign-file" sha256 "${pem[@]}" dir/m.ko
	assert_status 1
	assert_output "dir/m.ko cannot be written"
	chmod 755 dir
	assert_same dir/m.ko bare
	assert_files dir m.ko
}
