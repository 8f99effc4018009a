#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A TPM that is busy, full, silent, or gone; its answers are spoilt by proxy.py.

load ../lib/common
load tpm
load ../storm/storm

setup_file() {
	tpm_setup_file
	export SEALED=$BATS_FILE_TMPDIR/sealed.pem PLAIN=$BATS_FILE_TMPDIR/plain.pem \
		AUTH=$BATS_FILE_TMPDIR/auth.pem
	keygen "$SEALED" p256 --pcr sha256:16
	keygen "$PLAIN" rsa2048
	MODSEAL_PIN=abc keygen "$AUTH" p256 --auth
}

teardown() {
	tpm2 pcrreset 16
	tpm_is_clean
}

@test "a TPM that is busy or full for a moment is waited for" {
	local code command
	while read -r command code; do
		run sign "$SEALED" --tcti "$(spoilt "$command" 1 "fail=$code,2")"
		assert_status 0
		assert_signed "$SEALED"
	done <<-'END'
		CreatePrimary 902
		StartAuthSession 903
		Load 906
		PolicyPCR 922
		Sign 920
	END
	for command in StartAuthSession Sign FlushContext; do
		MODSEAL_PIN=abc run sign "$AUTH" --tcti "$(spoilt $command 1 fail=902,2)"
		assert_status 0
	done
}

@test "each command refused: an error that names it, the module as it was, nothing left behind" {
	local command key
	while read -r key command codes; do
		for code in $codes; do
			MODSEAL_PIN=abc run sign "${!key}" --tcti "$(spoilt "$command" 1 fail=$code)"
			assert_status 3
			assert_match "TPM2_$command|not satisfied"
			assert_untouched
			tpm_is_clean
		done
	done <<-'END'
		SEALED GetCapability 101
		SEALED CreatePrimary 101
		SEALED StartAuthSession 101
		SEALED Load 12f
		SEALED PolicyPCR 101 2c4
		SEALED Sign 101 2c4
		PLAIN Load 1df
		PLAIN Sign 101 2c4
		AUTH StartAuthSession 101
		AUTH Load 101
		AUTH Sign 101
	END
}

@test "keygen: each command refused leaves no file and nothing in the TPM" {
	local command
	for command in GetCapability TestParms CreatePrimary ReadPublic StartAuthSession Create; do
		MODSEAL_PIN=abc run keygen new.pem p256 --auth --tcti "$(spoilt $command 1 fail=101)"
		assert_status 3
		assert_output "TPM2_$command"
		[ ! -e new.pem ]
		tpm_is_clean
	done
	for command in Load EvictControl; do
		run modseal keygen -k handle:0x81010050 --type p256 --no-cert \
			--tcti "$(spoilt $command 1 fail=14b)"
		assert_status 3
		assert_output "no room for another persistent key"
		[ ! -e "$XDG_STATE_HOME/modseal/tpm/0x81010050.pem" ]
	done
}

# The way with the most commands: its PCRs have changed, and the recovery value is an approval.
@test "whichever command is refused, once: the module is as it was or signed, nothing left behind" {
	local n=0
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out policy.key
	MODSEAL_PIN=abc keygen key.pem p256 --pcr sha256:16 --recovery-auth --policy-key policy.key
	extend
	while :; do
		n=$((n + 1))
		MODSEAL_PIN=abc run sign key.pem --tcti "$(spoilt "any-but-FlushContext" $n fail=101,1)"
		tpm_is_clean
		if [ "$status" -ne 0 ]; then
			assert_status 3
			assert_untouched
			continue
		fi
		assert_signed key.pem
		[ $n -lt 20 ] || break
	done
}

different() { # DIR DIR
	! diff -rq "$1" "$2" >/dev/null
}

