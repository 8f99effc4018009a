#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys made on tokens, tokens initialised.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	own_fixtures
	echo so-secret >so
	echo 4711 >pin
	chmod 600 so pin
}

keygen() {
	modseal_pin keygen --module "$MODSEAL_P11" "$@"
}

# The objects of token `empty`, one JSON array.
objects() { # [TOKEN]
	modseal_pin keys --login --json --module "$MODSEAL_P11" "pkcs11:token=${1:-empty}" | jq .objects
}

@test "each type: sensitive, never extractable, with a certificate that openssl finds good, signs" {
	local type name
	for type in rsa2048 rsa3072 rsa4096 p256 p384; do
		run keygen -k "pkcs11:token=empty;object=new-$type" --type $type \
			--subject "CN=new $type,O=Example" -o $type.der
		assert_status 0
		assert_match "^key made: pkcs11:.*object=new-$type;type=private \((RSA|P)-"
		assert_output 'profile mok'
		assert_line "certificate put beside the key"
		openssl x509 -inform DER -in $type.der -out $type.pem
		openssl verify -CAfile $type.pem -check_ss_sig $type.pem
		module=$(bare_module dummy "$PWD/m.ko")
		run modseal_pin sign --module "$MODSEAL_P11" -k "pkcs11:token=empty;object=new-$type" \
			"$module"
		assert_status 0
		run modseal verify -c $type.der "$module"
		assert_status 0
	done
	output=$(objects)
	assert_json '.[0] | [.[] | select(.kind == "private key")] | length == 5 and all(
		.sensitive and .always_sensitive and .never_extractable and .local and .sign
		and .extractable == false)'
	# ids: the first that are free; key, public key and certificate have the same
	assert_json '.[0] | group_by(.id) | map(map(.kind) | sort) |
		unique == [["certificate", "private key", "public key"]]'
	assert_json '.[0] | map(.id) | unique == ["01", "02", "03", "04", "05"]'
	# to sign and nothing else
	pkcs11-tool --module "$MODSEAL_P11" --token-label empty --login --pin 1234 -O --type privkey |
		awk '/Usage:/ && $0 !~ /Usage: *sign$/ { print; bad = 1 } END { exit bad }'
}

@test "label and id come from the URI, the certificate is as asked for" {
	run keygen -k 'pkcs11:token=empty;object=My%20key;id=%ab%cd' --type p256 --profile ca \
		--subject '/CN=The CA/O=Example' --days 30 --hash sha512 -o ca.pem
	assert_status 0
	assert_output 'profile ca'
	output=$(objects)
	assert_json '.[0] | all(.id == "abcd" and .label == "My key") and length == 3'
	run openssl x509 -in ca.pem -noout -text
	assert_output 'CA:TRUE'
	assert_output 'ecdsa-with-SHA512'
	openssl x509 -in ca.pem -noout -checkend $((29 * 86400))
	! openssl x509 -in ca.pem -noout -checkend $((31 * 86400))
}

@test "the free id is the smallest that nothing has" {
	run keygen -k 'pkcs11:token=modseal;object=sixth' --type p256 --no-cert
	assert_status 0
	assert_output 'id=%06;'
	run keygen -k 'pkcs11:token=modseal;object=other;id=%08' --type p256 --no-cert
	assert_status 0
	run keygen -k 'pkcs11:token=modseal;object=seventh' --type p256 --no-cert
	assert_output 'id=%07;'
	output=$(objects modseal)
	assert_json '[.[0][] | select(.label == "seventh")] | length == 2' # no certificate
}

