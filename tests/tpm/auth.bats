#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Auth values: where they come from, what becomes of wrong ones, who can see them.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	export KEY=$BATS_FILE_TMPDIR/auth.pem
	MODSEAL_PIN='open sesame' keygen "$KEY" p256 --auth
}

wrong_tries() {
	timeout 60 tpm2_getcap properties-variable </dev/null |
		sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: 0x//p'
}

@test "from the environment, a file, a terminal" {
	MODSEAL_PIN='open sesame' run sign "$KEY"
	assert_status 0
	assert_signed "$KEY"
	echo 'open sesame' >auth
	run sign "$KEY" --pin-source auth
	assert_status 0
	assert_signed "$KEY"
	run "$TOP/tests/lib/at-terminal" 'Auth value for TPM key .*: ' 'open sesame' \
		"$MODSEAL" sign -k "$KEY" "$module"
	assert_status 0
	assert_line "asked 1 times"
	assert_signed "$KEY"
}

@test "a new one is typed twice" {
	run "$TOP/tests/lib/at-terminal" '(uth value.*|same again): ' secret \
		"$MODSEAL" keygen -k new.pem --type p256 --auth --subject CN=new
	assert_status 0
	assert_line "asked 2 times"
	MODSEAL_PIN=secret run sign new.pem
	assert_status 0
}

@test "a wrong one is tried once, and counted" {
	local before
	before=$(wrong_tries)
	MODSEAL_PIN=wrong run sign "$KEY"
	assert_status 3
	assert_output "the auth value from MODSEAL_PIN is wrong ($((before + 1)) of the 31 that lock the TPM)"
	assert_output "forgets one wrong try every 10 minutes"
	[ "$(wrong_tries)" -eq $((before + 1)) ]
	assert_untouched
}

@test "a wrong one is tried once in a batch, too" {
	local before
	bare_modules 12 "$PWD/tree"
	cp -r tree tree.before
	before=$(wrong_tries)
	MODSEAL_PIN=wrong run modseal sign -k "$KEY" -j 8 tree
	assert_status 3
	[ "$(wrong_tries)" -eq $((before + 1)) ]
	diff -r tree tree.before
}

@test "none and nobody to ask: not tried" {
	local before
	before=$(wrong_tries)
	run sign "$KEY"
	assert_status 3
	assert_output "an auth value is needed, and there is none"
	[ "$(wrong_tries)" -eq "$before" ]
	assert_untouched
}

@test "one that is too long" {
	MODSEAL_PIN=$(printf '%033d' 0) run keygen long.pem p256 --auth
	assert_status 3
	assert_output "can have 32 bytes"
	MODSEAL_PIN=$(printf '%033d' 0) run sign "$KEY"
	assert_status 3
	assert_output "longer than the 32 bytes"
}

@test "a TPM that is locked is left alone, and says how long" {
	tpm_start "$BATS_TEST_TMPDIR/locked"
	tpm2 dictionarylockout --setup-parameters --max-tries=2 --recovery-time=7200 \
		--lockout-recovery-time=7200
	MODSEAL_PIN=right keygen key.pem p256 --auth
	MODSEAL_PIN=wrong run sign key.pem
	assert_status 3
	assert_output "(1 of the 2 that lock the TPM)"
	MODSEAL_PIN=wrong run sign key.pem
	assert_status 3
	assert_output "one more wrong auth value locks it, so none was tried"
	MODSEAL_PIN=wrong run sign key.pem --pin-final-try
	assert_status 3
	assert_output "it is locked now"
	MODSEAL_PIN=right run sign key.pem --pin-final-try
	assert_status 3
	assert_output "the TPM is locked after 2 wrong auth values; it allows one more try in 2 h at most"
	# Keys without an auth value have nothing to guess.
	run keygen free.pem p256
	assert_status 0
	tpm_kill "$BATS_TEST_TMPDIR/locked"
	. "$TPM_DIR/env"
	assert_untouched
}

# The bytes between modseal and TPM, as somebody at the bus has them.
seen_on_bus() { # COMMAND...
	rm -f bus.pcapng
	TCTI_PCAP_FILE=$PWD/bus.pcapng "$@"
	[ -s bus.pcapng ]
}

unseen() { # WORD...: modseal with an auth value
	MODSEAL_PIN=eavesdropped seen_on_bus modseal "$@" --tcti "pcap:$MODSEAL_TCTI"
	run ! grep -qaF eavesdropped bus.pcapng
}

