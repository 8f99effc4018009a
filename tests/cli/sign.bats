#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign: the signature. Which files it goes to is in sign_places.bats, how they are written in
# sign_files.bats, what is said in sign_report.bats; where keys come from in uri.bats, PINs in
# pin.bats; input that is no module in bad_input.bats, compression in compressed.bats.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w" # bats puts files of its own beside it
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

@test "a module is signed in place, and openssl and modinfo agree" {
	run --separate-stderr sign m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256)"
	[ -z "$stderr" ]
	cmp -n "$(stat -c %s bare)" m.ko bare
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	[ "$(modinfo -F signer ./m.ko)" = "modseal rsa2048" ]
	[ "$(modinfo -F sig_hashalgo ./m.ko)" = sha256 ]
	assert_files . m.ko bare
}

@test "signing again replaces the signature" {
	sign m.ko
	cp m.ko once
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed again (sha256)"
	assert_same m.ko once
}

@test "Debian's signature is replaced, too" {
	real_module dummy "$PWD/debian.ko" >/dev/null
	run sign debian.ko
	assert_status 0
	sign m.ko
	assert_same debian.ko m.ko
}

@test "--stack adds one, and without it all are replaced" {
	sign m.ko
	cp m.ko once
	run sign --stack --hash sha512 m.ko
	assert_status 0
	cp m.ko twice
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	take_apart m.ko
	assert_same m.ko.bare once
	sign --stack m.ko
	verify m.ko
	take_apart m.ko
	assert_same m.ko.bare twice
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed again (sha256), 3 signatures replaced"
	assert_same m.ko once
}

@test "--stack on a module without signature signs it" {
	run sign --stack m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256)"
	cp m.ko stacked
	cp bare m.ko
	sign m.ko
	assert_same m.ko stacked
}

@test "--keep-existing leaves alone what verifies" {
	sign m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%i %Y %s' m.ko >before
	run sign --keep-existing --hash sha512 m.ko
	assert_status 0
	assert_line "m.ko: kept (its signature verifies)"
	stat -c '%i %Y %s' m.ko | cmp - before
}

@test "--keep-existing signs what does not: unsigned, altered, of another key" {
	cp m.ko foreign.ko
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.combined.pem" foreign.ko
	cp m.ko altered.ko
	sign altered.ko
	tampered altered.ko 100
	cp m.ko good.ko
	sign good.ko
	run sign --keep-existing m.ko foreign.ko altered.ko good.ko
	assert_status 0
	assert_line "4 modules: 3 signed, 1 kept, 0 failed"
	verify m.ko foreign.ko altered.ko good.ko
}

@test "--keep-existing -o: what is kept is copied" {
	sign m.ko
	run sign --keep-existing -o out/ m.ko
	assert_status 0
	assert_same out/m.ko m.ko
}

@test "--keep-existing against a leaf of a CA: the CA's other leaf is not kept" {
	odd_leaf m.ko
	cp m.ko leaf.ko
	run sign --keep-existing m.ko
	assert_status 0
	assert_output "signed again"
	run odd_leaf --keep-existing leaf.ko
	assert_output "kept"
}

odd_leaf() {
	modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=leaf' "$@"
}

@test "--embed-certs: a kernel that trusts only the CA can follow" {
	odd_leaf -o without.ko m.ko
	odd_leaf --embed-certs "$MODSEAL_FIXTURES/leaf.pem" -o with.ko m.ko
	run odd_leaf --embed-certs "$MODSEAL_FIXTURES/chain.pem" --key-id ski -o chain.ko m.ko
	assert_status 0
	assert_output "WARNING: kernels look a certificate that travels along up by issuer and serial number"
	run modseal verify -c "$MODSEAL_FIXTURES/ca.pem" without.ko
	assert_status 1
	assert_output "without.ko: unknown key"
	run modseal verify -c "$MODSEAL_FIXTURES/ca.pem" with.ko
	assert_status 0
	assert_output "with.ko: valid (O=modseal fixtures,CN=odd leaf, sha256)"
	# a kernel finds none by its key id
	run modseal verify -c "$MODSEAL_FIXTURES/ca.pem" chain.ko
	assert_status 1
	assert_output "chain.ko: unknown key"
	run modseal verify -c "$MODSEAL_FIXTURES/leaf.pem" without.ko with.ko chain.ko
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/rsa2048.pem" with.ko
	assert_status 1
	assert_output "with.ko: unknown key"
	run modseal inspect --json with.ko chain.ko
	assert_json '.[0].signatures[0].certificates == ["O=modseal fixtures,CN=odd leaf"]'
	assert_json '.[1].signatures[0].certificates | length == 2'
	# openssl follows it by itself
	take_apart with.ko
	openssl cms -verify -binary -inform DER -in with.ko.cms -content with.ko.bare \
		-CAfile "$MODSEAL_FIXTURES/ca.pem" -purpose any -out /dev/null
}

@test "--embed-certs with a file that holds none" {
	run sign --embed-certs bare m.ko
	assert_status 3
	assert_output bare
	run sign --embed-certs missing.pem m.ko
	assert_status 3
	assert_output missing.pem
	assert_same m.ko bare
}

@test "--key-id ski names the signer by key identifier" {
	run sign --key-id ski m.ko
	assert_status 0
	verify m.ko
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	run modseal inspect --json m.ko
	ski=$(openssl x509 -in "$MODSEAL_FIXTURES/rsa2048.pem" -noout -ext subjectKeyIdentifier |
		sed -n 's/^ *\([0-9A-F:]*\)$/\1/p' | tr -d : | tr A-F a-f)
	assert_json ".[0].signatures[0] | .key_id == \"$ski\" and .serial == null and .issuer == null"
}

