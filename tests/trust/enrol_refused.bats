#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Requests to shim's MokManager that would be of no use, and what is worth a warning.

load ../lib/common
load efi

setup_file() {
	enrol_setup_file
}

setup() {
	enrol_setup
}

refused() { # MESSAGE NAME ARGUMENT...
	local message=$1 name=$2
	shift 2
	variables_of ours >before
	run --separate-stderr enrol "$@" --hash-file "$HASH"
	assert_status 1
	[ -z "$output" ]
	assert_stderr "$message"
	run --separate-stderr enrol "$@" --hash-file "$HASH" --json
	assert_status 1
	[ "$(jq -r .outcome <<<"$output")" = refused ]
	jq -e --arg name "$name" '[.findings[] | select(.weight == "refusal") | .name] == [$name]' \
		<<<"$output"
	variables_of ours | diff before -
}

# And done all the same with --force.
forced() { # ARGUMENT...
	run --separate-stderr enrol "$@" --hash-file "$HASH" --force
	assert_status 0
	assert_stderr "modseal: warning: "
	assert_output "asked to"
	enrol --revoke-pending
}

# The boot entry 0x000A, which was booted, is this file of the EFI system partition.
booted() { # PATH
	printf '\x0a\0' | variable ours BootCurrent $GLOBAL
	python3 - "$1" <<-'END' | variable ours Boot000A $GLOBAL
		import struct, sys
		name = sys.argv[1].encode("utf-16-le") + b"\0\0"
		disk = struct.pack("<BBH", 4, 1, 42) + bytes(38)
		path = disk + struct.pack("<BBH", 4, 4, 4 + len(name)) + name + b"\x7f\xff\x04\0"
		text = "shim".encode("utf-16-le") + b"\0\0"
		sys.stdout.buffer.write(struct.pack("<IH", 1, len(path)) + text + path + b"more")
	END
}

@test "no MokManager beside the shim that was booted: the machine would not boot any more" {
	booted '\EFI\debian\shimx64.efi'
	mkdir -p ours/boot/efi/EFI/{debian,BOOT}
	touch ours/boot/efi/EFI/debian/shimx64.efi ours/boot/efi/EFI/BOOT/mmx64.efi
	refused "/boot/efi/EFI/debian, from where shim booted, has no MokManager" no-mokmanager \
		"$CERTS/good.der"
	forced "$CERTS/good.der"
	touch ours/boot/efi/EFI/debian/MMX64.EFI
	run enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
}

@test "where shim was booted from is not known: nothing is said of it" {
	mkdir -p ours/boot/efi/EFI/debian
	silent() {
		run --separate-stderr enrol "$CERTS/good.der" --hash-file "$HASH"
		assert_status 0
		[ -z "$stderr" ]
		enrol --revoke-pending
	}
	silent
	booted '\EFI\dëbian\shimx64.efi'
	silent
	truncate -s 30 "$VARS/Boot000A-$GLOBAL"
	silent
	printf '\7\0\0\0' >"$VARS/Boot000A-$GLOBAL"
	silent
	rm "$VARS/Boot000A-$GLOBAL"
	silent
	booted '\EFI\elsewhere\shimx64.efi'
	silent
}

