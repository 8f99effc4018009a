#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign and digest: what the configuration of the kernel that a module is for decides.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	RELEASE=$(modinfo -F vermagic m.ko | cut -d' ' -f1)
	# the same for another kernel
	sed "s/vermagic=6/vermagic=5/" m.ko >other.ko
	mkdir -p root/lib/modules/"$RELEASE" root/boot
	config=root/boot/config-$RELEASE
	cp "$TOP/tests/trust/configs/debian-12" "$config"
}

option() { # NAME VALUE
	sed -i "/CONFIG_$1[= ]/d" "$config"
	[ "$2" = n ] || echo "CONFIG_$1=$2" >>"$config"
}

sign_for() {
	sign --root root "$@"
}

sign_ec() {
	modseal_pin sign --module "$MODSEAL_P11" --root root -k 'pkcs11:token=modseal;object=p256' "$@"
}

@test "the digest is what the module's kernel is signed with itself" {
	option MODULE_SIG_HASH '"sha512"'
	option CRYPTO_SHA512 y
	cp m.ko again.ko
	run --separate-stderr sign_for m.ko other.ko
	assert_status 0
	[ -z "$stderr" ]
	assert_line "m.ko: signed (sha512)"
	assert_line "other.ko: signed (sha256)" # no configuration of its kernel is there
	[ "$(modinfo -F sig_hashalgo m.ko)" = sha512 ]
	[ "$(modinfo -F sig_hashalgo other.ko)" = sha256 ]
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	run sign_for --hash sha384 --json again.ko
	assert_json '.[0].hash == "sha384"'
	run sign_for --json again.ko
	assert_json '.[0].hash == "sha512" and .[0].result == "signed again"'
}

@test "the configuration is found where distributions put it" {
	option MODULE_SIG_HASH '"sha384"'
	option CRYPTO_SHA512 y
	for place in "lib/modules/$RELEASE/config" "usr/lib/modules/$RELEASE/config" \
		"boot/config-$RELEASE" "lib/modules/$RELEASE/build/.config"; do
		rm -rf elsewhere
		mkdir -p "elsewhere/$(dirname "$place")"
		cp "$config" "elsewhere/$place"
		run sign --root elsewhere m.ko
		assert_output "(sha384)"
	done
	# build is a link, which leads below the directory
	rm -rf elsewhere
	mkdir -p "elsewhere/lib/modules/$RELEASE" elsewhere/usr/src/headers
	cp "$config" elsewhere/usr/src/headers/.config
	ln -s /usr/src/headers "elsewhere/lib/modules/$RELEASE/build"
	run sign --root elsewhere m.ko
	assert_output "(sha384)"
	# another kernel's is none
	mkdir -p none/boot
	cp "$config" none/boot/config-5.0
	run sign --root none m.ko
	assert_output "(sha256)"
	run sign --root nowhere m.ko
	assert_status 4
	assert_output "nowhere"
}

@test "a key that the kernel cannot check is a warning, once, and an error with --strict" {
	for name in a b c; do cp m.ko $name.ko; done
	run --separate-stderr sign_ec a.ko b.ko
	assert_status 0
	[ "$(grep -c WARNING <<<"$stderr")" -eq 1 ]
	assert_stderr "the kernel $RELEASE cannot check signatures by a P-256 key: this kernel has no ECDSA (CONFIG_CRYPTO_ECDSA)"
	run --separate-stderr sign_ec --strict other.ko c.ko
	assert_status 6
	assert_stderr "cannot check signatures by a P-256 key"
	assert_stderr "nothing was signed (--strict)"
	assert_same c.ko m.ko
	[ "$(modinfo -F sig_id other.ko)" = "" ]
	run --separate-stderr sign_ec --strict other.ko # of its kernel nothing is known
	assert_status 0
	option CRYPTO_ECDSA y
	run --separate-stderr sign_ec --strict c.ko
	assert_status 0
	[ -z "$stderr" ]
}

@test "a digest that the kernel cannot check likewise" {
	cp m.ko bare
	run --separate-stderr sign_for --hash sha3-256 m.ko
	assert_status 0
	assert_stderr "WARNING: the kernel $RELEASE cannot check signatures with sha3-256: kernels before 6.7 know no signatures with sha3-256. Sign with --hash sha256 for this kernel."
	cp bare m.ko
	# A module of the kernel counts when it is installed, and is not known to be missing elsewhere.
	run --separate-stderr sign_for --strict --hash sha512 m.ko
	assert_status 0
	cp bare m.ko
	touch root/lib/modules/"$RELEASE"/modules.{alias,dep}
	run --separate-stderr sign_for --strict --hash sha512 --json m.ko
	assert_status 1
	assert_json '.[0].error.code == "unsupported"'
	assert_stderr "sha512 is a module of this kernel that is not installed"
	assert_same m.ko bare
	mkdir -p root/lib/modules/"$RELEASE"/kernel/crypto
	echo "alias crypto-sha512 sha512_generic" >root/lib/modules/"$RELEASE"/modules.alias
	echo "kernel/crypto/sha512-generic.ko.xz:" >root/lib/modules/"$RELEASE"/modules.dep
	touch root/lib/modules/"$RELEASE"/kernel/crypto/sha512-generic.ko.xz
	run --separate-stderr sign_for --strict --hash sha512 m.ko
	assert_status 0
	[ -z "$stderr" ]
	option CRYPTO_SHA512 n
	run --separate-stderr sign_for --strict --hash sha512 m.ko
	assert_status 1
}

@test "a kernel that checks no signatures gives no warning" {
	option MODULE_SIG n
	run --separate-stderr sign_ec --strict m.ko
	assert_status 0
	[ -z "$stderr" ]
}

@test "--dry-run and --strict say the same and write nothing" {
	cp m.ko bare
	run --separate-stderr sign_ec -n m.ko
	assert_status 0
	assert_stderr WARNING
	run --separate-stderr sign_ec -n --strict m.ko
	assert_status 1
	assert_same m.ko bare
}

@test "digest: the same choice, the same warning" {
	option MODULE_SIG_HASH '"sha384"'
	option CRYPTO_SHA512 y
	run --separate-stderr modseal digest --root root m.ko other.ko
	assert_status 0
	[ -z "$stderr" ]
	assert_json '.[0].hash == "sha384" and .[1].hash == "sha256"'
	[ "$(jq -r 'select(.path == "m.ko").digest' <<<"$output")" = "$(sha384sum m.ko | cut -d' ' -f1)" ]
	run --separate-stderr modseal digest --root root --hash sha3-512 m.ko
	assert_status 0
	assert_stderr "WARNING: the kernel of m.ko cannot check signatures with sha3-512"
	run --separate-stderr modseal digest --root root --strict --hash sha3-512 m.ko other.ko
	assert_status 1
	assert_stderr "m.ko: its kernel cannot check signatures with sha3-512: kernels before 6.7"
	assert_json 'length == 1'
}

@test "--strict goes with modules" {
	modseal digest m.ko >digests
	run sign --digests digests --strict
	assert_status 2
}
