#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal verify: each verdict, by the kernel's rules.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
}

# Signs with the software key of the same size: faster, and openssl can use it, too.
soft_sign() {
	modseal sign -q -k "$MODSEAL_FIXTURES/soft/rsa2048.combined.pem" "$@"
}

soft_verify() {
	modseal verify -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" "$@"
}

# m.ko with a CMS that openssl makes of it.
openssl_signs() { # OPTION...
	openssl cms -sign -binary -outform DER -in m.ko -signer "$MODSEAL_FIXTURES/soft/rsa2048.pem" \
		-inkey "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -md sha256 -nosmimecap -out cms "$@"
	append cms m.ko
}

append() { # CMS MODULE
	cat "$1" >>"$2"
	module_signature "$(stat -c %s "$1")" >>"$2"
}

@test "valid" {
	soft_sign m.ko
	run --separate-stderr soft_verify m.ko
	assert_status 0
	[ "$output" = "m.ko: valid (O=modseal fixtures,CN=soft rsa2048, sha256)" ]
	[ -z "$stderr" ]
}

@test "valid, as openssl signs without attributes" {
	openssl_signs -noattr -nocerts
	run soft_verify m.ko
	assert_status 0
	assert_output "m.ko: valid"
}

@test "valid, with the signer's certificate inside" {
	openssl_signs -noattr
	run soft_verify m.ko
	assert_status 0
	run verify m.ko
	assert_status 1
	assert_output "m.ko: unknown key"
}

@test "unsigned" {
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: unsigned: no signature is appended"
}

@test "unknown key: what the signature says of its signer is told" {
	real_module dummy "$PWD/debian.ko" >/dev/null
	run soft_verify debian.ko
	assert_status 1
	assert_output "debian.ko: unknown key"
	serial=$(modinfo -F sig_key ./debian.ko | tr -d : | tr A-F a-f)
	assert_output "serial $serial"
}

@test "Debian's modules, all of another key: unknown, none altered" {
	count=$(find "$MODSEAL_CORPUS" -name '*.ko' | wc -l)
	run soft_verify "$MODSEAL_CORPUS"
	assert_status 1
	assert_line "$count modules: 0 valid, $count not valid, 0 failed"
	[ "$(grep -c ': unknown key: ' <<<"$output")" -eq "$count" ]
}

@test "a certificate of the same name with another serial number is unknown" {
	soft_sign m.ko
	openssl req -new -x509 -key "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -sha256 -out same.pem \
		-subj "/O=modseal fixtures/CN=soft rsa2048" -config <(printf '[req]\ndistinguished_name=n\n[n]\n')
	run modseal verify -c same.pem m.ko
	assert_status 1
	assert_output "unknown key"
}

@test "altered: a byte of the module, of the signature" {
	soft_sign m.ko
	for at in 0x40 100 16000; do
		cp m.ko altered.ko
		tampered altered.ko $((at))
		run soft_verify altered.ko
		assert_status 1
		assert_output "altered.ko: altered"
	done
	cp m.ko altered.ko
	tampered altered.ko $(($(stat -c %s m.ko) - 40 - 5)) # the RSA block is the end of the CMS
	run soft_verify altered.ko
	assert_status 1
	assert_output "altered.ko: altered"
}

@test "altered: another key signed under the certificate's name" {
	# a certificate with the same issuer and serial number, but of another key
	serial=0x$(openssl x509 -in "$MODSEAL_FIXTURES/soft/rsa2048.pem" -noout -serial | cut -d= -f2)
	openssl req -new -x509 -key "$MODSEAL_FIXTURES/soft/rsa3072.key.pem" -sha256 -out forged.pem \
		-subj "/O=modseal fixtures/CN=soft rsa2048" -set_serial "$serial" \
		-config <(printf '[req]\ndistinguished_name=n\n[n]\n')
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa3072.key.pem" -c forged.pem m.ko
	run modseal verify -c forged.pem m.ko
	assert_status 0
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: altered"
	# both known: one fits
	run modseal verify -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" -c forged.pem m.ko
	assert_status 0
}

# Each rule that the kernel has for struct module_signature.
malformed() { # TEXT SIG_LEN [FIELD...]
	local text=$1
	shift
	cp m.ko bad.ko
	cat cms >>bad.ko
	module_signature "$@" >>bad.ko
	run soft_verify bad.ko
	assert_status 1
	assert_output "bad.ko: malformed: $text"
}

