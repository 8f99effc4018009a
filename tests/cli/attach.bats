#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal attach: signatures that were made elsewhere.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
	soft=$MODSEAL_FIXTURES/soft
}

attach() {
	modseal attach -c "$MODSEAL_FIXTURES/rsa2048.pem" "$@"
}

# m.ko.p7s and, as it should become, `signed`.
p7s() {
	sign -q -o signed m.ko
	modseal detach -q -o m.ko.p7s signed
}

@test "detach, strip, attach: the same bytes" {
	for key in rsa2048 p256; do
		for hash in sha256 sha3-512; do
			cp bare m.ko
			modseal sign -q -k "$soft/$key.combined.pem" --hash $hash m.ko
			cp m.ko signed
			modseal detach -q m.ko
			modseal strip -q m.ko
			assert_same m.ko bare
			run modseal attach -c "$soft/$key.pem" m.ko
			assert_status 0
			assert_line "m.ko: signature of m.ko.p7s attached"
			assert_same m.ko signed
		done
	done
}

@test "-s FILE, -o FILE" {
	p7s
	mv m.ko.p7s sig
	run --separate-stderr attach -s sig -o out.ko m.ko
	assert_status 0
	[ -z "$stderr" ]
	assert_same out.ko signed
	assert_same m.ko bare
	assert_files . bare m.ko out.ko sig signed
}

@test "a tree, each with its own" {
	mkdir -p tree/sub
	cp bare tree/a.ko
	real_module bonding "$PWD/tree/sub/b.ko" >/dev/null
	sign -q -o signed tree
	modseal detach -q -o tree signed
	assert_files tree a.ko a.ko.p7s sub/b.ko sub/b.ko.p7s
	run attach tree
	assert_status 0
	assert_line "2 modules: 2 attached, 0 failed"
	assert_same tree/a.ko signed/a.ko
	assert_same tree/sub/b.ko signed/sub/b.ko
}

@test "a signature that is there is replaced; --stack adds" {
	p7s
	modseal sign -q -k "$soft/p256.combined.pem" m.ko
	attach m.ko
	assert_same m.ko signed
	cp m.ko twice
	sign -q --stack --hash sha512 twice
	modseal detach -q -o second.p7s twice
	run attach -s second.p7s m.ko
	assert_status 1
	assert_same m.ko signed
	run attach --stack -s second.p7s m.ko
	assert_status 0
	assert_same m.ko twice
}

@test "--raw: RSA and ECDSA signatures by openssl" {
	for key in rsa2048 p256 p384; do
		for hash in sha256 sha512 sha3-256; do
			cp bare m.ko
			openssl dgst -$hash -sign "$soft/$key.key.pem" -out m.ko.sig m.ko
			run modseal attach --raw --hash $hash -c "$soft/$key.pem" m.ko
			assert_status 0
			assert_line "m.ko: signature of m.ko.sig attached"
			modseal verify -c "$soft/$key.der" m.ko
		done
		# OpenSSL 3.0 has no name for ECDSA with SHA-3
		openssl dgst -sha384 -sign "$soft/$key.key.pem" -out raw bare
		modseal attach --raw --hash sha384 -s raw -c "$soft/$key.pem" m.ko
		assert_openssl m.ko "$soft/$key.pem"
	done
}

@test "--raw: what sign would have made of it" {
	openssl dgst -sha256 -sign "$soft/rsa2048.key.pem" -out m.ko.sig m.ko
	cp m.ko other.ko
	modseal attach --raw -c "$soft/rsa2048.pem" m.ko
	modseal sign -k "$soft/rsa2048.combined.pem" other.ko
	assert_same m.ko other.ko
	cp bare m.ko
	cp bare other.ko
	modseal attach --raw --key-id ski -c "$soft/rsa2048.pem" m.ko
	modseal sign --key-id ski -k "$soft/rsa2048.combined.pem" other.ko
	assert_same m.ko other.ko
}

@test "--raw: a token's signature, made by pkcs11-tool" {
	timeout 30 pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234 --sign \
		--id 01 --mechanism SHA256-RSA-PKCS --input-file m.ko --output-file m.ko.sig
	run attach --raw m.ko
	assert_status 0
	verify m.ko
	openssl dgst -sha384 -binary -out digest bare
	timeout 30 pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234 --sign \
		--id 05 --mechanism ECDSA --signature-format openssl --input-file digest --output-file raw
	run modseal attach --raw --hash sha384 -s raw -c "$MODSEAL_FIXTURES/p384.der" m.ko
	assert_status 0
	modseal verify -c "$MODSEAL_FIXTURES/p384.pem" m.ko
}

@test "--raw: the example of the manual page" {
	sign -q -o foo.ko m.ko
	cp "$soft/rsa2048.key.pem" key.pem
	cp "$soft/rsa2048.pem" cert.pem
	modseal strip -o bare.ko foo.ko
	openssl dgst -sha256 -sign key.pem -out bare.ko.sig bare.ko
	modseal attach --raw -c cert.pem bare.ko
	modseal verify -c cert.pem bare.ko
}

refused() { # OPTION...
	cp bare m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%i %Y' m.ko >before
	run modseal attach "$@" m.ko
	assert_status 1
	assert_same m.ko bare
	stat -c '%i %Y' m.ko | cmp - before
	[ -z "$(find . -name '.*' -type f)" ]
}

