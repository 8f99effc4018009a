#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Certificates from the kernel's point of view.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	soft=$MODSEAL_FIXTURES/soft
}

show() {
	modseal cert show --json "$@"
}

# A self-signed certificate with these extensions, c.pem.
make() { # KEY EXTENSION...
	local key=$1
	shift
	{
		printf '[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\nCN=test\n[ext]\n'
		printf '%s\n' "$@"
	} >make.cnf
	openssl req -new -x509 -config make.cnf -key "$key" -days 36500 -out c.pem
}

# Which answer the places give, in their order; s: the letters of yes, no, perhaps.
taken() { # LETTERS
	local is
	is=$(jq -rs '.[0].places | map(.taken[0:1]) | join("")' <<<"$output")
	[ "$is" = "$1" ] || { said "taken: $is instead of $1"; return 1; }
}

# The order: .builtin_trusted_keys .secondary_trusted_keys .machine, the same under
# CA_MACHINE_KEYRING and _MAX, .platform, UEFI db, MOK, boot loaders by shim.

@test "profile mok: all but the keyrings for CAs, and no boot loaders" {
	modseal cert -k "$soft/rsa4096.key.pem" --subject CN=mok -o c.der
	run show c.der
	assert_status 0
	taken ynynnyyyn
	assert_json '.[0].places | map(.place) == [".builtin_trusted_keys", ".secondary_trusted_keys",
		".machine", ".machine", ".machine", ".platform", "UEFI db", "MOK", "boot loaders, by shim"]'
	assert_json '.[0].places | map(.under) == [null, null, null, "CONFIG_INTEGRITY_CA_MACHINE_KEYRING",
		"CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX", null, null, null, null]'
	assert_json '.[0] | .module_signing and .code_signing and .digital_signature and (.ca | not)
		and .self_signed and .key_type == "RSA-4096" and .needs == null and .problem == null'
	assert_json '.[0].places[3].why | contains("CA:TRUE and keyUsage keyCertSign are missing; it goes to .platform")'
}

@test "profile kernel: the same, but shim takes boot loaders of its key" {
	modseal cert -k "$soft/rsa2048.key.pem" --subject CN=kernel --profile kernel -o c.der
	run show c.der
	taken ynynnyyyy
}

@test "profile ca: all keyrings that a self-signed certificate can get into" {
	modseal cert -k "$soft/rsa2048.key.pem" --subject CN=ca --profile ca -o c.der
	run show c.der
	taken ynyyyyyyy
}

@test "CA keyrings, by extension" {
	k=$soft/rsa2048.key.pem
	make "$k" basicConstraints=critical,CA:TRUE keyUsage=keyCertSign,digitalSignature
	run show c.pem
	taken ynyynyyyy
	assert_json '.[0].places[4].why | contains("digitalSignature must not be there")'
	make "$k" basicConstraints=critical,CA:TRUE keyUsage=digitalSignature
	run show c.pem
	taken ynynnyyyy
	assert_json '.[0].places[3].why | startswith("keyUsage keyCertSign is missing")'
	make "$k" basicConstraints=critical,CA:TRUE # without keyUsage the kernel sees no keyCertSign
	run show c.pem
	taken ynynnyyyy
	make "$k" basicConstraints=CA:FALSE keyUsage=keyCertSign
	run show c.pem
	taken ynynnyyyy
	assert_json '.[0].places[3].why | startswith("basicConstraints CA:TRUE is missing")'
}

@test "a leaf gets into .secondary_trusted_keys if its issuer is trusted" {
	run show "$MODSEAL_FIXTURES/leaf.der"
	assert_status 0
	assert_json '.[0] | (.self_signed | not) and .places[1].taken == "perhaps"
		and (.places[1].why | contains("is trusted already"))'
}

