#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal keys: what tokens there are, and what they say of what lies in them.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
}

keys() {
	modseal keys --module "$MODSEAL_P11" "$@"
}

# Logs into the one token that the filter leaves.
keys_login() {
	modseal_pin keys --module "$MODSEAL_P11" --login "$@"
}

@test "every token of the fixtures, without login" {
	run --separate-stderr keys
	assert_status 0
	[ -z "$stderr" ]
	for token in modseal soft twins odd empty; do
		assert_match "^token $token \(SoftHSM project, SoftHSM v2, serial [0-9a-f]+\)$"
		assert_match "^  pkcs11:.*;token=$token$"
	done
	assert_output "a token that is not initialised yet"
}

@test "what needs the PIN is said" {
	run keys 'pkcs11:token=modseal'
	assert_status 0
	refute_output "private key"
	assert_output "its PIN (--login)"
	run keys_login 'pkcs11:token=modseal'
	assert_status 0
	refute_output "--login"
}

@test "every key and certificate, with type and size" {
	run keys_login 'pkcs11:token=modseal'
	assert_status 0
	for object in rsa2048,RSA-2048 rsa3072,RSA-3072 rsa4096,RSA-4096 p256,P-256 p384,P-384; do
		for kind in 'private key' 'public key' certificate; do
			assert_line "  $kind ${object%,*}, ${object#*,}"
		done
		assert_match "subject O=modseal fixtures,CN=modseal ${object%,*}, until 2[0-9]{3}-"
	done
	[ "$(grep -c '^  private key' <<<"$output")" -eq 5 ]
	[ "$(grep -c '^  certificate' <<<"$output")" -eq 5 ]
}

@test "the same without login, but for private keys" {
	run --separate-stderr keys --json 'pkcs11:token=modseal'
	assert_status 0
	assert_json '.[0].objects | map(select(.kind == "certificate")) | length == 5'
	assert_json '.[0].objects | map(select(.kind == "private key")) | length == 0'
	assert_json '.[0].objects | map(select(.kind == "public key")) | map(.label) | sort ==
		["p256", "p384", "rsa2048", "rsa3072", "rsa4096"]'
}

@test "sensitive, never extractable, made on the token: what the token says" {
	run keys_login 'pkcs11:token=modseal;object=rsa2048'
	assert_line "    sensitive, never extractable, made on the token"
	run keys_login 'pkcs11:token=soft;object=rsa2048'
	assert_match '^    sensitive, .*, imported'
	run keys_login --json 'pkcs11:token=modseal;object=p256;type=private'
	assert_json '.[0].objects | length == 1'
	assert_json '.[0].objects[0] | .sensitive and .always_sensitive and .never_extractable and .local
		and .extractable == false and .sign and .always_authenticate == false'
	run keys_login --json 'pkcs11:token=soft;object=p256;type=private'
	assert_json '.[0].objects[0] | .sensitive and .local == false and .never_extractable == false'
}

@test "what pkcs11-tool says of the same objects" {
	timeout 30 pkcs11-tool --module "$MODSEAL_P11" --token-label odd --login --pin 1234 \
		--list-objects 2>/dev/null >tool
	run keys_login --json 'pkcs11:token=odd'
	assert_status 0
	for kind in private public certificate; do
		case $kind in
		private) title='Private Key Object' name='private key' ;;
		public) title='Public Key Object' name='public key' ;;
		*) title='Certificate Object' name=certificate ;;
		esac
		awk -v title="$title" '/^[A-Z]/ { on = index($0, title) == 1 }
			on && /^  label:/ { sub(/^  label: */, ""); print }' tool | sort >expected
		jq -r --arg kind "$name" '.objects[] | select(.kind == $kind).label' <<<"$output" |
			sort >listed
		[ -s expected ]
		diff expected listed
	done
}

