#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal inspect, against what modinfo and openssl say of the same files.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
}

inspect() {
	modseal inspect "$@"
}

lower_hex() { # reads "1A:2B:..."
	tr -d ':\n\t ' | tr A-F a-f
}

@test "an unsigned module" {
	run --separate-stderr inspect m.ko
	assert_status 0
	[ -z "$stderr" ]
	assert_line "m.ko: unsigned"
	size=$(stat -c %s m.ko)
	assert_line "  compression  none, $size bytes on disk, $size uncompressed, $size without signature"
	assert_line "  module       dummy"
	assert_output "vermagic     $(modinfo -F vermagic ./m.ko)"
	refute_output signer
}

# modinfo and openssl agree with the JSON of a signed module.
same_facts() { # FILE
	take_apart "$1"
	run inspect --json "$1"
	assert_status 0
	openssl cms -cmsout -print -noout -inform DER -in "$1.cms" >cms.txt
	jq -r 'select(.signatures).signatures[0]' <<<"$output" >sig.json
	[ "$(jq -r .signer sig.json)" = "$(modinfo -F signer "./$1")" ]
	[ "$(jq -r .hash sig.json)" = "$(modinfo -F sig_hashalgo "./$1")" ]
	[ "$(jq -r .serial sig.json)" = "$(modinfo -F sig_key "./$1" | lower_hex)" ]
	[ "$(jq -r .signature_bytes sig.json)" -eq \
		$(($(modinfo -F signature "./$1" | lower_hex | wc -c) / 2)) ]
	[ "$(jq .cms_size sig.json)" -eq "$(stat -c %s "$1.cms")" ]
	[ "$(jq .size sig.json)" -eq $(($(stat -c %s "$1.cms") + 40)) ]
	[ "$(jq .offset sig.json)" -eq "$(stat -c %s "$1.bare")" ]
	grep -q "algorithm: $(jq -r .algorithm sig.json) " cms.txt
	assert_json '.[0] | .state == "signed" and .reason == null and .elf_module and
		.compression == "none" and (.signatures | length) == 1'
	assert_json ".[0] | .file_size == $(stat -c %s "$1") and .size == .file_size and
		.bare_size == $(stat -c %s "$1.bare")"
	assert_json ".[0] | .name == \"$(modinfo -F name "./$1")\""
	[ "$(jq -r 'select(.vermagic).vermagic' <<<"$output")" = "$(modinfo -F vermagic "./$1")" ]
}

@test "what modinfo and openssl say, of our signatures and of Debian's" {
	for key in rsa2048 rsa4096 p256 p384; do
		for hash in sha256 sha512; do
			cp m.ko "$key.ko"
			modseal sign -q -k "$MODSEAL_FIXTURES/soft/$key.key.pem" \
				-c "$MODSEAL_FIXTURES/soft/$key.pem" --hash $hash $key.ko
			same_facts $key.ko
		done
	done
	for name in dummy bonding; do
		real_module $name "$PWD/debian.ko" >/dev/null
		same_facts debian.ko
	done
}

@test "the issuer as openssl prints it" {
	cp m.ko signed.ko
	sign -q signed.ko
	run inspect signed.ko
	issuer=$(openssl x509 -in "$MODSEAL_FIXTURES/rsa2048.pem" -noout -issuer -nameopt sep_multiline |
		sed -n 's/^ *//p' | tail -n +2 | paste -sd,)
	assert_line "  issuer       $issuer"
}

@test "by key identifier" {
	sign -q --key-id ski m.ko
	run inspect m.ko
	ski=$(openssl x509 -in "$MODSEAL_FIXTURES/rsa2048.pem" -noout -ext subjectKeyIdentifier |
		tail -n 1 | lower_hex)
	assert_line "  key id       $ski"
	refute_output serial
	refute_output issuer
}