@test "EC keys: what they need, and what firmware may not know" {
	for key in p256 p384; do
		run show "$soft/$key.pem"
		assert_status 0
		assert_json '.[0] | (.needs | contains("CONFIG_CRYPTO_ECDSA")) and .places[6].taken == "perhaps"'
	done
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.pem
	make p521.pem basicConstraints=CA:FALSE
	run show c.pem
	assert_json '.[0].needs | contains("6.10")'
	assert_json '.[0].places[8] | .taken == "perhaps" and (.why | contains("15.8"))'
	modseal cert -k p521.pem --subject CN=mok -o mok.pem
	run show mok.pem
	assert_json '.[0].places[8].taken == "no"'
}

@test "a curve that is spelt out" {
	openssl ecparam -name prime256v1 -genkey -noout -param_enc explicit -out explicit.key
	make explicit.key basicConstraints=CA:FALSE
	run show c.pem
	assert_status 1
	assert_json '.[0].problem | contains("spelt out")'
}

@test "what no kernel takes" {
	problem() { # WORDS
		run show c.pem
		assert_status 1
		assert_json '.[0] | .problem | contains("'"$1"'")'
		assert_json '.[0] | [.places[0, 1, 2, 3, 4, 5].taken] | unique == ["no"]'
	}
	openssl genpkey -algorithm ED25519 -out key.pem
	make key.pem basicConstraints=CA:FALSE
	problem 'no module signatures of'
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out key.pem
	make key.pem basicConstraints=CA:FALSE
	problem 'no module signatures of'
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2560 -out key.pem
	make key.pem basicConstraints=CA:FALSE
	problem '512, 1024, 1536, 2048, 3072 and 4096 bits only'
	openssl req -new -x509 -config make.cnf -key "$soft/rsa2048.key.pem" -sigopt rsa_padding_mode:pss \
		-out c.pem
	problem 'rsassaPss'
	# a signature by itself that is wrong
	openssl x509 -in "$soft/rsa2048.pem" -outform DER -out bad.der
	tampered bad.der $(($(stat -c %s bad.der) - 3))
	openssl x509 -inform DER -in bad.der -out c.pem
	problem 'signature by itself is wrong'
}

@test "small keys, old digests and SHA-3: what they need" {
	run show "$MODSEAL_FIXTURES/odd/rsa1024.der"
	assert_status 0
	assert_json '.[0].needs | contains("FIPS")'
	openssl req -new -x509 -key "$soft/rsa2048.key.pem" -subj /CN=x -sha3-256 -out c.pem
	run show c.pem
	assert_json '.[0].needs | contains("6.7")'
}

@test "an expired one is taken, and it is told" {
	run show "$MODSEAL_FIXTURES/odd/expired.der"
	assert_status 0
	assert_json '.[0].expired and .[0].places[0].taken == "yes"'
	run modseal cert show "$MODSEAL_FIXTURES/odd/expired.der"
	assert_output "expired, which kernels do not mind"
}

@test "for people: several, from files and a token" {
	run modseal_pin cert show --module "$MODSEAL_P11" "$MODSEAL_FIXTURES/rsa2048.der" \
		'pkcs11:token=modseal;object=p384;type=cert'
	assert_status 0
	assert_match '^O=modseal fixtures,CN=modseal rsa2048$'
	assert_output "key RSA-2048: every kernel with module signatures checks it"
	assert_output "key P-384: ECDSA: Linux 5.13 with CONFIG_CRYPTO_ECDSA"
	assert_match '^    \.machine +no +under CONFIG_INTEGRITY_CA_MACHINE_KEYRING: '
	[ "$(grep -c 'would it be taken?' <<<"$output")" -eq 2 ]
}

@test "what is no certificate, and what does not go together" {
	run modseal cert show "$soft/rsa2048.key.pem"
	assert_status 3
	run modseal cert show missing.der
	assert_status 3
	run modseal cert show
	assert_status 2
	run modseal cert make
	assert_status 2
	run modseal cert --json
	assert_status 2
}
