#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Lists and signed updates for the firmware's variables, compared with efitools' and sbsigntool's.

load ../lib/common
load efi

OWNER=11111111-2222-3333-4444-123456789abc
TIME=2024-02-29T12:34:56Z

setup_file() {
	common_setup_file
	make_certs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	KEK='pkcs11:token=soft;object=rsa2048'
	KEK_KEY=$MODSEAL_FIXTURES/soft/rsa2048.key.pem # the same key, in a file
	KEK_CERT=$MODSEAL_FIXTURES/soft/rsa2048.pem
}

db() {
	modseal_pin trust db --module "$MODSEAL_P11" "$@"
}

theirs() { # OPTION-OR-VARIABLE...
	sign-efi-sig-list -t "2024-02-29 12:34:56" -k "$KEK_KEY" -c "$KEK_CERT" "$@" >/dev/null
}

@test "a list is byte for byte cert-to-efi-sig-list's and sbsiglist's" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" theirs.esl
	sbsiglist --owner $OWNER --type x509 --output sb.esl "$CERTS/good.der"
	for cert in "$CERTS/good.pem" "$CERTS/good.der"; do
		run db "$cert" --owner $OWNER --esl ours.esl
		assert_status 0
		assert_line "list of 1 entry written to ours.esl"
		assert_same ours.esl theirs.esl
		assert_same ours.esl sb.esl
	done
	cert-to-efi-sig-list "$CERTS/good.pem" none.esl
	db "$CERTS/good.pem" --esl ours.esl
	assert_same ours.esl none.esl
}

@test "several certificates, and lists that are there already" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" good.esl
	cert-to-efi-sig-list -g $OWNER "$CERTS/ca.pem" ca.esl
	head -c 32 /dev/urandom >hash
	sbsiglist --owner $OWNER --type sha256 --output hash.esl hash
	db "$CERTS/good.der" hash.esl "$CERTS/ca.der" --owner $OWNER --esl ours.esl
	cat good.esl hash.esl ca.esl | cmp - ours.esl
}

@test "an update that a token's key signed is byte for byte sign-efi-sig-list's" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" list.esl
	for variable in db dbx KEK PK; do
		theirs $variable list.esl theirs.auth
		run db "$CERTS/good.der" --owner $OWNER --variable $variable --replace --time $TIME \
			--sign-key "$KEK" --auth ours.auth --esl ours.esl
		assert_status 0
		assert_output "update that replaces $variable, signed by"
		assert_same ours.auth theirs.auth
		assert_same ours.esl list.esl
	done
}

@test "one that adds to the variable, likewise" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" list.esl
	theirs -a db list.esl theirs.auth
	run db list.esl --time $TIME --sign-key "$KEK" --sign-cert "$KEK_CERT" --auth ours.auth
	assert_status 0
	assert_output "update that adds to db, signed by"
	assert_output "by: modseal trust db --apply --variable db ours.auth"
	assert_same ours.auth theirs.auth
}

# The parts of an update: time, header, pkcs7 (as ContentInfo, which OpenSSL wants), list.
take_apart() { # FILE
	python3 - "$1" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		length, revision, kind = struct.unpack_from("<IHH", data, 16)
		assert (revision, kind) == (0x200, 0xef1), (revision, kind)
		assert data[24:40].hex() == "9dd2af4adf68ee498aa9347d375665a7"
		inner = data[40:16 + length]
		def tlv(tag, body):
		    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body
		oid = bytes.fromhex("06092a864886f70d010702")
		open("time", "wb").write(data[:16])
		open("pkcs7", "wb").write(tlv(0x30, oid + tlv(0xa0, inner)))
		open("list", "wb").write(data[16 + length:])
	END
}

# What the firmware checks the signature over.
signed_data() { # NAME GUID-BYTES-IN-HEX ATTRIBUTES
	printf '%s' "$1" | iconv -t UTF-16LE
	printf '%b' "$(sed 's/../\\x&/g' <<<"$2$3")"
	cat time list
}

@test "OpenSSL verifies updates over the data that firmware puts together, RSA and ECDSA" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" list.esl
	now=$(date -u +%Y)
	for key in rsa3072 rsa4096 p256 p384; do
		db "$CERTS/good.der" --owner $OWNER --sign-key "pkcs11:token=modseal;object=$key" \
			--auth ours.auth
		take_apart ours.auth
		assert_same list list.esl
		[ "$(od -An -tu2 -N2 time)" -ge "$now" ]
		signed_data db cbb219d73a3d9645a3bcdad00e67656f 67000000 >data
		openssl cms -verify -binary -inform DER -in pkcs7 -content data -noverify \
			-certfile "$MODSEAL_FIXTURES/$key.pem" -out /dev/null
		# other attributes, other data
		signed_data db cbb219d73a3d9645a3bcdad00e67656f 27000000 >data
		! openssl cms -verify -binary -inform DER -in pkcs7 -content data -noverify \
			-certfile "$MODSEAL_FIXTURES/$key.pem" -out /dev/null
	done
}

