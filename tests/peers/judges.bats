#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What others say of what modseal made: openssl, and kmod's modinfo.
load ../lib/common
load peers

setup() {
	cd "$BATS_TEST_TMPDIR"
	bare_module nls_utf8 bare.ko >/dev/null
}

signed() { # KEY OPTION...: makes m.ko with a key of the token `modseal`
	local key=$1
	shift
	cp bare.ko m.ko
	modseal_pin sign --quiet -k "pkcs11:token=modseal;object=$key;type=private" "$@" m.ko
}

@test "openssl verifies RSA signatures of every size and hash" {
	local size hash kind
	for size in 2048 3072 4096; do
		for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
			for kind in issuer ski; do
				signed rsa$size --hash $hash --key-id $kind
				openssl_verifies m.ko "$MODSEAL_FIXTURES/rsa$size.pem"
			done
		done
	done
}

@test "openssl verifies ECDSA signatures of every curve and hash that it can" {
	local name hash kind
	for name in p256 p384; do
		for hash in sha256 sha384 sha512; do
			for kind in issuer ski; do
				signed $name --hash $hash --key-id $kind
				openssl_verifies m.ko "$MODSEAL_FIXTURES/$name.pem"
			done
		done
	done
}

@test "openssl follows an embedded chain to its CA" {
	cp bare.ko m.ko
	modseal_pin sign -k 'pkcs11:token=odd;object=leaf;type=private' \
		--embed-certs "$MODSEAL_FIXTURES/chain.pem" m.ko
	"$TOP/tests/lib/unsign" --last m.ko cms
	cmp bare.ko m.ko
	openssl cms -verify -binary -inform DER -in cms -content m.ko -purpose any -out /dev/null \
		-CAfile "$MODSEAL_FIXTURES/ca.pem"
}

@test "openssl refuses what was altered, and another's certificate" {
	signed rsa2048
	run ! openssl_verifies m.ko "$MODSEAL_FIXTURES/rsa3072.pem"
	tampered m.ko 1000
	run ! openssl_verifies m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
}

@test "modinfo reads signer, serial number and hash" {
	local name hash serial
	for name in rsa2048 rsa4096 p256 p384; do
		for hash in sha256 sha384 sha512; do
			signed $name --hash $hash
			[ "$(modinfo -F sig_id ./m.ko)" = 'PKCS#7' ]
			[ "$(modinfo -F signer ./m.ko)" = "modseal $name" ]
			[ "$(modinfo -F sig_hashalgo ./m.ko)" = $hash ]
			serial=$(openssl x509 -in "$MODSEAL_FIXTURES/$name.pem" -noout -serial)
			[ "$(modinfo -F sig_key ./m.ko | tr -d :)" = "${serial#serial=}" ]
		done
	done
}

@test "modinfo reads what it reads of a bare module" {
	modinfo ./bare.ko | grep -v ^filename >bare
	signed rsa2048
	modinfo ./m.ko | grep -v -e ^filename -e ^sig -e $'^\t' >signed
	diff bare signed
}

@test "inspect says what modinfo says, of every module that Debian ships" {
	modseal inspect --json "$MODSEAL_CORPUS" >inspected
	find "$MODSEAL_CORPUS" -name '*.ko' -exec modinfo {} + >modinfo
	python3 - inspected modinfo <<-'EOF'
		import json, sys

		ours, theirs = {}, {}
		for line in open(sys.argv[1]):
		    o = json.loads(line)
		    if "signatures" in o:
		        s = o["signatures"]
		        assert len(s) == 1 and o["state"] == "signed", o
		        ours[o["module"]] = [o["name"], o["vermagic"].strip(), s[0]["hash"],
		                             s[0]["serial"].replace(":", "").lower().lstrip("0")]
		for line in open(sys.argv[2]):
		    field, _, value = line.partition(":")
		    value = value.strip()
		    if field == "filename":
		        fields = theirs[value] = {}
		    elif field in ("name", "vermagic", "sig_hashalgo", "sig_key"):
		        fields[field] = value
		theirs = {path: [f["name"], f["vermagic"], f["sig_hashalgo"],
		                 f["sig_key"].replace(":", "").lower().lstrip("0")]
		          for path, f in theirs.items()}
		assert len(theirs) > 1000
		different = [(p, theirs.get(p), ours.get(p)) for p in sorted(theirs.keys() | ours.keys())
		             if theirs.get(p) != ours.get(p)]
		assert not different, (len(different), different[:3])
	EOF
}

@test "verify says of every module that Debian ships: unknown key, not altered" {
	run modseal verify --json --cert "$MODSEAL_FIXTURES/rsa2048.der" "$MODSEAL_CORPUS"
	[ "$status" -eq 1 ]
	python3 - <<-'EOF' "$(find "$MODSEAL_CORPUS" -name '*.ko' | wc -l)" 3<<<"$output"
		import collections, json, os, sys

		lines = [json.loads(line) for line in os.fdopen(3)]
		verdicts = collections.Counter(o["verdict"] for o in lines if "verdict" in o)
		assert verdicts == {"unknown key": int(sys.argv[1])}, verdicts
	EOF
}
