# SPDX-License-Identifier: Apache-2.0
# That the benchmark runs at all; what it measures with so few modules says nothing.

load ../lib/common

@test "every part of the benchmark gives figures" {
	timeout 120 "$BATS_TEST_DIRNAME/run" --quick --dir "$BATS_TEST_TMPDIR" \
		--json "$BATS_TEST_TMPDIR/figures" </dev/null
	run jq -r 'del(.about) | to_entries[] | .key + " " + (.value | length | tostring)' \
		"$BATS_TEST_TMPDIR/figures"
	assert_line 'speed 4'
	assert_line 'sign-file 3'
	assert_line 'start 2'
	assert_line 'flat 4'
	assert_line 'memory 4'
	assert_line 'far 2'
	assert_line 'compressed 3'
	assert_line 'durability 6'
	[[ $output == *'remote '* ]]
}

@test "the benchmark of a TPM gives figures" {
	timeout 120 "$BATS_TEST_DIRNAME/tpm" --modules 24 --rounds 1 --dir "$BATS_TEST_TMPDIR" \
		</dev/null >"$BATS_TEST_TMPDIR/said"
	run awk '/^(rsa2048|p256) / && $3 > 0 && $4 > 0 { print $1, $2 }' "$BATS_TEST_TMPDIR/said"
	[ "$output" = $'rsa2048 password\nrsa2048 salted\np256 password\np256 salted' ]
}