@test "sbvarsign's update has the same parts" {
	cert-to-efi-sig-list -g $OWNER "$CERTS/good.pem" list.esl
	sbvarsign --key "$KEK_KEY" --cert "$KEK_CERT" --output sb.auth db list.esl
	take_apart sb.auth
	cp time sb.time
	assert_same list list.esl
	year=$(od -An -tu2 -N2 sb.time) month=$(od -An -tu1 -j2 -N1 sb.time) day=$(od -An -tu1 -j3 -N1 sb.time)
	hms=$(od -An -tu1 -j4 -N3 sb.time)
	# sbvarsign counts months from 0.
	# shellcheck disable=SC2086 # words
	db list.esl --replace --time "$(printf '%04d-%02d-%02dT%02d:%02d:%02dZ' $year $((month + 1)) $day $hms)" \
		--sign-key "$KEK" --auth ours.auth
	take_apart ours.auth
	assert_same list list.esl
	cmp <(tail -c +4 time) <(tail -c +4 sb.time)
}

@test "--apply writes the update to the variable, with the attributes that it was signed for" {
	mkdir vars
	export EFIVARFS_PATH=$PWD/vars/
	db "$CERTS/good.der" --sign-key "$KEK" --auth add.auth --variable KEK
	run db add.auth --apply --variable KEK
	assert_status 0
	assert_line "KEK is added to"
	{ printf 'g\0\0\0'; cat add.auth; } | cmp - vars/KEK-$GLOBAL

	run db "$CERTS/good.der" --sign-key "$KEK" --auth new.auth --replace --apply
	assert_status 0
	assert_line "db is replaced"
	refute_output "Put it in place"
	{ printf "'\0\0\0"; cat new.auth; } | cmp - vars/db-$SECURITY

	rm -r vars
	run db new.auth --apply
	assert_status 4
	assert_output "vars/db-$SECURITY cannot be written: No such file"
}

@test "a warning of keys that many firmwares do not know" {
	run --separate-stderr db "$MODSEAL_FIXTURES/p256.der" --sign-key 'pkcs11:token=modseal;object=p384' \
		--auth x.auth
	assert_status 0
	assert_stderr "warning: $MODSEAL_FIXTURES/p256.der has a P-256 key: many firmwares know RSA only"
	assert_stderr "warning: who signs has a P-384 key"
	run --separate-stderr db "$CERTS/good.der" --sign-key "$KEK" --auth x.auth
	[ -z "$stderr" ]
}

@test "the certificate: of another key, or none" {
	run db "$CERTS/good.der" --sign-key "$KEK" --sign-cert "$CERTS/ca.pem" --auth x.auth
	assert_status 3
	assert_output "does not belong to the key"
	run db "$CERTS/good.der" --sign-key 'pkcs11:token=odd;object=nocert' --auth x.auth
	assert_status 3
	[ ! -e x.auth ]
}

@test "wrong usage" {
	wrong() { # STATUS MESSAGE ARGUMENT...
		local status_wanted=$1 message=$2
		shift 2
		run db "$@"
		assert_status "$status_wanted"
		assert_output "$message"
	}
	wrong 2 "something is missing" --esl x
	wrong 2 "where to?" "$CERTS/good.der"
	wrong 2 "--sign-key go together" "$CERTS/good.der" --auth x
	wrong 2 "--sign-key go together" "$CERTS/good.der" --apply
	wrong 2 "--sign-key go together" "$CERTS/good.der" --esl x --sign-key "$KEK"
	wrong 2 "--sign-cert goes with --sign-key" "$CERTS/good.der" --esl x --sign-cert "$KEK_CERT"
	wrong 2 "a FILE.auth goes alone, with --apply" "$CERTS/good.der" x.auth --apply --sign-key "$KEK"
	wrong 2 "a FILE.auth goes alone, with --apply" x.auth --esl x
	wrong 2 "can only be replaced" x.auth --apply --variable PK
	wrong 4 "x.auth cannot be opened" x.auth --apply
	wrong 2 "can only be replaced" "$CERTS/good.der" --auth x --sign-key "$KEK" --variable PK
	wrong 2 "'dbt' is none of db, dbx, KEK, PK" "$CERTS/good.der" --esl x --variable dbt
	wrong 2 '"1234" is no GUID' "$CERTS/good.der" --esl x --owner 1234
	for time in today 2024-02-29 2024-02-29T12:34:56 2024-13-29T12:34:56Z 1899-01-01T00:00:00Z; do
		run db "$CERTS/good.der" --auth x --sign-key "$KEK" --time $time
		assert_status 2
		assert_output "no "
		assert_output "time"
	done
	printf 'spoilt' >spoilt.esl
	wrong 4 "spoilt.esl is no list of signatures: at byte 0" spoilt.esl --esl x
	wrong 4 "gone.esl cannot be opened" gone.esl --esl x
	wrong 3 "" "$CERTS/good.key" --esl x
	[ ! -e x ]
}