@test "certificates: subject, issuer, serial, end, as openssl says" {
	run keys --json 'pkcs11:token=odd;object=leaf;type=cert'
	assert_status 0
	assert_json '.[0].objects | length == 1'
	serial=$(openssl x509 -in "$MODSEAL_FIXTURES/leaf.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)
	end=$(date -u -d "$(openssl x509 -in "$MODSEAL_FIXTURES/leaf.pem" -noout -enddate | cut -d= -f2)" \
		+%Y-%m-%dT%H:%M:%SZ)
	assert_json ".[0].objects[0] | .subject == \"O=modseal fixtures,CN=odd leaf\" and
		.issuer == \"O=modseal fixtures,CN=CA\" and .not_after == \"$end\" and
		(.serial | ltrimstr(\"00\")) == \"$serial\" and .id == \"05\" and .bits == 2048"
}

@test "--json: an object a token, documented fields" {
	run --separate-stderr keys --json
	assert_status 0
	while read -r line; do
		python3 -m json.tool >/dev/null <<<"$line"
	done <<<"$output"
	assert_json 'map(.token) | contains(["modseal", "soft", "twins", "odd", "empty"])'
	assert_json 'all(.[]; keys == (["token", "uri", "manufacturer", "model", "serial", "module",
		"initialised", "login_required", "logged_in", "pin_pad", "pin_count_low", "pin_final_try",
		"pin_locked", "problem", "objects"] | sort))'
	assert_json 'map(select(.token == "modseal"))[0] | .initialised and .login_required and
		.manufacturer == "SoftHSM project" and .problem == null and .pin_pad == false'
	run keys_login --json 'pkcs11:token=modseal'
	assert_json '.[0].objects | map(select(.kind == "private key")) | all(keys == (["kind", "uri",
		"label", "id", "slot", "type", "bits", "sensitive", "always_sensitive", "extractable",
		"never_extractable", "local", "sign", "always_authenticate", "attributes",
		"policy"] | sort))'
	assert_json '.[0].objects | map(select(.kind == "certificate")) | all(keys == (["kind", "uri",
		"label", "id", "slot", "type", "bits", "subject", "issuer", "serial", "not_after"] | sort))'
	assert_json '.[0].logged_in'
}

@test "text and --json tell the same" {
	for how in '' --login; do
		MODSEAL_PIN=1234 run keys $how --json 'pkcs11:token=odd'
		facts=$(jq -r '.token, .uri, .serial, .manufacturer, (.objects[] | .uri, .label, .kind,
			.type, .subject, .not_after) | select(. != null)' <<<"$output")
		MODSEAL_PIN=1234 run keys $how 'pkcs11:token=odd'
		[ "$(wc -l <<<"$facts")" -gt 20 ]
		while read -r fact; do
			assert_output "$fact"
		done <<<"$facts"
	done
}

@test "a URI leaves only what it fits" {
	run keys_login --json 'pkcs11:token=modseal;id=%04'
	assert_json 'length == 1 and (.[0].objects | length == 3 and all(.id == "04"))'
	run keys_login --json 'pkcs11:token=modseal;id=%04;type=cert'
	assert_json '.[0].objects | length == 1 and .[0].kind == "certificate"'
	run keys --json 'pkcs11:model=SoftHSM%20v2'
	assert_json 'map(select(.initialised)) | length == 5'
	run keys --json 'pkcs11:object=twin;type=cert'
	assert_json 'map(.objects[]) | length == 2'
}

@test "nothing fits: exit status 1" {
	run keys 'pkcs11:token=nowhere'
	assert_status 1
	assert_output "no token matches"
	run --separate-stderr keys --json 'pkcs11:token=nowhere'
	assert_status 1
	[ -z "$output" ]
}

@test "a filter that is no URI" {
	run keys 'pkcs11:frob=1'
	assert_status 3
	assert_output "frob"
	run keys somefile
	assert_status 3
	assert_output "somefile names no token"
}

@test "a wrong PIN is that token's problem" {
	own_fixtures
	MODSEAL_PIN=4321 run keys --login 'pkcs11:token=odd'
	assert_status 1
	assert_match '^  problem: .*PIN is wrong'
	assert_output "certificate leaf" # what needs no PIN is listed all the same
	run keys 'pkcs11:token=odd'
	assert_output "a wrong PIN was entered before"
	run keys --json 'pkcs11:token=odd'
	assert_json '.[0].pin_count_low'
}