@test "the auth value is not seen on the bus, neither when it is made nor when it is used" {
	local key
	unseen keygen -k bus.pem --type p256 --auth --subject CN=bus
	unseen keygen -k sealed.pem --type rsa2048 --auth --pcr sha256:16 --subject CN=bus
	unseen keygen -k recovery.pem --type p256 --recovery-auth --pcr sha256:16 --subject CN=bus
	unseen keygen -k handle:0x81010007 --type p256 --auth --subject CN=bus
	for key in bus.pem sealed.pem handle:0x81010007; do
		unseen sign -k $key "$module"
		cp before.ko "$module"
	done
	unseen sign -k sealed.pem --hash sha3-256 "$module" # by TPM2_RSA_Decrypt
	cp before.ko "$module"
	extend
	unseen sign -k recovery.pem "$module"
	tpm2 pcrreset 16
	tpm2 evictcontrol -C o -c 0x81010007
	# The test sees what is there: a password session shows it.
	tpm2 createprimary -C o -c parent.ctx
	seen_on_bus timeout 60 tpm2_create -T "pcap:$MODSEAL_TCTI" -C parent.ctx -p eavesdropped \
		-u k.pub -r k.priv </dev/null >/dev/null 2>&1
	grep -qaF eavesdropped bus.pcapng
	tpm2 flushcontext -t
}

@test "a key without an auth value pays for no session" {
	keygen key.pem p256
	run sign key.pem --tcti \
		"cmd:python3 $TOP/tests/tpm/proxy.py $MODSEAL_TCTI StartAuthSession 1 fail=101"
	assert_status 0
	assert_signed key.pem
}

persistent_storage_key() { # HANDLE TYPE
	tpm2 createprimary -C o -G "$2" -c parent.ctx
	tpm2 evictcontrol -C o -c parent.ctx "$1"
	tpm2 flushcontext -t
}

@test "the salt key may be named" {
	persistent_storage_key 0x81000011 ecc
	MODSEAL_PIN='open sesame' run sign "$KEY" --salt-key 0x81000011
	assert_status 0
	MODSEAL_PIN='open sesame' run sign "$KEY" --salt-key 0x81000077
	assert_status 3
	assert_output 0x81000077
	tpm2 evictcontrol -C o -c 0x81000011
}

@test "a salt key that was named when the key was made is used, and noticed when it is another" {
	persistent_storage_key 0x81000012 ecc
	MODSEAL_PIN=one keygen key.pem p256 --auth --salt-key 0x81000012
	MODSEAL_PIN=one keygen handle:0x81010008 p256 --auth --salt-key 0x81000012 --out cert.pem
	MODSEAL_PIN=one run sign key.pem
	assert_status 0
	MODSEAL_PIN=one run sign handle:0x81010008
	assert_status 0
	assert_signed cert.pem
	tpm2 evictcontrol -C o -c 0x81000012
	persistent_storage_key 0x81000012 rsa2048
	for key in key.pem handle:0x81010008; do
		MODSEAL_PIN=one run sign $key
		assert_status 3
		assert_output "the storage key at 0x81000012 is another one than when the key was made"
	done
	assert_untouched
	tpm2 evictcontrol -C o -c 0x81000012
	tpm2 evictcontrol -C o -c 0x81010008
}

@test "a persistent key with an auth value, of ours and of another program" {
	MODSEAL_PIN=one run modseal keygen -k handle:0x81010005 --type p256 --auth --subject CN=5 \
		--out cert.pem
	assert_status 0
	MODSEAL_PIN=one run sign handle:0x81010005
	assert_status 0
	assert_signed cert.pem
	run sign handle:0x81010005
	assert_status 3
	rm -r "$XDG_STATE_HOME/modseal" # as if another program had made it
	MODSEAL_PIN=one run sign handle:0x81010005 -c cert.pem
	assert_status 0
	assert_signed cert.pem
	tpm2 evictcontrol -C o -c 0x81010005
}

@test "a parent that was exchanged under the persistent key is noticed" {
	MODSEAL_PIN=one modseal keygen -k handle:0x81010006 --type p256 --auth --subject CN=6
	sed -i "s/^\(# modseal-parent-name: 000b\)..../\10000/" \
		"$XDG_STATE_HOME/modseal/tpm/0x81010006.pem"
	MODSEAL_PIN=one run sign handle:0x81010006
	assert_status 3
	assert_output "is another one than when the key was made"
	tpm2 evictcontrol -C o -c 0x81010006
	assert_untouched
}
