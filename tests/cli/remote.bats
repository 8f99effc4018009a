# SPDX-License-Identifier: Apache-2.0
# A token behind `p11-kit remote`, over pipes (docs/remote.md). The configuration of p11-kit is the
# machine's, so each test has a mount namespace in which it is another.

load ../lib/common

# configured SCRIPT: runs it where p11-kit knows release1 and release2 only.
configured() {
	local dir=$BATS_TEST_TMPDIR/pkcs11 i
	unshare -m true 2>/dev/null || skip "mount namespaces are not permitted here"
	mkdir -p "$dir/modules" /etc/pkcs11
	echo 'user-config: none' >"$dir/pkcs11.conf"
	for i in 1 2; do
		echo "remote: |p11-kit remote $MODSEAL_P11" >"$dir/modules/release$i.module"
	done
	export -f modseal modseal_pin
	run timeout 120 unshare -m bash -euc "
		mount --bind '$dir' /etc/pkcs11
		mount -t tmpfs none /usr/share/p11-kit/modules
		$1" </dev/null
}

@test "keys lists a token once for each connection" {
	configured 'modseal keys --json "pkcs11:token=modseal"'
	assert_status 0
	assert_output '"module":"release1"'
	assert_output '"module":"release2"'
}

@test "a key that two connections reach is one key" {
	bare_modules 1 "$BATS_TEST_TMPDIR/tree"
	configured "modseal_pin sign -k 'pkcs11:token=modseal;object=p256' '$BATS_TEST_TMPDIR/tree'"
	assert_status 0
	assert_output 'signed (sha256)'
}

@test "two connections share the work, and the signatures are the local token's" {
	bare_modules 24 "$BATS_TEST_TMPDIR/tree"
	cp -a "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/local"
	configured "modseal_pin sign -q --jobs 2 '$BATS_TEST_TMPDIR/tree' \
		-k 'pkcs11:token=modseal;object=rsa2048?module-name=release1' \
		-k 'pkcs11:token=modseal;object=rsa2048?module-name=release2'"
	assert_status 0
	assert_output '24 signed, 0 failed'
	modseal_pin sign -q --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=rsa2048' \
		"$BATS_TEST_TMPDIR/local"
	diff -r "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/local"
}

@test "a connection that cannot be made is told of, and the other serves" {
	bare_modules 4 "$BATS_TEST_TMPDIR/tree"
	configured "echo 'remote: |false' >/etc/pkcs11/modules/release2.module
		modseal_pin sign -q '$BATS_TEST_TMPDIR/tree' \
			-k 'pkcs11:token=modseal;object=p256?module-name=release1' \
			-k 'pkcs11:token=modseal;object=p256?module-name=release2'"
	assert_status 0
	assert_output '4 signed, 0 failed'
	assert_output 'release2'
}

@test "the command of a connection does not see the PIN" {
	bare_modules 1 "$BATS_TEST_TMPDIR/tree"
	configured "printf 'remote: |sh -c \"env >%s; exec p11-kit remote %s\"\n' \
			'$BATS_TEST_TMPDIR/env' '$MODSEAL_P11' >/etc/pkcs11/modules/release1.module
		modseal_pin sign -q '$BATS_TEST_TMPDIR/tree' \
			-k 'pkcs11:token=modseal;object=p256?module-name=release1'"
	assert_status 0
	grep -q '^PATH=' "$BATS_TEST_TMPDIR/env"
	run ! grep -E '^(MODSEAL|KBUILD_SIGN)_PIN=' "$BATS_TEST_TMPDIR/env"
}
