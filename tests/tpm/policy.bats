#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys that are sealed to PCRs: used while these are so, refused when they are not, let go on.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$BATS_FILE_TMPDIR/policy.key"
	export POLICY=$BATS_FILE_TMPDIR/policy.key
}

setup() {
	tpm2 pcrreset 16
	cd "$BATS_TEST_TMPDIR"
	module=$(bare_module nls_utf8)
	cp "$module" before.ko
}

ZERO=$(printf '%064d' 0)

@test "signs while the PCRs are as they were, and says which one differs" {
	run keygen key.pem rsa2048 --pcr sha256:7,16
	assert_status 0
	assert_output "the first firmware, bootloader or dbx update that changes one of them ends it"
	run sign key.pem
	assert_status 0
	assert_signed key.pem
	extend
	run sign key.pem
	assert_status 3
	assert_output "the key's policy is not satisfied"
	assert_match "^  PCR sha256:16 is [0-9a-f]{16}\.\.\., the key wants 0000000000000000\.\.\.$"
	refute_output "sha256:7 is"
	assert_untouched
	tpm2 pcrreset 16
	run sign key.pem
	assert_status 0
}

@test "without the noted values it says what is known" {
	keygen one.pem p256 --pcr sha256:16
	keygen two.pem p256 --pcr sha256:7,16
	sed -i '/^# modseal-pcrs/d' one.pem two.pem
	extend
	run sign one.pem
	assert_status 3
	assert_match "^  PCR sha256:16 is [0-9a-f]{16}\.\.\., and the key wants another value$"
	run sign two.pem
	assert_status 3
	assert_output "at least one of the PCRs sha256:7,16 is not as it was"
}

@test "noted values that are not those of the policy are not believed" {
	keygen key.pem p256 --pcr sha256:16
	sed -i "s/^\(# modseal-pcrs: sha256:16=\)..../\11111/" key.pem
	extend
	run sign key.pem
	assert_status 3
	refute_output "wants 1111"
}

@test "to values that are not the present ones" {
	extend
	value=$(timeout 60 tpm2_pcrread sha256:16 </dev/null | sed -n 's/.*16: 0x//p')
	tpm2 pcrreset 16
	run modseal keygen -k key.pem --type p256 --no-cert --pcr "sha256:16=$value"
	assert_status 0
	run modseal cert -k key.pem --subject CN=later --out later.pem
	assert_status 3
	assert_output "PCR sha256:16 is 0000000000000000..."
	extend
	run modseal cert -k key.pem --subject CN=later --out later.pem
	assert_status 0
	run sign key.pem -c later.pem
	assert_status 0
	assert_signed later.pem
}

@test "when the certificate cannot be made yet it is said how to go on" {
	run keygen key.pem p256 --pcr "sha256:16=$(printf '%064d' 1)"
	assert_status 3
	assert_output "The key is made and stays"
	assert_output "modseal cert -k key.pem"
	[ -s key.pem ]
}

@test "policy and auth value together" {
	MODSEAL_PIN=both keygen key.pem p256 --auth --pcr sha256:16
	MODSEAL_PIN=both run sign key.pem
	assert_status 0
	assert_signed key.pem
	MODSEAL_PIN=wrong run sign key.pem
	assert_status 3
	assert_output "is wrong"
	run sign key.pem
	assert_status 3
	assert_output "an auth value is needed"
	extend
	MODSEAL_PIN=both run sign key.pem
	assert_status 3
	assert_output "PCR sha256:16"
	assert_untouched
}

@test "PCR changed, refused, approved, signs: with a policy key in a file" {
	run keygen key.pem rsa2048 --pcr sha256:16 --policy-key "$POLICY"
	assert_status 0
	refute_output "ends it"
	run sign key.pem
	assert_status 0
	assert_signed key.pem
	extend
	run sign key.pem
	assert_status 3
	assert_output "PCR sha256:16"
	assert_output "modseal tpm approve"
	assert_untouched
	run modseal tpm approve key.pem --pcr sha256:16 --policy-key "$POLICY"
	assert_status 0
	assert_output "key.pem: approved"
	run sign key.pem
	assert_status 0
	assert_signed key.pem
	# The first values go on to be approved.
	tpm2 pcrreset 16
	run sign key.pem
	assert_status 0
	run modseal tpm approve key.pem --pcr sha256:16 --policy-key "$POLICY"
	assert_status 0
	assert_output "approved before"
	[ "$(stat -c %a key.pem)" = 600 ]
}

@test "with a policy key in a token, and approval without a TPM" {
	local policy='pkcs11:token=modseal;object=rsa2048?pin-value=1234'
	run keygen key.pem p256 --module "$MODSEAL_P11" --pcr sha256:16 --policy-key "$policy"
	assert_status 0
	extend
	value=$(timeout 60 tpm2_pcrread sha256:16 </dev/null | sed -n 's/.*16: 0x//p')
	MODSEAL_TCTI=swtpm:port=1 run modseal tpm approve key.pem --module "$MODSEAL_P11" \
		--pcr "sha256:16=$value" --policy-key "$policy"
	assert_status 0
	run sign key.pem
	assert_status 0
	assert_signed key.pem
}

