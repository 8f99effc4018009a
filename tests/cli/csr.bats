#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Certificate signing requests, and certificates that answer them.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	ca=$MODSEAL_FIXTURES/ca.der
	openssl x509 -inform DER -in "$ca" -out ca.pem
}

csr() {
	modseal_pin csr --module "$MODSEAL_P11" "$@"
}

# Answered by the software CA of the fixtures.
answer() {
	modseal cert --issuer-key "$MODSEAL_FIXTURES/ca.key.pem" --issuer-cert "$ca" "$@"
}

@test "requests of RSA and EC keys are good, and name what the profile wants" {
	local key
	for key in rsa2048 p256 p384; do
		run csr -k "pkcs11:token=modseal;object=$key" --subject "CN=$key,O=Käse" -o r.csr
		assert_status 0
		run openssl req -in r.csr -noout -verify -text -nameopt RFC2253,-esc_msb,utf8
		assert_status 0
		assert_output "Subject: O=Käse,CN=$key"
		assert_output 'Code Signing, 1.3.6.1.4.1.2312.16.1.2'
		assert_output CA:FALSE
		diff <(openssl req -in r.csr -noout -pubkey) \
			<(openssl x509 -in "$MODSEAL_FIXTURES/$key.pem" -noout -pubkey)
	done
	run csr -k "$KEY" --subject CN=x --profile ca -o r.der
	openssl req -inform DER -in r.der -noout -text | grep -q CA:TRUE
}

@test "--config: the request that openssl req -new makes, byte for byte with an RSA key" {
	local soft=$MODSEAL_FIXTURES/soft
	cat >conf <<-'END'
		[ req ]
		distinguished_name = dn
		prompt = no
		string_mask = utf8only
		default_md = sha384
		x509_extensions = cert
		[ dn ]
		O = Käse
		CN = config
		[ cert ]
		basicConstraints = critical,CA:FALSE
		[ want ]
		keyUsage = digitalSignature
		extendedKeyUsage = codeSigning,1.3.6.1.4.1.2312.16.1.2
		subjectKeyIdentifier = hash
	END
	sed 's/^x509_ext.*/req_extensions = want/' conf >with
	for file in conf with; do
		openssl req -new -utf8 -batch -config $file -key "$soft/rsa2048.key.pem" -sha384 -out theirs.csr
		run modseal csr -k "$soft/rsa2048.key.pem" --config $file -o ours.csr
		assert_status 0
		assert_same ours.csr theirs.csr
	done
	sed 's/^keyUsage.*/keyUsage = rubbish/' with >bad
	run modseal csr -k "$soft/rsa2048.key.pem" --config bad -o no.csr
	assert_status 2
	assert_output "an extension of [want] cannot be made"
	[ ! -e no.csr ]
}

@test "openssl's CA answers a request; the certificate signs" {
	csr -k "$KEY" --subject CN=builder -o r.csr
	openssl x509 -req -in r.csr -CA ca.pem -CAkey "$MODSEAL_FIXTURES/ca.key.pem" -CAcreateserial \
		-days 365 -copy_extensions copyall -out leaf.pem
	module=$(bare_module dummy "$PWD/m.ko")
	run modseal_pin sign --module "$MODSEAL_P11" -k "$KEY" -c leaf.pem --embed-certs leaf.pem "$module"
	assert_status 0
	run modseal verify -c ca.pem "$module"
	assert_status 0
}

@test "modseal answers a request, ours or openssl's, PEM or DER, also with a CA in hardware" {
	csr -k "$KEY" --subject CN=builder -o r.csr
	csr -k "$KEY" --subject CN=builder -o r.der
	openssl req -new -key "$MODSEAL_FIXTURES/soft/p256.key.pem" -subj /CN=theirs -out theirs.csr
	local request subject
	for request in r.csr r.der theirs.csr; do
		subject=builder
		[ $request != theirs.csr ] || subject=theirs
		run answer --csr $request -o leaf.pem
		assert_status 0
		openssl verify -CAfile ca.pem leaf.pem
		[ "$(openssl x509 -in leaf.pem -noout -subject)" = "subject=CN = $subject" ]
	done
	run answer --csr r.csr --subject CN=another --days 5 -o leaf.pem
	assert_status 0
	[ "$(openssl x509 -in leaf.pem -noout -subject)" = "subject=CN = another" ]
	modseal_pin cert --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=p384' --profile ca \
		--subject 'CN=hard CA' -o hard.pem
	run modseal_pin cert --module "$MODSEAL_P11" --csr theirs.csr --issuer-cert hard.pem \
		--issuer-key 'pkcs11:token=modseal;object=p384' -o leaf.pem
	assert_status 0
	openssl verify -CAfile hard.pem leaf.pem
}

@test "a request whose signature is bad, or that is none, is refused" {
	csr -k "$KEY" --subject CN=builder -o r.der
	cp r.der bad.der
	tampered bad.der $(($(stat -c %s bad.der) - 3))
	run answer --csr bad.der -o leaf.pem
	assert_status 3
	assert_output "bad.der is not signed by the key that it holds"
	cp r.der other.der
	offset=$(grep -abo builder other.der | head -n 1 | cut -d: -f1)
	tampered other.der "$offset"
	run answer --csr other.der -o leaf.pem
	assert_status 3
	: >empty
	for file in empty ca.pem missing "$MODSEAL_FIXTURES/soft/p256.key.pem"; do
		run answer --csr "$file" -o leaf.pem
		[ "$status" -ge 3 ]
		assert_output "$file"
	done
	[ ! -e leaf.pem ]
}

@test "what is needed" {
	run csr -k "$KEY" -o r.csr
	assert_status 2
	run csr -k "$KEY" --subject CN=x
	assert_status 2
	run csr --subject CN=x -o r.csr
	assert_status 2
	run csr -k "$KEY" --subject XX=x -o r.csr
	assert_status 2
	run csr -k 'pkcs11:token=none' --subject CN=x -o r.csr
	assert_status 3
	[ ! -e r.csr ]
}

@test "a key that dies while it signs: the token's own error, and no request" {
	MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_FAIL=C_Sign:1+:CKR_DEVICE_ERROR run modseal_pin csr \
		--module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" -k "$KEY" --subject CN=x -o r.csr
	assert_status 3
	assert_output "C_Sign: CKR_DEVICE_ERROR"
	[ ! -e r.csr ]
}