@test "no second key of a label or an id, unless told" {
	objects modseal >before
	for uri in 'object=p256' 'object=new;id=%04'; do
		run keygen -k "pkcs11:token=modseal;$uri" --type p256 --no-cert
		assert_status 3
		assert_output 'object=p256;type=private'
		assert_output --duplicate
	done
	objects modseal | cmp - before
	# an id that only a certificate has
	pkcs11-tool --module "$MODSEAL_P11" --token-label empty --login --pin 1234 \
		--write-object "$MODSEAL_FIXTURES/p256.der" --type cert --id 77 --label lone
	run keygen -k 'pkcs11:token=empty;object=new;id=%77' --type p256 --no-cert
	assert_status 3
	assert_output 'object=lone;type=cert'
	run keygen -k 'pkcs11:token=modseal;object=p256' --type p256 --no-cert --duplicate
	assert_status 0
	run keygen -k 'pkcs11:token=modseal;object=new;id=%04' --type p384 --no-cert --duplicate
	assert_status 0
	output=$(objects modseal)
	assert_json '[.[0][] | select(.kind == "private key" and .label == "p256")] | length == 2'
	assert_json '[.[0][] | select(.kind == "private key" and .id == "04")] | length == 2'
}

@test "what cannot be done later is refused before a key is made" {
	objects >before
	try() { # STATUS WORDS ARGUMENT...
		local status_wanted=$1 words=$2
		shift 2
		run keygen "$@"
		assert_status "$status_wanted"
		assert_output "$words"
		objects | cmp - before
	}
	local k='pkcs11:token=empty;object=new'
	try 2 "--subject" -k $k --type p256
	try 2 "--type" -k $k --subject CN=x
	try 2 "-k" --type p256 --subject CN=x
	try 2 "'XX=y' is not understood" -k $k --type p256 --subject XX=y
	try 4 "nowhere/c.der cannot be written" -k $k --type p256 --subject CN=x -o nowhere/c.der
	try 4 "none.cnf" -k $k --type p256 --config none.cnf
	try 2 "--no-cert" -k $k --type p256 --no-cert --subject CN=x
	try 2 "--force-erase" -k $k --type p256 --subject CN=x --force-erase
	try 3 "does not say what the key is to be called" -k pkcs11:token=empty --type p256 --no-cert
	try 3 "type=" -k "$k;type=cert" --type p256 --no-cert
	try 3 "no token matches" -k 'pkcs11:token=none;object=x' --type p256 --no-cert
	try 3 "several tokens match" -k 'pkcs11:object=x' --type p256 --no-cert
}

@test "the certificate cannot be written: the key is named, and how to go on" {
	mkdir dir
	run keygen -k 'pkcs11:token=empty;object=new' --type p256 --subject 'CN=It is "mine",O=a b' \
		--days 10 -o dir --so-pin-source so
	assert_status 4
	assert_match '^The key is made and stays: pkcs11:.*object=new;type=private$'
	rmdir dir
	way=$(grep -A1 '^Go on with:' <<<"$output" | tail -n 1)
	[[ $way = *"modseal cert -k "*" --store --out dir --module "*" --so-pin-source so" ]]
	MODSEAL_PIN=1234 bash -c "modseal() { '$MODSEAL' \"\$@\"; }; $way"
	openssl x509 -inform DER -in dir -noout -subject -nameopt RFC2253 >subject
	grep -F 'subject=O=a b,CN=It is \"mine\"' subject
	output=$(objects)
	assert_json '.[0] | map(.kind) | sort == ["certificate", "private key", "public key"]'
}

@test "a wrong PIN makes nothing" {
	MODSEAL_PIN=4321 run modseal keygen --module "$MODSEAL_P11" -k 'pkcs11:token=empty;object=new' \
		--type p256 --no-cert
	assert_status 3
	assert_output 'the PIN is wrong'
	[ "$(objects)" = "[]" ]
}

# -- tokens initialised ----------------------------------------------------------------------

init() {
	modseal keygen --module "$MODSEAL_P11" --so-pin-source so --pin-source pin "$@"
}