@test "--key-id ski with a certificate that has none" {
	openssl req -new -x509 -key "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -subj /CN=plain -out c.pem \
		-config <(printf '[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n')
	run modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -c c.pem --key-id ski m.ko
	assert_status 3
	assert_output "no subject key identifier"
	assert_same m.ko bare
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -c c.pem m.ko
	modseal verify -c c.pem m.ko
}

@test "all six digests, with RSA and ECDSA keys on the token" {
	for key in rsa2048 rsa3072 rsa4096 p256 p384; do
		for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
			cp bare "$key-$hash.ko"
		done
	done
	for key in rsa2048 rsa3072 rsa4096 p256 p384; do
		for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
			modseal_pin sign -q --module "$MODSEAL_P11" -k "pkcs11:token=modseal;object=$key" \
				--hash $hash $key-$hash.ko
		done
		run modseal verify -c "$MODSEAL_FIXTURES/$key.der" $key-*.ko
		assert_status 0
		assert_line "6 modules: 6 valid, 0 not valid, 0 failed"
		assert_openssl $key-sha512.ko "$MODSEAL_FIXTURES/$key.pem"
	done
	run modseal inspect --json ./*-*.ko
	assert_json '.[:-1] | length == 30'
	assert_json '.[:-1] | all(.signatures[0].hash as $h | .module | endswith("-" + $h + ".ko"))'
}

@test "a digest that nobody knows" {
	run sign --hash md5 m.ko
	assert_status 2
	assert_output "'md5' is none of sha256, sha384, sha512, sha3-256, sha3-384, sha3-512"
	run sign --hash sha1 m.ko
	assert_status 2
	assert_same m.ko bare
}

@test "--dry-run writes nothing" {
	cp m.ko again.ko
	sign again.ko
	mkdir tree
	cp m.ko again.ko tree/
	ls -lRi --time-style=full-iso tree >before
	run sign --dry-run tree
	assert_status 0
	assert_output "tree/m.ko: would be signed (sha256)"
	assert_output "tree/again.ko: would be signed again (sha256)"
	assert_line "2 modules: 2 would be signed, 0 failed"
	run sign -n -o out/deep tree
	assert_status 0
	[ ! -e out ]
	run sign --dry-run --keep-existing tree
	assert_output "tree/again.ko: kept"
	run sign --dry-run --keep-existing -o out/deep tree
	assert_status 0
	[ ! -e out ]
	ls -lRi --time-style=full-iso tree | cmp - before
}

@test "--dry-run says what would fail" {
	echo text >text.ko
	run sign --dry-run m.ko text.ko
	assert_status 1
	assert_output "text.ko is not a kernel module"
}

@test "a certificate of another key is refused before anything is touched" {
	cp m.ko n.ko
	touch -d 2001-01-01 m.ko
	run sign -c "$MODSEAL_FIXTURES/rsa3072.pem" -o out m.ko n.ko
	assert_status 3
	assert_output 'the certificate "O=modseal fixtures,CN=modseal rsa3072" is not of the key'
	[ ! -e out ]
	run sign -c "$MODSEAL_FIXTURES/p256.der" m.ko n.ko
	assert_status 3
	assert_same m.ko bare
	[ "$(stat -c %Y m.ko)" -eq "$(date -d 2001-01-01 +%s)" ]
}

@test "the certificate beside the key is another key's" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=mismatch' m.ko
	assert_status 3
	assert_output "is not of the key"
	assert_same m.ko bare
}

@test "no certificate beside the key" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=nocert' m.ko
	assert_status 3
	assert_output "certificate"
	assert_output "-c"
	assert_same m.ko bare
}

@test "-c takes PEM, DER and a PKCS#11 URI" {
	for cert in "$MODSEAL_FIXTURES/rsa2048.pem" "$MODSEAL_FIXTURES/rsa2048.der" \
		'pkcs11:token=modseal;object=rsa2048;type=cert' 'pkcs11:token=modseal;id=%01'; do
		cp bare m.ko
		run sign -c "$cert" m.ko
		assert_status 0
		verify m.ko
	done
}

@test "-c that is no certificate" {
	for cert in bare missing.pem . "$MODSEAL_FIXTURES/pin" 'pkcs11:token=modseal;object=gone'; do
		run sign -c "$cert" m.ko
		assert_status 3
		assert_output "${cert#pkcs11:}"
		assert_same m.ko bare
	done
}

@test "an expired certificate signs; kernels do not look" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=expired' m.ko
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/odd/expired.pem" m.ko
	assert_status 0
	assert_output "expired"
}

@test "--any-file signs what is no module" {
	echo "a kexec image" >image
	cp image before
	run sign image
	assert_status 1
	assert_output "image is not a kernel module"
	assert_same image before
	run sign --any-file image
	assert_status 0
	assert_openssl image "$MODSEAL_FIXTURES/rsa2048.pem"
	run verify image
	assert_status 1
	run verify --any-file image
	assert_status 0
	assert_output "image: valid"
}

@test "what is left of a broken signature is cut off" {
	sign m.ko
	cp m.ko good
	truncate -s -20 m.ko
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256), the interrupted signature cut off"
	assert_same m.ko good
	tampered m.ko $(($(stat -c %s m.ko) - 28 - 10)) # id_type
	run --separate-stderr sign --json m.ko
	assert_status 0
	assert_json '.[0] | .mended and .result == "signed" and .was == "malformed signature"'
	assert_same m.ko good
}
