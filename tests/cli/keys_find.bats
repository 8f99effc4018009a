#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Key files that distributions leave on a machine: found, paired with their certificates, signed with.

load ../lib/common
load cli

setup() {
	cd "$BATS_TEST_TMPDIR"
	root=$PWD/root
	mkdir root
	chmod 755 root
	soft=$MODSEAL_FIXTURES/soft
	while read -r cert key; do
		mkdir -p "root/$(dirname "$key")" "root/$(dirname "$cert")"
		cp "$soft/rsa2048.key.pem" "root/$key"
		chmod 600 "root/$key"
		case $cert in
		*.pem | *.crt) cp "$soft/rsa2048.pem" "root/$cert" ;;
		*) cp "$soft/rsa2048.der" "root/$cert" ;;
		esac
	done <<-'END'
		var/lib/shim-signed/mok/MOK.der var/lib/shim-signed/mok/MOK.priv
		etc/refind.d/keys/refind_local.crt etc/refind.d/keys/refind_local.key
		var/lib/dkms/mok.pub var/lib/dkms/mok.key
		etc/pki/akmods/certs/host_1.der etc/pki/akmods/private/host_1.priv
		usr/share/secureboot/keys/db/db.pem usr/share/secureboot/keys/db/db.key
		var/lib/sbctl/keys/PK/PK.pem var/lib/sbctl/keys/PK/PK.key
	END
	ln -s host_1.priv root/etc/pki/akmods/private/private_key.priv
	# what else lies there
	cp "$soft/p256.der" root/var/lib/shim-signed/mok/A_other.der
	cp "$soft/p256.der" root/etc/refind.d/keys/altlinux.cer
	# a kernel's build, by two ways
	mkdir -p root/usr/src/linux-9/certs root/lib/modules/9
	cp "$soft/p256.combined.pem" root/usr/src/linux-9/certs/signing_key.pem
	cp "$soft/p256.der" root/usr/src/linux-9/certs/signing_key.x509
	chmod 600 root/usr/src/linux-9/certs/signing_key.pem
	ln -s ../../../usr/src/linux-9 root/lib/modules/9/build
	find root -type d -exec chmod 755 {} +
}

find_keys() {
	modseal keys --find --root "$root" "$@"
}

@test "each place, with the certificate that is the key's, each key once" {
	run find_keys --json
	assert_status 0
	assert_json 'length == 7 and all(.compared and (.encrypted | not) and .problem == null
		and (.others_can_read | not) and (.group_can_read | not))'
	assert_json 'map(.what) | sort == ["DKMS", "akmods", "kernel build", "rEFInd", "sbctl", "sbctl",
		"shim-signed'"'"'s MOK"]'
	for pair in var/lib/shim-signed/mok/MOK.priv:var/lib/shim-signed/mok/MOK.der \
		etc/refind.d/keys/refind_local.key:etc/refind.d/keys/refind_local.crt \
		var/lib/dkms/mok.key:var/lib/dkms/mok.pub \
		etc/pki/akmods/private/host_1.priv:etc/pki/akmods/certs/host_1.der \
		usr/share/secureboot/keys/db/db.key:usr/share/secureboot/keys/db/db.pem \
		usr/src/linux-9/certs/signing_key.pem:usr/src/linux-9/certs/signing_key.pem; do
		assert_json 'any(.key == "'"$root/${pair%:*}"'" and .cert == "'"$root/${pair#*:}"'")'
	done
}

@test "the commands that it prints sign" {
	run find_keys
	assert_status 0
	refute_output warning
	assert_output "its certificate lies in it"
	grep -o 'modseal sign .* MODULE' <<<"$output" >commands
	[ "$(wc -l <commands)" -eq 7 ]
	while read -r _ _ arguments; do
		module=$(bare_module dummy "$PWD/m.ko")
		run bash -c "'$MODSEAL' sign ${arguments% MODULE} '$module' </dev/null"
		assert_status 0
		assert_output "is not in hardware"
		run modseal verify -c "$soft/rsa2048.pem" -c "$soft/p256.pem" "$module"
		assert_status 0
	done <commands
}

@test "who can read a key is told, unless a directory keeps them out" {
	key=$root/var/lib/dkms/mok.key
	chmod 644 "$key"
	run find_keys
	assert_match 'warning: everybody can read this key; chmod 600'
	run find_keys --json
	assert_json 'map(select(.others_can_read)) | length == 1 and (.[0].key | endswith("mok.key"))'
	chmod 700 "$root/var/lib/dkms"
	run find_keys --json
	assert_json 'any(.others_can_read) | not'
	chmod 755 "$root/var/lib/dkms"
	chmod 640 "$key"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	chgrp 65534 "$key"
	run find_keys
	assert_output 'its group can read this key'
	chgrp 0 "$key"
	run find_keys
	refute_output warning
}

@test "an encrypted key asks for nothing; a file that is no key is a problem of its own" {
	openssl pkey -in "$soft/rsa2048.key.pem" -aes256 -passout pass:secret -out root/var/lib/dkms/mok.key
	echo rubbish >root/etc/refind.d/keys/refind_local.key
	MODSEAL_PIN=wrong run find_keys --json
	assert_status 0
	assert_json 'map(select(.what == "DKMS")) | .[0] | .encrypted and (.compared | not)
		and (.cert | endswith("mok.pub"))'
	assert_json 'map(select(.what == "rEFInd")) | .[0] | .problem != null and .cert == null'
	run find_keys
	assert_output "encrypted with a passphrase"
	assert_output "perhaps its certificate"
	assert_output "problem: "
}

@test "a kernel's own tree as the root" {
	run modseal keys --find --root "$root/usr/src/linux-9" --json
	assert_status 0
	assert_json 'length == 1 and .[0].what == "kernel build" and .[0].compared'
}

@test "no certificate of the key" {
	cp "$soft/p256.der" root/var/lib/dkms/mok.pub
	run find_keys
	assert_output "no certificate of this key lies beside it"
}

@test "a root that has none, and one with odd names" {
	mkdir 'none [a]*'
	run modseal keys --find --root 'none [a]*'
	assert_status 1
	assert_output "no key file in the usual places below none [a]*"
	mv root/* 'none [a]*'
	run modseal keys --find --root 'none [a]*/'
	assert_status 0
	assert_output "'none [a]*/var/lib/dkms/mok.pub'"
}

@test "what does not go together" {
	run modseal keys --find x
	assert_status 2
	run modseal keys --root /
	assert_status 2
	run modseal keys --find --check x
	assert_status 2
}

@test "a root's links lead to no key or certificate of this machine" {
	mkdir away root/lib/modules/8
	cp -r root/usr/src/linux-9/certs away/
	ln -s "$PWD/away" root/lib/modules/8/build
	mv root/var/lib/dkms/mok.pub away/
	ln -s "$PWD/away/mok.pub" root/var/lib/dkms/mok.pub
	run find_keys --json
	assert_status 0
	assert_json 'length == 7 and all(.key | contains("/8/") | not)'
	assert_json 'any(.what == "DKMS" and .cert == null)'
	run modseal keys --find --root "$PWD/nowhere"
	assert_status 4
	assert_output nowhere
}