@test "SIGHUP in a batch: the key is taken out of the TPM" {
	bare_modules 200 "$PWD/tree"
	cp -r tree tree.before
	"$MODSEAL" sign -k "$PLAIN" -q --append --tcti "$(spoilt Sign 20 "hold=$PWD/go")" tree \
		</dev/null >said 2>&1 3>&- &
	pid=$!
	until_so different tree tree.before
	kill -HUP $pid
	until_so grep -q "finishing what is in hand" said
	touch go
	status=0
	wait $pid || status=$?
	output=$(cat said)
	assert_status 1
	assert_output "stopped before the end"
}

@test "import: each command refused leaves no file and nothing in the TPM" {
	local command
	for command in GetCapability TestParms CreatePrimary ReadPublic Import; do
		run modseal import -k new.pem "$MODSEAL_FIXTURES/soft/p256.key.pem" \
			--tcti "$(spoilt $command 1 fail=101)"
		assert_status 3
		assert_output "TPM2_$command"
		[ ! -e new.pem ]
		tpm_is_clean
	done
	# a parent that did not get what was sent
	run modseal import -k new.pem "$MODSEAL_FIXTURES/soft/p256.key.pem" --tcti "$(spoilt Import 1 fail=3df)"
	assert_status 3
	assert_output "TPM2_Import"
	[ ! -e new.pem ]
}

@test "a TPM that stays full" {
	run sign "$PLAIN" --tcti "$(spoilt Load 1 fail=902)"
	assert_status 3
	assert_output "the TPM has no room for another key"
	assert_output "tpm2_flushcontext -t"
	assert_untouched
}

@test "one place for objects beside the parent is enough" {
	tpm2 createprimary -C o -c other.ctx # stays loaded
	run sign "$PLAIN"
	assert_status 0
	assert_signed "$PLAIN"
	MODSEAL_PIN=abc run sign "$AUTH"
	assert_status 0
	run sign "$SEALED"
	assert_status 0
	tpm2 flushcontext -t
}

@test "a key that another program flushed is loaded again" {
	bare_modules 6 "$PWD/tree"
	run modseal sign -k "$PLAIN" --tcti "$(spoilt Sign 3 flush)" tree
	assert_status 0
	assert_output "6 signed"
}

# How many modules of a tree are signed by the certificate in a file; each other is as it was.
signed_in() { # CERT DIR
	local file n=0
	openssl x509 -in "$1" -out cert.pem
	while read -r file; do
		if cmp -s "$2/$file" "$2.before/$file"; then
			continue
		fi
		modseal verify -q -c cert.pem "$2/$file" >/dev/null || return 1
		n=$((n + 1))
	done < <(cd "$2" && find . -name '*.ko')
	echo $n
}

@test "a PCR that changes in the middle of a batch stops it" {
	bare_modules 8 "$PWD/tree"
	cp -r tree tree.before
	run modseal sign -k "$SEALED" -j 1 --tcti "$(spoilt PolicyPCR 5 extend=16)" tree
	assert_status 3
	assert_output "PCR sha256:16"
	# The first policy was the trial's.
	[ "$(signed_in "$SEALED" tree)" -eq 3 ]
}

@test "a PCR that changes between policy and signature" {
	keygen key.pem p256 --pcr sha256:10 # no debugging PCR: the TPM does not watch these
	run sign key.pem --tcti "$(spoilt Sign 1 extend=10)"
	assert_status 3
	assert_output "PCR sha256:10"
	assert_untouched
}

@test "the connection ends in the middle of a batch" {
	bare_modules 8 "$PWD/tree"
	for mode in "" --append; do
		rm -rf tree.before
		cp -r tree tree.before
		run modseal sign -k "$PLAIN" $mode --tcti "$(spoilt Sign 4 drop)" tree
		assert_status 3
		assert_output "the connection to it"
		[ "$(signed_in "$PLAIN" tree)" -eq 3 ]
		find tree -name '*.ko' -exec "$TOP/tests/lib/unsign" {} +
		tpm2 flushcontext -t
	done
}

