#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys made in a PIV card's slots, and certificates put beside them. The card wants its management
# key for that, which is the SO PIN of Yubico's module.

load ../lib/common
load piv

setup() {
	cd "$BATS_TEST_TMPDIR"
	restore_card
	bare_module dummy "$PWD/bare" >/dev/null
	cp bare m.ko
	MODULE=$YKCS11
	cp "$CARD/management" management
	sed 's/01020304/01020344/' management >wrong
}

make_key() { # ARGUMENT...
	MODSEAL_PIN=$PIN modseal keygen --module "$MODULE" --subject 'CN=My modules' "$@"
}

@test "keygen: a key in a slot, its certificate on the card and in a file, and both sign" {
	local slot=9d type
	for type in rsa2048 p256 p384; do
		rm -f "$CARD"/9d.*
		run make_key -k "$(key $slot)" --type $type --so-pin-source management -o $type.der
		assert_status 0
		assert_output "key made: pkcs11:"
		assert_same $type.der "$CARD/9d.der"
		cp bare m.ko
		run sign $slot m.ko
		assert_status 0
		assert_signed $slot m.ko
	done
	MODSEAL_PIN=$PIN run modseal keys --module "$MODULE" --check "$(key 9d);type=private"
	assert_status 0
	MODULE=$OPENSC sign $slot -q m.ko
	assert_signed $slot m.ko
}

@test "keygen: 9c gets its own rule, the PIN at each signature" {
	run make_key -k "$(key 9c)" --type p256 --duplicate --so-pin-source management -o 9c.der
	assert_status 0
	assert_same 9c.der "$CARD/9c.der"
	[ "$(cat "$CARD/9c.policy")" = '3 1 1' ]
	: >"$CARD/log"
	cp bare n.ko
	sign 9c -q m.ko n.ko
	assert_signed 9c m.ko n.ko
	assert_asked 3 "$PIN_RIGHT"
}

@test "keygen --no-cert: what the module puts there instead is not taken for a certificate" {
	run modseal keygen --module "$MODULE" -k "$(key 9d)?pin-value=$PIN" --type p256 --no-cert \
		--so-pin-source management
	assert_status 0
	[ "$(openssl x509 -inform DER -in "$CARD/9d.der" -noout -subject)" = \
		"subject=CN = YubiKey PIV Slot 9d" ]
	run sign 9d m.ko
	assert_status 3
	assert_output "holds no certificate for the key"
	assert_same m.ko bare
	MODSEAL_PIN=$PIN run modseal cert --module "$MODULE" -k "$(key 9d)" --subject CN=later --store \
		-o later.der --so-pin-source management
	assert_status 0
	assert_same later.der "$CARD/9d.der"
	run sign 9d m.ko
	assert_status 0
	assert_signed 9d m.ko
}

@test "keygen: a slot that is not empty is left alone" {
	run make_key -k "$(key 9a)" --type p256 --so-pin-source management
	assert_status 3
	assert_output "something of that id"
	assert_same "$CARD/9a.key.pem" "$BATS_FILE_TMPDIR/kept/9a.key.pem"
	assert_same "$CARD/9a.der" "$BATS_FILE_TMPDIR/kept/9a.der"
}

@test "keygen: without the management key, or with a wrong one, there is no key" {
	run make_key -k "$(key 9d)" --type p256
	assert_status 3
	assert_output "--so-pin-source"
	run make_key -k "$(key 9d)" --type p256 --so-pin-source wrong
	assert_status 3
	assert_output "SO PIN"
	[ ! -e "$CARD/9d.key.pem" ]
	assert_asked 0 '0047.*'
}

@test "keygen: the certificate cannot be written: the way on that is printed works" {
	local way
	mkdir dir
	run make_key -k "$(key 9d)" --type p256 --so-pin-source management -o dir
	assert_status 4
	assert_output "The key is made and stays: pkcs11:"
	rmdir dir
	way=$(grep -A1 '^Go on with:' <<<"$output" | tail -n 1)
	MODSEAL_PIN=$PIN bash -c "modseal() { timeout 60 '$MODSEAL' \"\$@\" </dev/null; }; $way"
	assert_same dir "$CARD/9d.der"
	run sign 9d m.ko
	assert_status 0
	assert_signed 9d m.ko
}

@test "keygen: the management key is asked for, as a PIN is" {
	run "$TOP/tests/lib/at-terminal" '(PIN|SO PIN).*: *$' "$(cat management)" env MODSEAL_PIN=$PIN \
		timeout 60 "$MODSEAL" keygen --module "$MODULE" -k "$(key 9d)" --type p256 --subject CN=x
	assert_status 0
	assert_output "asked 1 times"
	assert_output "key made: pkcs11:"
	refute_output "$(cat management)"
	[ -s "$CARD/9d.key.pem" ]
}

@test "keygen: what the card does not make is said" {
	run make_key -k "$(key 9d)" --type rsa4096 --so-pin-source management
	assert_status 3
	assert_output "try another --type"
	[ ! -e "$CARD/9d.key.pem" ]
}

@test "keygen: OpenSC's module makes no keys, and it is said" {
	MODULE=$OPENSC run make_key -k "$(key 9d)" --type p256 --so-pin-source management
	assert_status 3
	assert_output "its module makes no P-256 keys"
	assert_output "--module"
}

@test "cert --store: another certificate for a key that exists" {
	MODSEAL_PIN=$PIN run modseal cert --module "$MODULE" -k "$(key 9a)" --subject 'CN=Anew' \
		--store -o new.der --so-pin-source management
	assert_status 3
	assert_output "has 1 certificate beside it already"
	assert_same "$CARD/9a.der" "$BATS_FILE_TMPDIR/kept/9a.der"
	MODSEAL_PIN=$PIN run modseal cert --module "$MODULE" -k "$(key 9a)" --subject 'CN=Anew' \
		--store --replace -o new.der --so-pin-source management
	assert_status 0
	assert_same new.der "$CARD/9a.der"
	run sign 9a m.ko
	assert_status 0
	assert_signed 9a m.ko
}

@test "a CA's key on the card answers requests" {
	run make_key -k "$(key 9c)" --duplicate --type p384 --profile ca --so-pin-source management -o ca.crt
	assert_status 0
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -subj /CN=builder \
		-config "$CARD/openssl.cnf" -out b.csr 2>/dev/null
	MODSEAL_PIN=$PIN run modseal cert --module "$MODULE" --csr b.csr --issuer-key "$(key 9c)" -o b.crt
	assert_status 0
	openssl verify -CAfile ca.crt b.crt
}

@test "import: a certificate from elsewhere" {
	cp "$CARD/9a.der" mine.der
	rm "$CARD/9a.der"
	MODSEAL_PIN=$PIN run modseal import --module "$MODULE" -k "$(key 9a)" -c mine.der \
		--so-pin-source management
	assert_status 0
	assert_same "$CARD/9a.der" mine.der
}

@test "a key's attestation can be read, and OpenSSL finds that it leads to the root" {
	local opensc=(pkcs11-tool --module "$YKCS11" --read-object --type cert)
	timeout 60 "${opensc[@]}" --label 'X.509 Certificate for PIV Attestation 9a' \
		--output-file attestation.der </dev/null
	openssl x509 -inform DER -in attestation.der -out attestation.pem
	openssl x509 -inform DER -in "$CARD/f9.der" -out f9.pem
	openssl verify -CAfile "$CARD/root.pem" -untrusted f9.pem attestation.pem
	[ "$(openssl x509 -in attestation.pem -noout -pubkey)" = \
		"$(openssl x509 -inform DER -in "$CARD/9a.der" -noout -pubkey)" ]
}