@test "text and --json tell the same facts" {
	sign -q m.ko
	sign -q --stack --hash sha512 --key-id ski --embed-certs "$MODSEAL_FIXTURES/chain.pem" m.ko
	run inspect --json m.ko
	assert_status 0
	facts=$(jq -r 'select(.signatures) | .name, .vermagic, .compression, .file_size, .size, .bare_size,
		(.signatures[] | .offset, .cms_size, .size, .signer, .issuer, .serial, .key_id, .hash,
		.algorithm, .signature_bytes, .certificates[]) | select(. != null)' <<<"$output")
	run inspect m.ko
	while read -r fact; do
		assert_output "$fact"
	done <<<"$facts"
	[ "$(wc -l <<<"$facts")" -gt 20 ]
}

@test "stacked signatures: the one that counts comes first" {
	sign -q m.ko
	first=$(stat -c %s m.ko)
	modseal sign -q --stack -k "$MODSEAL_FIXTURES/soft/p256.combined.pem" m.ko
	run inspect --json m.ko
	assert_json ".[0] | (.signatures | length) == 2 and .signatures[0].signer == \"soft p256\" and
		.signatures[0].offset == $first and .signatures[1].signer == \"modseal rsa2048\" and
		.bare_size == .signatures[1].offset"
	run inspect m.ko
	assert_output "below it, and not looked at by kernels:"
}

@test "certificates that travel along" {
	sign -q --embed-certs "$MODSEAL_FIXTURES/chain.pem" m.ko
	run inspect m.ko
	assert_line "  certificate  O=modseal fixtures,CN=odd leaf"
	assert_line "  certificate  O=modseal fixtures,CN=CA"
}

@test "signed attributes" {
	openssl cms -sign -binary -outform DER -in m.ko -signer "$MODSEAL_FIXTURES/soft/rsa2048.pem" \
		-inkey "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -md sha256 -out cms
	cat cms >>m.ko
	module_signature "$(stat -c %s cms)" >>m.ko
	run inspect m.ko
	assert_status 0
	assert_output "signed attributes, which kernels refuse"
	run inspect --json m.ko
	assert_json '.[0].signatures[0].signed_attributes'
}

@test "a CMS that cannot be read is a problem of that signature" {
	printf '\060\003\002\001\001' >>m.ko
	module_signature 5 >>m.ko
	run inspect --json m.ko
	assert_status 0
	assert_json '.[0] | .state == "signed" and .signatures[0].signer == null and
		(.signatures[0].problem | startswith("not a CMS"))'
	run inspect m.ko
	assert_output "problem      not a CMS"
}

@test "a signature that the kernel would call malformed, one that was interrupted" {
	cp m.ko bad.ko
	module_signature 0 >>bad.ko
	sign -q m.ko
	truncate -s -1 m.ko
	run inspect --json bad.ko m.ko
	assert_status 0
	assert_json '.[0] | .state == "malformed signature" and (.reason | startswith("its sig_len is 0"))'
	assert_json '.[1] | .state == "interrupted signature" and (.reason | length) > 0'
	assert_json '.[0].bare_size == .[1].bare_size'
	run inspect bad.ko m.ko
	assert_line "bad.ko: malformed signature"
	assert_line "m.ko: interrupted signature"
	assert_line "2 modules: 2 inspected, 0 failed"
}

@test "compressed modules" {
	sign -q m.ko
	gzip -k m.ko
	xz -k --check=crc32 m.ko
	zstd -q m.ko
	for ext in gz xz zst; do
		run inspect --json m.ko.$ext
		assert_status 0
		case $ext in gz) name=gzip ;; xz) name=xz ;; zst) name=zstd ;; esac
		assert_json ".[0] | .compression == \"$name\" and .file_size == $(stat -c %s m.ko.$ext) and
			.size == $(stat -c %s m.ko) and .signatures[0].signer == \"modseal rsa2048\""
	done
}

@test "any file" {
	echo text >image
	sign -q --any-file image
	run inspect image
	assert_status 1
	assert_output "image is not a kernel module"
	run inspect --any-file image
	assert_status 0
	assert_line "image: signed"
	assert_line "  format       not an ELF relocatable file"
	assert_line "  signer       modseal rsa2048"
}

@test "all of Debian's modules" {
	count=$(find "$MODSEAL_CORPUS" -name '*.ko' | wc -l)
	run inspect --json "$MODSEAL_CORPUS"
	assert_status 0
	[ "${#lines[@]}" -eq $((count + 1)) ]
	assert_json 'map(select(.signatures)) | all(.state == "signed" and .elf_module and
		(.signatures | length) == 1 and .signatures[0].signed_attributes == false and
		.signatures[0].problem == null and (.name | length) > 0)'
	[ "$(jq -r 'select(.signatures).signatures[0].signer' <<<"$output" | sort -u | wc -l)" -eq 1 ]
}

@test "no module" {
	run inspect
	assert_status 2
	run inspect gone.ko
	assert_status 4
	assert_output "gone.ko: No such file or directory"
}
