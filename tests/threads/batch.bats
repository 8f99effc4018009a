#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Batches of a hundred modules and eight jobs under ThreadSanitizer (tests/run builds with it and sets
# MODSEAL). What is not built so, SoftHSM2 and OpenSSL, is seen by its locks and allocations only.

load ../lib/common

setup_file() {
	common_setup_file
	nm -D "$MODSEAL_BUILD/src/libmodseal.so" | grep -q __tsan_init ||
		{ echo "$MODSEAL_BUILD is built without ThreadSanitizer" >&2; return 1; }
	bare_modules 100 "$BATS_FILE_TMPDIR/tree"
	ln "$(find "$BATS_FILE_TMPDIR/tree" -name '*.ko' | sort | head -n 1)" \
		"$BATS_FILE_TMPDIR/tree/second-name.ko"
	cp -a "$BATS_FILE_TMPDIR/tree" "$BATS_FILE_TMPDIR/packed"
	find "$BATS_FILE_TMPDIR/packed" -name '*.ko' -links 1 | sort >"$BATS_FILE_TMPDIR/list"
	awk 'NR % 3 == 0' "$BATS_FILE_TMPDIR/list" | xargs zstd -q --rm
	awk 'NR % 3 == 1' "$BATS_FILE_TMPDIR/list" | xargs gzip -n
	awk 'NR % 3 == 2' "$BATS_FILE_TMPDIR/list" | xargs xz -0 --check=crc32
}

setup() {
	export TSAN_OPTIONS="exitcode=66 log_path=$BATS_TEST_TMPDIR/report"
	cp -a "$BATS_FILE_TMPDIR/tree" "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR"
}

# Signs with eight jobs; no report may be there.
clean() { # ARGUMENT...
	run modseal_pin sign --jobs 8 --progress=json "$@"
	no_reports
}

no_reports() {
	! compgen -G "$BATS_TEST_TMPDIR/report.*" >/dev/null || { cat report.*; return 1; }
}

key() { # LABEL
	printf -- '--module=%s\n-k\npkcs11:token=modseal;object=%s\n' "$MODSEAL_P11" "$1"
}

@test "new files, RSA-2048" {
	mapfile -t key < <(key rsa2048)
	clean "${key[@]}" tree
	assert_status 0
	assert_line "101 modules: 101 signed, 0 failed"
}

@test "appended signatures, P-256" {
	mapfile -t key < <(key p256)
	clean "${key[@]}" --append tree
	assert_status 0
	clean "${key[@]}" --append --keep-existing tree tree/second-name.ko tree
	assert_status 0
	modseal verify -q -c "$MODSEAL_FIXTURES/p256.pem" tree
}

@test "each file synced by itself, -o" {
	mapfile -t key < <(key p256)
	clean "${key[@]}" --durability=file -o out tree
	assert_status 0
	modseal verify -q -c "$MODSEAL_FIXTURES/p256.pem" out
}

@test "compressed modules" {
	cp -a "$BATS_FILE_TMPDIR/packed" .
	mapfile -t key < <(key p256)
	clean "${key[@]}" packed
	assert_status 0
	modseal verify -q -c "$MODSEAL_FIXTURES/p256.pem" packed
}

@test "failures, and a stop at the first" {
	mapfile -t key < <(key p256)
	find tree -name '*.ko' | sort | awk 'NR % 10 == 0' | while read -r file; do
		echo text >"$file"
	done
	clean "${key[@]}" tree
	assert_status 1
	clean "${key[@]}" --fail-fast tree
	assert_status 1
}

@test "digests, many at once, and their signatures attached" {
	mapfile -t key < <(key p256)
	modseal digest -o digests.jsonl tree
	clean "${key[@]}" --allow-digests --digests digests.jsonl -o signatures.jsonl
	assert_status 0
	run modseal attach --signatures signatures.jsonl -c "$MODSEAL_FIXTURES/p256.pem" tree
	no_reports
	assert_status 0
	assert_line "101 modules: 101 attached, 0 failed"
}

@test "a login that is lost in the middle, and renewed" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_CLOSE=C_Sign:40
	clean --module="$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k 'pkcs11:token=modseal;object=p256' tree
	assert_status 0
	assert_output "the login was lost, and renewed"
}

@test "copies of a key, one of which drops out" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_REMOVE=C_Sign:20
	clean --module="$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k 'pkcs11:token=soft;object=p256' -k "$MODSEAL_FIXTURES/soft/p256.key.pem" \
		-c "$MODSEAL_FIXTURES/soft/p256.pem" tree
	assert_status 0
	assert_output "dropped out"
	assert_line "101 modules: 101 signed, 0 failed"
}

@test "a token that is taken away in the middle" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_REMOVE=C_Sign:40
	clean --module="$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k 'pkcs11:token=modseal;object=p256' tree
	assert_status 3
}

@test "a call that never comes back" {
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:40:forever
	clean --module="$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" --token-timeout 1 \
		-k 'pkcs11:token=modseal;object=p256' tree
	assert_status 3
}

@test "SIGINT in the middle" {
	local batch
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:5+:$PWD/go MODSEAL_PIN=1234 \
		MODSEAL_SHIM_LOG=$PWD/log
	: >log
	"$MODSEAL" sign --module="$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" --jobs 4 \
		-k 'pkcs11:token=modseal;object=p256' --progress=json tree </dev/null >out 2>&1 3>&- &
	batch=$!
	until_so grep -qx 'C_Sign WAITS' log
	kill -INT $batch
	until_so grep -q "finishing what is in hand" out
	touch go
	status=0
	wait $batch || status=$?
	output=$(<out)
	no_reports
	assert_status 1
}

@test "a key of a TPM, in two sessions at once" {
	"$TOP/softhsm-fixtures/tpm" start "$PWD/tpm"
	. tpm/env
	MODSEAL_PIN=1234 modseal keygen -k key.pem --type p256 --auth --subject CN=test
	clean -k key.pem --append tree
	"$TOP/softhsm-fixtures/tpm" stop "$PWD/tpm"
	assert_status 0
	assert_line "101 modules: 101 signed, 0 failed"
}