@test "malformed: every rule is told" {
	soft_sign -o signed.ko m.ko
	take_apart signed.ko
	mv signed.ko.cms cms
	len=$(stat -c %s cms)
	size=$(($(stat -c %s m.ko) + len))
	malformed "its algo is 1 where the kernel wants 0" "$len" 1 0 2 0 0 0 0 0
	malformed "its hash is 4 where the kernel wants 0" "$len" 0 4 2 0 0 0 0 0
	malformed "its id_type is 1 (a bare X.509" "$len" 0 0 1 0 0 0 0 0
	malformed "its id_type is 0 (OpenPGP)" "$len" 0 0 0 0 0 0 0 0
	malformed "its id_type is 3 (possibly a Merkle proof" "$len" 0 0 3 0 0 0 0 0
	malformed "its signer_len is 9 " "$len" 0 0 2 9 0 0 0 0
	malformed "its key_id_len is 9 " "$len" 0 0 2 0 9 0 0 0
	malformed "its __pad[0] is 1 " "$len" 0 0 2 0 0 1 0 0
	malformed "its __pad[2] is 1 " "$len" 0 0 2 0 0 0 0 1
	malformed "its sig_len is 0 " 0
	malformed "its sig_len is 4294967295, but only $size bytes stand before it" 4294967295
	malformed "its sig_len is $((size + 1)), but only" $((size + 1))
	malformed "its sig_len is $size, all that stands before it" "$size"
	malformed "its sig_len is $((len + 10)), which reaches 10 bytes into the module" $((len + 10))
	malformed "its signature starts with the byte 0x" $((len - 10))
}

@test "malformed: a struct without room" {
	cp m.ko bad.ko
	printf '~Module signature appended~\n' >tiny
	run soft_verify --any-file tiny
	assert_status 1
	assert_output "tiny: unsigned"
	printf 'x~Module signature appended~\n' >tiny
	run soft_verify --any-file tiny
	assert_status 1
	assert_output "tiny: malformed: only 1 bytes stand before its marker"
}

@test "malformed: what is no CMS SignedData" {
	printf '\060\003\002\001\001' >cms
	append cms m.ko
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: malformed: the appended signature: not a CMS SignedData"
}

@test "malformed: bytes behind the CMS, content inside, not about data" {
	cp m.ko bare
	openssl_signs -noattr -nocerts
	cp bare m.ko
	echo more >>cms
	append cms m.ko
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: malformed: the appended signature: 5 bytes behind the CMS"
	cp bare m.ko
	openssl_signs -noattr -nocerts -nodetach
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: malformed: the CMS holds content of its own"
	cp bare m.ko
	openssl_signs -noattr -nocerts -econtent_type 1.2.840.113549.1.9.16.1.4
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: malformed: the CMS is not about plain data"
}

@test "malformed: no signer" {
	openssl crl2pkcs7 -nocrl -certfile "$MODSEAL_FIXTURES/soft/rsa2048.pem" -outform DER -out cms
	append cms m.ko
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: malformed: the CMS has no signer"
}

@test "unsupported: signed attributes" {
	openssl_signs -nocerts
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: unsupported: the signature has signed attributes"
}

@test "unsupported: digests that no kernel has" {
	cp m.ko bare
	for md in md5 ripemd160; do
		cp bare m.ko
		openssl_signs -noattr -nocerts -md $md
		run soft_verify m.ko
		assert_status 1
		assert_output "m.ko: unsupported: no kernel knows the digest"
		[[ ${output,,} == *"${md}"* ]]
	done
}

@test "old signatures with SHA-1 and SHA-224 are read" {
	cp m.ko bare
	for md in sha1 sha224; do
		cp bare m.ko
		openssl_signs -noattr -nocerts -md $md
		run soft_verify m.ko
		assert_status 0
		assert_output "CN=soft rsa2048, $md)"
	done
}

@test "interrupted: cut off at any byte" {
	soft_sign -o signed.ko m.ko
	bare=$(stat -c %s m.ko) size=$(stat -c %s signed.ko)
	mkdir cut
	for ((at = bare + 1; at < size; at += 7)); do
		head -c $at signed.ko >cut/$at.ko
	done
	head -c $((bare + 1)) signed.ko >cut/first.ko
	head -c $((size - 1)) signed.ko >cut/last.ko
	run soft_verify cut
	assert_status 1
	[ "$(grep -c ': interrupted: ' <<<"$output")" -eq "$(find cut -type f | wc -l)" ]
}

@test "two signers: one that fits is enough, one that does not is fatal" {
	cp m.ko bare
	openssl_signs -noattr -nocerts -signer "$MODSEAL_FIXTURES/soft/p256.pem" \
		-inkey "$MODSEAL_FIXTURES/soft/p256.key.pem"
	run soft_verify m.ko
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/soft/p256.pem" m.ko
	assert_status 0
	run verify m.ko
	assert_status 1
	assert_output "unknown key"
	tampered m.ko 100
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: altered"
}