@test "no PIN to log in with" {
	run keys --login 'pkcs11:token=modseal'
	assert_status 1
	assert_match '^  problem: .*PIN'
	assert_output "certificate rsa2048"
}

@test "an empty token" {
	run keys_login 'pkcs11:token=empty'
	assert_status 0
	assert_match '^token empty '
	refute_output "private key"
}

@test "all modules that p11-kit knows; a module path in the URI" {
	run --separate-stderr modseal keys --json # others may be there, and fail
	assert_json 'map(select(.token == "modseal")) | length == 1 and (.[0].module | contains("softhsm"))'
	run modseal keys --json "pkcs11:token=modseal?module-path=$MODSEAL_P11"
	assert_status 0
	assert_json "length == 1 and .[0].module == \"$MODSEAL_P11\""
}

@test "the one module that was asked for cannot be loaded" {
	run modseal keys --module /nowhere.so
	assert_status 3
	assert_output "/nowhere.so"
}

# p11-kit reads its modules from /usr: in a mount namespace those are the ones below configs/.
with_modules() { # COMMAND...
	local unshare=(unshare -m)
	[ "$(id -u)" -eq 0 ] || unshare=(unshare -rm)
	"${unshare[@]}" true 2>/dev/null || skip "no mount namespace may be made here"
	timeout 60 "${unshare[@]}" sh -c 'mount --bind configs "$0" && exec "$@"' \
		/usr/share/p11-kit/modules "$@" </dev/null
}

@test "modules that cannot be loaded do not keep the others from serving" {
	mkdir configs
	echo text >broken.so
	echo "module: $PWD/broken.so" >configs/broken.module
	echo "module: $PWD/gone.so" >configs/gone.module
	echo "module: $MODSEAL_P11" >configs/softhsm2.module
	run --separate-stderr with_modules "$MODSEAL" keys --json
	assert_json 'any(.[]; .token == "modseal" and .problem == null)'
	assert_stderr "is left out: couldn't load module: $PWD/" # p11-kit tells of the last one only
	bare_module dummy "$PWD/m.ko" >/dev/null
	MODSEAL_PIN=1234 run with_modules "$MODSEAL" sign -k "$KEY" m.ko
	assert_status 0
	verify m.ko
}

objects() { # but token.object, where SoftHSM2 counts logins
	find "$MODSEAL_FIXTURES/tokens" -name '*.object' ! -name token.object -exec sha256sum {} + | sort
}

@test "nothing is written to the tokens" {
	own_fixtures
	objects >before
	[ -s before ]
	keys >/dev/null
	keys_login 'pkcs11:token=modseal' >/dev/null
	objects | diff before -
}

@test "a module that fails does not count when another token was asked for" {
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null ||
		skip "mount namespaces are not permitted here"
	local dir=$BATS_TEST_TMPDIR/pkcs11
	mkdir -p "$dir/modules" /etc/pkcs11
	echo 'user-config: none' >"$dir/pkcs11.conf"
	echo "module: $MODSEAL_P11" >"$dir/modules/good.module"
	echo 'remote: |false' >"$dir/modules/bad.module"
	export -f modseal
	for uri in 'pkcs11:token=modseal' ''; do
		run timeout 60 unshare -m bash -c "mount --bind '$dir' /etc/pkcs11 &&
			mount -t tmpfs none /usr/share/p11-kit/modules && modseal keys $uri" </dev/null
		assert_status $([ -n "$uri" ] && echo 0 || echo 1)
		assert_output 'token modseal'
	done
	run timeout 60 unshare -m bash -c "mount --bind '$dir' /etc/pkcs11 &&
		mount -t tmpfs none /usr/share/p11-kit/modules && modseal keys pkcs11:token=nosuch" </dev/null
	assert_status 1
	assert_output 'no token matches'
}