@test "the TPM is killed in the middle of a batch" {
	tpm_start "$BATS_TEST_TMPDIR/mortal"
	keygen key.pem rsa2048
	bare_modules 200 "$PWD/tree"
	cp -r tree tree.before
	# It stops with the first signature in hand.
	LD_PRELOAD=$MODSEAL_BUILD/tests/storm/libmodseal_calls.so MODSEAL_CALLS_DIR=tree \
		MODSEAL_CALLS_STOP=pwrite ASAN_OPTIONS=verify_asan_link_order=0 \
		"$MODSEAL" sign -k key.pem -q --append tree </dev/null >said 2>&1 3>&- &
	pid=$!
	until_stopped $pid
	tpm_kill "$BATS_TEST_TMPDIR/mortal"
	kill -CONT $pid
	status=0
	wait $pid || status=$?
	. "$TPM_DIR/env"
	output=$(cat said)
	assert_status 3
	assert_output "the connection to it"
	n=$(signed_in key.pem tree)
	[ "$n" -ge 1 ]
	[ "$n" -lt "$(find tree -name '*.ko' | wc -l)" ]
}

@test "a TPM that does not answer ends in an error that names the call" {
	local command start=$SECONDS
	for command in Load Sign; do
		run sign "$PLAIN" --token-timeout 1 --tcti "$(spoilt $command 1 hang)"
		assert_status 3
		assert_output "TPM2_$command did not come back within 1 seconds"
		assert_untouched
		tpm2 flushcontext -t
	done
	bare_modules 8 "$PWD/tree"
	cp -r tree tree.before
	run modseal sign -k "$PLAIN" --token-timeout 1 -j 4 --tcti "$(spoilt Sign 3 hang)" tree
	assert_status 3
	assert_output "TPM2_Sign did not come back"
	[ "$(signed_in "$PLAIN" tree)" -eq 2 ]
	tpm2 flushcontext -t
	[ $((SECONDS - start)) -lt 20 ]
}

@test "no TPM: what was tried, and no noise but with -v" {
	run sign "$PLAIN" --tcti swtpm:host=127.0.0.1,port=1
	assert_status 3
	assert_output "TPM swtpm:host=127.0.0.1,port=1 cannot be reached"
	refute_output tss2
	refute_output ERROR
	run sign "$PLAIN" --tcti nonsense:
	assert_status 3
	refute_output ERROR
	MODSEAL_TCTI='' TPM2TOOLS_TCTI=device:/nowhere run sign "$PLAIN"
	assert_status 3
	assert_output "TPM device:/nowhere cannot be reached: No such file or directory"
	MODSEAL_TCTI=device:/nowhere run sign "$PLAIN"
	assert_status 3
	assert_output "TPM device:/nowhere cannot be reached"
	refute_output ERROR
	run sign "$PLAIN" -v --tcti device:/nowhere
	assert_status 3
	assert_output "ERROR:tcti"
	run sign "$SEALED" -v --tcti "$(spoilt PolicyPCR 1 fail=1c4)"
	assert_output "esys"
	run sign "$SEALED" --tcti "$(spoilt PolicyPCR 1 fail=1c4)"
	refute_output "esys"
	assert_untouched
}

@test "key files that are broken are refused by name" {
	local ref
	sed '/^-----END/d' "$PLAIN" >cut.pem
	sed '4d' "$PLAIN" >line.pem
	cat "$PLAIN" "$SEALED" >two.pem
	sed 's/^-----BEGIN TSS2 PRIVATE KEY-----$/&\nzzzz/' "$PLAIN" >text.pem
	for ref in cut.pem line.pem two.pem text.pem; do
		run sign $ref -c "$MODSEAL_FIXTURES/p256.pem"
		assert_status 3
		assert_output "TPM key file $ref"
		run modseal inspect $ref
		assert_status 3
		assert_output "TPM key file $ref"
	done
	assert_untouched
}