@test "a signature that does not fit is refused, and the module is as it was" {
	p7s
	cp m.ko.p7s good
	# of another key
	refused -c "$MODSEAL_FIXTURES/rsa3072.pem"
	assert_output "m.ko.p7s: it is not a signature of m.ko by \"O=modseal fixtures,CN=modseal rsa3072\""
	# of another module
	real_module bonding "$PWD/other.ko" >/dev/null
	sign -q other.ko
	modseal detach -q -o m.ko.p7s other.ko
	refused -c "$MODSEAL_FIXTURES/rsa2048.pem"
	assert_output "altered after it was signed"
	# damaged
	cp good m.ko.p7s
	tampered m.ko.p7s $(($(stat -c %s m.ko.p7s) - 3))
	refused -c "$MODSEAL_FIXTURES/rsa2048.pem"
	# cut, empty, no CMS, more than a CMS
	for damage in 'head -c 100 good' 'true' 'echo text' 'cat good good'; do
		$damage >m.ko.p7s
		refused -c "$MODSEAL_FIXTURES/rsa2048.pem"
		assert_output "m.ko.p7s"
	done
	# what kernels refuse
	openssl cms -sign -binary -outform DER -in bare -signer "$soft/rsa2048.pem" \
		-inkey "$soft/rsa2048.key.pem" -md sha256 -out m.ko.p7s
	refused -c "$soft/rsa2048.pem"
	assert_output "signed attributes"
}

@test "a bare signature that does not fit is refused, and the module is as it was" {
	openssl dgst -sha256 -sign "$soft/rsa2048.key.pem" -out good m.ko
	cp good m.ko.sig
	refused --raw -c "$soft/rsa3072.pem"
	assert_output 'm.ko.sig: it does not sign m.ko with sha256 and the key of "O=modseal fixtures,CN=soft rsa3072"'
	refused --raw --hash sha512 -c "$soft/rsa2048.pem"
	assert_output "with sha512"
	refused --raw -c "$soft/p256.pem"
	tampered m.ko.sig 100
	refused --raw -c "$soft/rsa2048.pem"
	for damage in 'head -c 255 good' 'true' 'cat good good'; do
		$damage >m.ko.sig
		refused --raw -c "$soft/rsa2048.pem"
	done
	openssl dgst -sha256 -sign "$soft/p256.key.pem" -out m.ko.sig m.ko
	cp m.ko.sig good
	echo >>m.ko.sig
	refused --raw -c "$soft/p256.pem"
}

@test "a raw ECDSA signature as r and s is no DER" {
	openssl dgst -sha256 -binary -out digest bare
	timeout 30 pkcs11-tool --module "$MODSEAL_P11" --token-label modseal --login --pin 1234 --sign \
		--id 04 --mechanism ECDSA --input-file digest --output-file m.ko.sig
	[ "$(stat -c %s m.ko.sig)" -eq 64 ]
	refused --raw -c "$MODSEAL_FIXTURES/p256.pem"
}

@test "no signature file" {
	run attach m.ko
	assert_status 4
	assert_output "m.ko.p7s cannot be opened: No such file or directory"
	run attach --raw m.ko
	assert_output "m.ko.sig cannot be opened"
	mkdir m.ko.p7s
	run attach m.ko
	assert_status 4
	assert_output "m.ko.p7s is a directory"
	assert_same m.ko bare
}

@test "usage" {
	p7s
	run modseal attach m.ko
	assert_status 2
	assert_output "-c"
	run attach -s m.ko.p7s m.ko bare
	assert_status 2
	assert_output "--signature goes with one module"
	run attach -c missing.pem m.ko
	assert_status 3
	assert_output missing.pem
	assert_same m.ko bare
}

@test "the certificate from a token" {
	p7s
	run modseal attach --module "$MODSEAL_P11" -c 'pkcs11:token=modseal;id=%01;type=cert' m.ko
	assert_status 0
	assert_same m.ko signed
}

@test "--json" {
	p7s
	cp bare lone.ko
	run --separate-stderr attach --json m.ko lone.ko
	assert_status 1
	assert_json '.[0] == {module: "m.ko", result: "attached", written: "m.ko"}'
	assert_json '.[1] | .module == "lone.ko" and .result == "failed" and .error.code == "io"'
	assert_json '.[2].summary | .attached == 1 and .failed == 1'
	run attach -q m.ko
	[ -z "$output" ]
}

@test "to a compressed module" {
	p7s
	xz -k --check=crc32 m.ko
	mv m.ko.p7s m.ko.xz.p7s
	run attach m.ko.xz
	assert_status 0
	xz -dc m.ko.xz | cmp - signed
}

@test "--any-file" {
	echo image >image
	openssl dgst -sha256 -sign "$soft/rsa2048.key.pem" -out image.sig image
	run modseal attach --raw -c "$soft/rsa2048.pem" image
	assert_status 1
	assert_output "image is not a kernel module"
	run modseal attach --any-file --raw -c "$soft/rsa2048.pem" image
	assert_status 0
	modseal verify --any-file -c "$soft/rsa2048.pem" image
}
