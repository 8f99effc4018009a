#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Modules of other vendors, each on a store of its own, in namespaces of their own: NSS's softokn
# (which wants to be told its database when it is initialised, so p11-kit has to) and openCryptoki's
# software token (which has a daemon). docs/tokens.md says how they differ.

load ../lib/common

NSS='pkcs11:token=NSS%20Certificate%20DB'
OC=/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)/opencryptoki/libopencryptoki.so.0

setup() {
	unshare -m -i -p -f --kill-child --mount-proc true 2>/dev/null ||
		skip "namespaces are not permitted here"
	cd "$BATS_TEST_TMPDIR"
	bare_module dummy "$PWD/m.ko" >/dev/null
	echo nss-4711 >pin
	echo 87654321 >so
	chmod 600 pin so
}

# SCRIPT where p11-kit knows NSS only.
with_nss() {
	mkdir -p p11/modules db /etc/pkcs11
	echo 'user-config: none' >p11/pkcs11.conf
	printf '%s\n' 'module: libsoftokn3.so' \
		"x-init-reserved: configdir='sql:$PWD/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags=" \
		>p11/modules/nss.module
	sed -i "s|^module: .*|module: $(ldconfig -p | awk '$1 == "libsoftokn3.so" { print $NF; exit }')|" \
		p11/modules/nss.module
	[ -e db/key4.db ] || certutil -N -d "sql:$PWD/db" -f pin
	within "mount --bind '$PWD/p11' /etc/pkcs11
		mount -t tmpfs none /usr/share/p11-kit/modules
		modseal() { timeout 60 '$MODSEAL' \"\$@\" </dev/null; }
		$1"
}

# SCRIPT where openCryptoki's daemon runs, with a software token in its only slot.
with_opencryptoki() {
	local dir=$PWD/oc
	if [ ! -d "$dir" ]; then
		mkdir "$dir" "$dir/conf"
		cp -a /var/lib/opencryptoki "$dir/lib"
		mkdir -p "$dir/lock/swtok"
		chgrp -R pkcs11 "$dir/lock"
		chmod -R 770 "$dir/lock"
		printf '%s\n' 'version opencryptoki-3.1' 'slot 0' '{' 'stdll = libpkcs11_sw.so' '}' \
			>"$dir/conf/opencryptoki.conf"
	fi
	within "mount -t tmpfs none /run
		mkdir -p /run/lock/opencryptoki
		mount --bind '$dir/lock' /run/lock/opencryptoki
		mount --bind '$dir/lib' /var/lib/opencryptoki
		mount --bind '$dir/conf' /etc/opencryptoki
		pkcsslotd
		for i in \$(seq 600); do [ -e /run/pkcsslotd.socket ] && break; sleep 0.1; done
		modseal() { timeout 60 '$MODSEAL' \"\$1\" --module '$OC' --pin-source pin \"\${@:2}\" </dev/null; }
		$1"
}

# In namespaces that end with it, and whatever it started with them.
within() { # SCRIPT
	run timeout -k 5 200 unshare -m -i -p -f --kill-child --mount-proc bash -euc "$1" </dev/null
}

@test "NSS: keys are made, listed, and sign" {
	local type
	for type in rsa2048 p256 p384; do
		with_nss "modseal keygen --pin-source pin -k '$NSS;object=my-$type' --type $type \
			--subject CN=$type -o $type.pem
			modseal sign --pin-source pin -k '$NSS;object=my-$type' m.ko"
		assert_status 0
		openssl verify -check_ss_sig -CAfile $type.pem $type.pem
		run modseal verify -c $type.pem m.ko
		assert_status 0
	done
	with_nss "modseal keys --login --json --pin-source pin '$NSS'"
	assert_status 0
	output=$(grep '^{' <<<"$output")
	jq -e '.objects | [.[] | select(.kind == "private key")] | length == 3 and
		all(.sensitive and .never_extractable)' <<<"$output"
}

@test "NSS does not say that a key was made on its token, so it is not known to be bound" {
	with_nss "modseal keygen --pin-source pin -k '$NSS;object=k' --type p256 --no-cert
		modseal keys --check --pin-source pin '$NSS;object=k' || echo status \$?"
	assert_status 0
	assert_output "NOT known to be bound to hardware: CKA_LOCAL is false"
	assert_line "status 1"
}

@test "NSS: a wrong PIN, a second key of a name" {
	with_nss "modseal keygen --pin-source pin -k '$NSS;object=k' --type p256 --no-cert
		modseal keygen --pin-source pin -k '$NSS;object=k' --type p256 --no-cert || echo again \$?
		modseal keygen --pin-source so -k '$NSS;object=l' --type p256 --no-cert || echo pin \$?"
	assert_line "again 3"
	assert_output "the PIN is wrong"
	assert_line "pin 3"
}

@test "NSS: a key file is imported, with its certificate" {
	with_nss "modseal import --pin-source pin -k '$NSS;object=old' \
		'$MODSEAL_FIXTURES/soft/p256.combined.pem'
		modseal sign --pin-source pin -k '$NSS;object=old' m.ko"
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/soft/p256.pem" m.ko
	assert_status 0
}

# The certificate beside a key goes when another takes its place.
replaced='modseal cert $PIN -k "$KEY" --subject CN=second --store && echo not refused
	modseal cert $PIN -k "$KEY" --subject CN=second --store --replace -o second.pem
	modseal keys --json --login $PIN "$TOKEN" >keys.json
	modseal sign $PIN -k "$KEY" m.ko'

assert_replaced() {
	assert_status 0
	refute_output "not refused"
	[ "$(jq -c '[.objects[] | select(.kind == "certificate") | .subject]' keys.json)" = '["CN=second"]' ]
	run modseal verify -c second.pem m.ko
	assert_status 0
}

@test "NSS: another certificate in the first one's place" {
	with_nss "PIN='--pin-source pin' TOKEN='$NSS' KEY='$NSS;object=k'
		modseal keygen \$PIN -k '$NSS;object=k' --type p256 --subject CN=first
		$replaced"
	assert_replaced
}

@test "openCryptoki: another certificate in the first one's place" {
	echo 4711471 >pin
	with_opencryptoki "PIN= TOKEN=pkcs11:token=oc KEY='pkcs11:token=oc;object=k'
		modseal keygen --so-pin-source so --init-token oc -k pkcs11:object=k --type rsa2048 --subject CN=first
		$replaced"
	assert_replaced
}

@test "openCryptoki: a token is initialised, an RSA key made, listed and checked; it signs" {
	echo 4711471 >pin
	with_opencryptoki "modseal keygen --so-pin-source so --init-token oc -k pkcs11:object=k \
		--type rsa2048 --subject CN=oc -o c.pem"
	assert_status 0
	assert_line "certificate put beside the key"
	openssl verify -check_ss_sig -CAfile c.pem c.pem
	with_opencryptoki "modseal keys --login pkcs11:token=oc
		modseal keys --check 'pkcs11:token=oc;object=k'
		modseal sign --require-hardware -k 'pkcs11:token=oc;object=k' m.ko"
	assert_status 0
	assert_output "sensitive, never extractable, made on the token"
	assert_output "its module does not claim to be a device"
	run modseal verify -c c.pem m.ko
	assert_status 0
}

@test "openCryptoki: an EC key, which this token does not have" {
	echo 4711471 >pin
	with_opencryptoki "modseal keygen --so-pin-source so --init-token oc
		modseal keygen -k 'pkcs11:token=oc;object=e' --type p256 --no-cert || echo status \$?"
	# newer versions of it have them
	if [[ $output = *"key made"* ]]; then
		assert_status 0
	else
		assert_output "its module makes no P-256 keys"
		assert_line "status 3"
	fi
}