@test "with a policy key in the TPM itself" {
	keygen policy.pem p256
	keygen key.pem p256 --pcr sha256:16 --policy-key policy.pem
	extend
	modseal tpm approve key.pem --pcr sha256:16 --policy-key policy.pem
	run sign key.pem
	assert_status 0
}

@test "another key approves nothing" {
	keygen key.pem p256 --pcr sha256:16 --policy-key "$POLICY"
	cp key.pem copy
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key
	run modseal tpm approve key.pem --pcr sha256:7 --policy-key other.key
	assert_status 3
	assert_output "is not the policy key"
	assert_same key.pem copy
	keygen plain.pem p256 --pcr sha256:16
	run modseal tpm approve plain.pem --pcr sha256:7 --policy-key "$POLICY"
	assert_status 3
	assert_output "made without a policy key"
}

@test "an approval is of one key only" {
	keygen a.pem p256 --pcr sha256:16 --policy-key "$POLICY"
	keygen b.pem p256 --pcr "sha256:16=$(printf '%064d' 7)" --policy-key "$POLICY" || true
	# a's approval (present values) put into b's file: same policy key, same PCRs.
	python3 "$TOP/tests/tpm/swap_approval.py" a.pem b.pem swapped.pem
	run modseal inspect swapped.pem
	assert_output "is not the one that the key was made with"
	run sign swapped.pem -c "$MODSEAL_FIXTURES/p256.pem"
	assert_status 3
}

@test "a recovery auth value does when a PCR has changed" {
	MODSEAL_PIN=rescue keygen key.pem p256 --pcr sha256:16 --recovery-auth
	run sign key.pem
	assert_status 0
	extend
	run sign key.pem
	assert_status 3
	assert_output "PCR sha256:16"
	assert_output "an auth value is needed"
	MODSEAL_PIN=rescue run sign key.pem
	assert_status 0
	assert_output "its recovery auth value will do instead"
	assert_signed key.pem
	MODSEAL_PIN=wrong run sign key.pem
	assert_status 3
	assert_output "is wrong"
	assert_untouched
}

@test "a recovery auth value as one more approval" {
	MODSEAL_PIN=rescue keygen key.pem p256 --pcr sha256:16 --recovery-auth --policy-key "$POLICY"
	run sign key.pem
	assert_status 0
	extend
	MODSEAL_PIN=rescue run sign key.pem
	assert_status 0
	assert_signed key.pem
	run sign key.pem
	assert_status 3
	modseal tpm approve key.pem --pcr sha256:16 --policy-key "$POLICY"
	run sign key.pem
	assert_status 0
}

@test "a persistent key finds its policy in what was noted" {
	run modseal keygen -k handle:0x81010020 --type p256 --pcr sha256:16 --policy-key "$POLICY" \
		--subject CN=20
	assert_status 0
	run sign handle:0x81010020
	assert_status 0
	extend
	run sign handle:0x81010020
	assert_status 3
	assert_output "PCR sha256:16"
	run modseal tpm approve handle:0x81010020 --pcr sha256:16 --policy-key "$POLICY"
	assert_status 0
	run sign handle:0x81010020
	assert_status 0
	assert_signed "$XDG_STATE_HOME/modseal/tpm/0x81010020.pem"
	mv "$XDG_STATE_HOME/modseal/tpm/0x81010020.pem" away
	run sign handle:0x81010020 -c away
	assert_status 3
	assert_output "used by its policy only"
	tpm2 evictcontrol -C o -c 0x81010020
}

@test "a note of another key is passed over" {
	modseal keygen -k handle:0x81010021 --type p256 --subject CN=21
	tpm2 evictcontrol -C o -c 0x81010021
	mv "$XDG_STATE_HOME/modseal/tpm/0x81010021.pem" old
	modseal keygen -k handle:0x81010021 --type p256 --subject CN=21 --out new.pem
	cp old "$XDG_STATE_HOME/modseal/tpm/0x81010021.pem"
	run sign handle:0x81010021 -c new.pem
	assert_status 0
	assert_output "is of another key"
	assert_signed new.pem
	tpm2 evictcontrol -C o -c 0x81010021
}

@test "the policy of a file that was edited is told before the TPM is asked" {
	keygen key.pem p256 --pcr sha256:16
	python3 - <<-'END'
		import base64, re
		text = open("key.pem").read()
		match = re.search("(-----BEGIN TSS2.*?-----\n)(.*?)(-----END TSS2)", text, re.S)
		der = bytearray(base64.b64decode(match[2]))
		at = der.index(bytes.fromhex("00000001000b03000001"))
		der[at + 9] = 2  # PCR 17 instead of 16
		open("edited.pem", "w").write(
		    text[:match.start(2)] + base64.encodebytes(der).decode() + text[match.end(2):])
	END
	run sign edited.pem -c "$MODSEAL_FIXTURES/p256.pem"
	assert_status 3
	assert_output "the policy in the file is not the one that the key was made with"
}