@test "a token is initialised, and a key is made on it, in one go" {
	run init --init-token fresh -k 'pkcs11:object=modules;id=%22' --type p256 --subject CN=fresh \
		-o fresh.der
	assert_status 0
	assert_match '^token initialised: pkcs11:.*token=fresh;id=%22;object=modules'
	assert_match '^key made: pkcs11:.*token=fresh;id=%22;object=modules'
	MODSEAL_PIN=4711 run modseal sign --module "$MODSEAL_P11" -k 'pkcs11:token=fresh' \
		"$(bare_module dummy "$PWD/m.ko")"
	assert_status 0
	# the SO PIN is the one that was given
	pkcs11-tool --module "$MODSEAL_P11" --token-label fresh --login --login-type so \
		--so-pin so-secret --init-pin --new-pin 1111
}

@test "a token alone" {
	run init --init-token 'two words'
	assert_status 0
	assert_match '^token initialised: pkcs11:.*token=two%20words$'
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "what is initialised stays, unless it is to be erased by name and SO PIN" {
	objects modseal >before
	run init --init-token modseal
	assert_status 3
	assert_output "token 'modseal'"
	assert_output "is initialised already"
	run init --init-token modseal -k pkcs11:token=modseal
	assert_status 3
	run init --init-token other --force-erase
	assert_status 2
	assert_output "has to be named"
	run init --init-token other --force-erase -k 'pkcs11:manufacturer=SoftHSM%20project'
	assert_status 2
	run init --init-token other --force-erase -k 'pkcs11:token=none'
	assert_status 3
	assert_output "there are:"
	run init --init-token soft --force-erase -k 'pkcs11:token=modseal'
	assert_status 3
	assert_output "token 'soft'"
	run init --init-token other --force-erase -k pkcs11:token=modseal # the SO PIN is another
	assert_status 3
	assert_output "C_InitToken: CKR_PIN_INCORRECT"
	assert_output "came from SO PIN file so"
	objects modseal | cmp - before
	echo 5678 >so
	run init --init-token other --force-erase -k pkcs11:token=modseal
	assert_status 0
	MODSEAL_PIN=4711 run modseal keys --login --json --module "$MODSEAL_P11" pkcs11:token=other
	assert_json '.[0].objects == [] and .[0].logged_in'
	run modseal keys --module "$MODSEAL_P11" pkcs11:token=modseal
	assert_status 1
}

@test "labels and PINs that a token cannot have" {
	run init --init-token ''
	assert_status 2
	run init --init-token 123456789012345678901234567890123
	assert_status 2
	assert_output "1 to 32 bytes"
	echo 1 >pin
	run init --init-token fresh
	assert_status 3
	assert_output "has to have 4 to 255 characters"
	run modseal keys --module "$MODSEAL_P11" pkcs11:token=fresh
	assert_status 1
}

@test "nobody to ask for the SO PIN" {
	run modseal keygen --module "$MODSEAL_P11" --init-token fresh --pin-source pin
	assert_status 3
	assert_output "the new token 'fresh'"
	assert_output "an SO PIN is needed"
	assert_output "--so-pin-source"
	run modseal keys --module "$MODSEAL_P11" pkcs11:token=fresh
	assert_status 1
}

@test "on a terminal new PINs are typed twice, unseen" {
	run "$BATS_TEST_DIRNAME/terminal.py" --at "New SO PIN" 'so-so-so\n' --at "The same again" \
		'so-so-so\n' --at "New PIN" '9876\n' --at "again" '8765\n' --at "New PIN" '9876\n' \
		--at "again" '9876\n' -- "$MODSEAL" keygen --module "$MODSEAL_P11" --init-token fresh \
		-k pkcs11:object=m --type p256 --subject CN=x
	assert_status 0
	assert_line "They differ."
	assert_output "New PIN for the new token 'fresh'"
	assert_line "certificate put beside the key"
	refute_output 9876
	refute_output so-so
	MODSEAL_PIN=9876 run modseal keys --login --json --module "$MODSEAL_P11" pkcs11:token=fresh
	assert_json '.[0].logged_in and (.[0].objects | length == 3)'
}