@test "without UEFI, without efivarfs, without shim: not even with --force" {
	rm ours/sys/firmware/efi/efivars/MokListRT-*
	refused "shim did not boot this machine" no-shim "$CERTS/good.der"
	refused "shim did not boot this machine" no-shim "$CERTS/good.der" --force
	rm ours/sys/firmware/efi/efivars/*
	refused "is efivarfs mounted?" no-efivars "$CERTS/good.der" --force
	rmdir ours/sys/firmware/efi/efivars ours/sys/firmware/efi
	mkdir ours/sys/firmware/efi.d
	run enrol "$CERTS/good.der" --hash-file "$HASH" --force
	assert_status 1
	assert_output "booted without UEFI"
}

@test "already enrolled, asked for, in db" {
	enrolled ours MokListRT $SHIM good
	refused "MokListRT holds it already" already-enrolled "$CERTS/good.der"
	forced "$CERTS/good.der"
	enrolled ours db $SECURITY boots
	refused "it is in UEFI db already" in-db "$CERTS/boots.der"
	forced "$CERTS/boots.der"
	enrol "$CERTS/ca.der" --hash-file "$HASH"
	refused "that is asked for at the next boot already (MokNew)" already-asked "$CERTS/ca.der"
}

@test "revoked" {
	enrolled ours dbx $SECURITY good
	refused "it is revoked: dbx holds it" revoked "$CERTS/good.der"
	enrolled ours MokListXRT $SHIM ca
	refused "it is revoked: MokListXRT holds it" revoked "$CERTS/ca.der"
	forced "$CERTS/ca.der"
}

@test "built into the kernel" {
	id=$(modseal cert show --json "$CERTS/good.der" | jq -r .key_id)
	cat >ours/proc/keys <<-END
		0a1b2c3d I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1
		0a1b2c3e I------     1 perm 1f030000     0     0 asymmetri Test good: $id: X509.rsa ${id:32} []
	END
	mkdir ours/modseal
	echo ".builtin_trusted_keys 0a1b2c3e" >ours/modseal/keyrings
	refused "this kernel trusts it already: its key is in .builtin_trusted_keys" already-trusted "$CERTS/good.der"
	forced "$CERTS/good.der"
	run enrol "$CERTS/ca.der" --hash-file "$HASH"
	assert_status 0
}

@test "a kernel that takes only CAs into .machine" {
	echo CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y >>ours/boot/config-6.12.1
	refused "takes CAs only into .machine (CONFIG_INTEGRITY_CA_MACHINE_KEYRING): basicConstraints CA:TRUE" \
		no-ca "$CERTS/good.der"
	forced "$CERTS/good.der"
	run enrol "$CERTS/ca.der" --hash-file "$HASH"
	assert_status 0
	refute_output warning
	enrol --revoke-pending
	# Debian's checks modules with .platform, too, where it gets then.
	sed -i 's/(someone@somewhere)/(debian-kernel@lists.debian.org) Debian/' ours/proc/version
	run enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	assert_output "warning: \"CN=Test good\": this kernel takes CAs only into .machine"
}

@test "a type of key that this kernel cannot check" {
	sed -i 's/CONFIG_CRYPTO_ECDSA=y/# CONFIG_CRYPTO_ECDSA is not set/' ours/boot/config-6.12.1
	echo "name : sha256" >ours/proc/crypto
	refused "this kernel cannot check signatures of P-256 keys" key-type "$MODSEAL_FIXTURES/p256.der"
}

@test "a certificate that is too short for shim: not even with --force" {
	openssl ecparam -name prime256v1 -genkey -noout -out short.key
	openssl req -new -key short.key -subj / -out short.csr -config /dev/stdin <<-END
		[req]
		distinguished_name = dn
		[dn]
	END
	openssl x509 -req -in short.csr -key short.key -set_serial 1 -days 9 -out short.pem
	[ "$(openssl x509 -in short.pem -outform DER | wc -c)" -lt 260 ]
	refused "shim takes certificates of 260 to 65539 bytes only" not-for-shim short.pem --force
}

@test "--delete what is not enrolled, or to be deleted already" {
	refused "MokListRT does not hold it" not-enrolled --delete "$CERTS/good.der"
	enrolled ours MokListRT $SHIM good
	enrol --delete "$CERTS/good.der" --hash-file "$HASH"
	refused "that is asked for at the next boot already (MokDel)" already-asked --delete "$CERTS/good.der"
}

@test "one that is refused keeps the others from being asked for" {
	enrolled ours MokListRT $SHIM good
	run --separate-stderr enrol "$CERTS/good.der" "$CERTS/ca.der" --hash-file "$HASH" --json
	assert_status 1
	[ "$(jq -r .outcome <<<"$output" | paste -sd,)" = "refused,not asked" ]
	! variables_of ours | grep MokNew
}

@test "warnings: what its key may boot, setup mode, Secure Boot off, a list without trust" {
	run --separate-stderr enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	[ -z "$stderr" ]
	assert_line "asked to enrol: CN=Test good"
	assert_output '"Continue boot", or no key in time, drops the request'

	warned() { # MESSAGE NAME CERT
		enrol --revoke-pending
		run --separate-stderr enrol "$3" --hash-file "$HASH" --json
		assert_status 0
		assert_stderr "$1"
		jq -e --arg name "$2" '[.findings[] | select(.weight == "warning") | .name] == [$name]' \
			<<<"$output"
	}
	warned "shim also boots what its key signed" boots-too "$CERTS/boots.der"
	rm "$VARS"/MokListTrustedRT-*
	warned "no MOK into .machine: MokListTrustedRT is not set" not-in-machine "$CERTS/good.der"
	flag ours MokListTrustedRT $SHIM 1
	sed -i '/MACHINE_KEYRING/d' ours/boot/config-6.12.1
	warned "no .machine keyring" not-in-machine "$CERTS/good.der"
	echo CONFIG_INTEGRITY_MACHINE_KEYRING=y >>ours/boot/config-6.12.1
	rm "$VARS"/SecureBoot-*
	flag ours SecureBoot $GLOBAL 0
	warned "Secure Boot is off" secure-boot-off "$CERTS/good.der"
	rm "$VARS"/SetupMode-*
	flag ours SetupMode $GLOBAL 1
	warned "in setup mode" setup-mode "$CERTS/good.der"
}

@test "wrong usage, and what is no certificate" {
	run enrol
	assert_status 2
	run enrol --pending "$CERTS/good.der"
	assert_status 2
	run enrol --pending --delete
	assert_status 2
	run enrol "$CERTS/good.der" --hash-file "$HASH" --password-file "$HASH"
	assert_status 2
	run enrol "$CERTS/good.key" --hash-file "$HASH"
	assert_status 3
	run modseal trust enrol --root gone "$CERTS/good.der" --hash-file "$HASH"
	assert_status 4
	! variables_of ours | grep MokNew
}