@test "an expired certificate is valid, and that is noted" {
	modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=expired' m.ko
	run modseal verify -c "$MODSEAL_FIXTURES/odd/expired.der" m.ko
	assert_status 0
	assert_output "m.ko: valid"
	assert_output "the certificate expired at 2020-01-02T00:00:00Z (kernels don't look at dates)"
	run modseal verify --json -c "$MODSEAL_FIXTURES/odd/expired.der" m.ko
	assert_json '.[0] | .verdict == "valid" and (.note | startswith("the certificate expired at 2020"))'
}

@test "only the last signature counts" {
	soft_sign m.ko
	cp m.ko once
	sign --stack m.ko
	run soft_verify m.ko
	assert_status 1
	assert_output "m.ko: unknown key"
	verify m.ko
}

@test "by key identifier" {
	soft_sign --key-id ski m.ko
	run soft_verify m.ko
	assert_status 0
	run verify m.ko
	assert_status 1
	assert_match 'unknown key.*key id [0-9a-f]{40}'
}

@test "several certificates, a PEM bundle, DER, a token's" {
	cp m.ko n.ko
	soft_sign m.ko
	sign -q n.ko
	soft=$MODSEAL_FIXTURES/soft/rsa2048
	run soft_verify m.ko n.ko
	assert_status 1
	assert_line "2 modules: 1 valid, 1 not valid, 0 failed"
	cat "$MODSEAL_FIXTURES/p256.pem" "$soft.pem" "$MODSEAL_FIXTURES/rsa2048.pem" >bundle.pem
	run modseal verify -c bundle.pem m.ko n.ko
	assert_status 0
	run modseal verify -c "$soft.der" -c "$MODSEAL_FIXTURES/rsa2048.der" m.ko n.ko
	assert_status 0
	run modseal verify --module "$MODSEAL_P11" -c "$soft.der" \
		-c 'pkcs11:token=modseal;object=rsa2048;type=cert' m.ko n.ko
	assert_status 0
}

@test "a PEM file may hold text and keys, too" {
	soft_sign m.ko
	(openssl x509 -in "$MODSEAL_FIXTURES/soft/rsa2048.pem" -text
		cat "$MODSEAL_FIXTURES/soft/p256.key.pem") >text.pem
	run modseal verify -c text.pem m.ko
	assert_status 0
}

@test "certificates that cannot be read: exit status 3, and the file is named" {
	soft_sign m.ko
	echo text >text.pem
	: >empty.pem
	sed 's/^M/!/' "$MODSEAL_FIXTURES/soft/rsa2048.pem" >broken.pem
	cat "$MODSEAL_FIXTURES/soft/rsa2048.pem" broken.pem >half.pem
	head -c 300 "$MODSEAL_FIXTURES/soft/rsa2048.der" >short.der
	for file in text.pem empty.pem broken.pem half.pem short.der missing.pem .; do
		run modseal verify -c "$file" m.ko
		assert_status 3
		assert_output "$file"
	done
}

@test "no certificate named, no module named" {
	run modseal verify m.ko
	assert_status 2
	assert_output "-c"
	run soft_verify
	assert_status 2
}

@test "--json" {
	cp m.ko bare.ko
	soft_sign m.ko
	echo text >text.ko
	run --separate-stderr soft_verify --json m.ko bare.ko text.ko
	assert_status 1
	[ "${#lines[@]}" -eq 4 ]
	assert_json '.[0] == {module: "m.ko", verdict: "valid", reason: "signed by a trusted key",
		signer: "O=modseal fixtures,CN=soft rsa2048", hash: "sha256", note: null}'
	assert_json '.[1] | .verdict == "unsigned" and .signer == null and .hash == null'
	assert_json '.[2] | .module == "text.ko" and .error.code == "module"'
	assert_json '.[3].summary | .valid == 1 and ."not valid" == 1 and .failed == 1'
}

@test "--quiet prints no line for a valid module" {
	cp m.ko bare.ko
	soft_sign m.ko
	run soft_verify -q m.ko bare.ko
	assert_status 1
	refute_output "m.ko: valid"
	assert_output "bare.ko: unsigned"
}

@test "what cannot be looked at: exit status of the failure" {
	run soft_verify gone.ko
	assert_status 4
	assert_output "gone.ko: No such file or directory"
	echo text >text.ko
	run soft_verify text.ko
	assert_status 1
	assert_output "text.ko is not a kernel module"
}

@test "a module is only read" {
	soft_sign m.ko
	chmod 444 m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%i %Y %Z %s' m.ko >before
	soft_verify m.ko
	stat -c '%i %Y %Z %s' m.ko | cmp - before
}
