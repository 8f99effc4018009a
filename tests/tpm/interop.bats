#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Other programs' keys here, ours there.

load ../lib/common
load tpm

setup_file() {
	tpm_setup_file
	# The parent that a file's 0x40000001 stands for, for tpm2-tools.
	export PARENT=$BATS_FILE_TMPDIR/parent.ctx
	tpm2 createprimary -C o -G ecc -g sha256 -c "$PARENT" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
	tpm2 flushcontext -t
}

LOCKED='fixedtpm|fixedparent|sensitivedataorigin'

# A certificate for a key of whatever making.
certify() { # KEY [OPTION...]
	modseal cert -k "$1" --subject CN=x --out cert.pem "${@:2}"
}

create() { # ALGORITHM ATTRIBUTES [OPTION...]: k.pub, k.priv
	rm -f k.pub k.priv
	tpm2 create -C "$PARENT" -G "$1" -u k.pub -r k.priv -a "$2" "${@:3}"
	tpm2 flushcontext -t
}

encode() { # [OPTION...]: k.pem
	python3 "$TOP/tests/tpm/encode_key.py" "$@" k.pub k.priv k.pem
}

# -- tpm2-openssl -----------------------------------------------------------------------------

@test "tpm2-openssl's keys sign here" {
	openssl_tpm2 genpkey -algorithm RSA -pkeyopt bits:2048 -out rsa.pem
	openssl_tpm2 genpkey -algorithm EC -pkeyopt group:P-256 -out p256.pem
	openssl_tpm2 genpkey -algorithm EC -pkeyopt group:P-384 -out p384.pem
	openssl_tpm2 genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt user-auth:abc -out auth.pem
	flush_sessions
	for key in rsa p256 p384 auth; do
		MODSEAL_PIN=abc run certify $key.pem
		assert_status 0
		MODSEAL_PIN=abc run sign $key.pem -c cert.pem
		assert_status 0
		assert_signed cert.pem
	done
	run sign auth.pem -c cert.pem
	assert_status 3
	assert_output "an auth value is needed"
}

@test "our keys sign in tpm2-openssl" {
	keygen rsa.pem rsa2048
	keygen p256.pem p256
	keygen p384.pem p384
	MODSEAL_PIN=abc keygen auth.pem p256 --auth
	MODSEAL_PIN=abc keygen rsa-auth.pem rsa2048 --auth
	echo content >content
	for key in rsa p256 p384 auth rsa-auth; do
		openssl_tpm2 dgst -sha256 -passin pass:abc -sign $key.pem -out signature content
		openssl x509 -in $key.pem -pubkey -noout -out pub.pem
		run openssl dgst -sha256 -verify pub.pem -signature signature content
		assert_output "Verified OK"
	done
	flush_sessions
}

@test "tpm2-openssl makes a certificate by our key, and we find it beside the key" {
	modseal keygen -k key.pem --type p256 --no-cert
	openssl_tpm2 req -new -x509 -key key.pem -subj /CN=theirs -out cert.pem
	flush_sessions
	cat cert.pem >>key.pem
	run sign key.pem
	assert_status 0
	assert_signed cert.pem
}

@test "a persistent handle of ours in tpm2-openssl" {
	modseal keygen -k handle:0x81010030 --type rsa2048 --subject CN=30 --out cert.pem
	echo content >content
	openssl_tpm2 dgst -sha256 -sign handle:0x81010030 -out signature content
	flush_sessions
	openssl x509 -in cert.pem -pubkey -noout -out pub.pem
	run openssl dgst -sha256 -verify pub.pem -signature signature content
	assert_output "Verified OK"
	tpm2 evictcontrol -C o -c 0x81010030
}

# -- tpm2-tools -------------------------------------------------------------------------------

@test "tpm2-tools' key files sign here, although 5.4 turns their auth flag round" {
	for auth in '' -p; do
		create ecc "$LOCKED|userwithauth|sign" ${auth:+-p abc}
		tpm2 encodeobject -C "$PARENT" -u k.pub -r k.priv $auth -o k.pem
		tpm2 flushcontext -t
		flush_sessions
		MODSEAL_PIN=abc run certify k.pem
		[ -n "$auth" ] || run certify k.pem
		assert_status 0
		MODSEAL_PIN=${auth:+abc} run sign k.pem -c cert.pem
		assert_status 0
		assert_signed cert.pem
	done
}

@test "our key files are loaded by tpm2-tools" {
	local type auth scheme
	head -c 32 /dev/urandom >digest
	for type in rsa2048 p256 p384; do
		scheme=ecdsa
		[ $type != rsa2048 ] || scheme=rsassa
		for auth in '' abc; do
			rm -f key.pem
			MODSEAL_PIN=abc keygen key.pem $type ${auth:+--auth}
			tpm2 load -r key.pem -c key.ctx
			tpm2 flushcontext -t
			tpm2 sign -c key.ctx ${auth:+-p $auth} -g sha256 -s $scheme -d -f plain -o signature digest
			tpm2 flushcontext -t
			openssl x509 -in key.pem -pubkey -noout -out pub.pem
			openssl pkeyutl -verify -pubin -inkey pub.pem -in digest -sigfile signature \
				-pkeyopt digest:sha256
		done
	done
}

@test "persistent keys of tpm2-tools, RSA and EC, with and without noDA" {
	local handle=0x81010040
	for key in "rsa2048 $LOCKED|userwithauth|sign" "ecc $LOCKED|userwithauth|sign|noda" \
		"ecc384 $LOCKED|userwithauth|sign|decrypt"; do
		# shellcheck disable=SC2086
		create $key
		tpm2 load -C "$PARENT" -u k.pub -r k.priv -c k.ctx
		tpm2 evictcontrol -C o -c k.ctx $handle
		tpm2 flushcontext -t
		run certify handle:$handle
		assert_status 0
		run sign handle:$handle -c cert.pem
		assert_status 0
		assert_signed cert.pem
		tpm2 evictcontrol -C o -c $handle
	done
}

@test "keys whose scheme is fixed" {
	create rsa2048:rsassa-sha256 "$LOCKED|userwithauth|sign|noda"
	encode
	certify k.pem
	run sign k.pem -c cert.pem
	assert_status 0
	assert_signed cert.pem
	run sign k.pem -c cert.pem --hash sha512
	assert_status 3
	assert_output "its scheme is fixed to another hash"
	create ecc256:ecdsa-sha384 "$LOCKED|userwithauth|sign|noda"
	encode
	certify k.pem
	for hash in sha256 sha384 sha512; do
		run sign k.pem -c cert.pem --hash $hash
		assert_status 0
		assert_signed cert.pem
	done
	create ecc384:ecdsa-sha256 "$LOCKED|userwithauth|sign|noda"
	encode
	certify k.pem --hash sha256
	run sign k.pem -c cert.pem --hash sha384
	assert_status 3
	assert_output "fixed to a shorter hash"
	create rsa2048:rsapss-sha256:null "$LOCKED|userwithauth|sign|noda"
	encode
	run sign k.pem -c cert.pem
	assert_status 3
	assert_output "another than RSASSA"
	assert_untouched
}

# -- openssl_tpm2_engine's ways ---------------------------------------------------------------

@test "RSA keys that only decrypt, as openssl_tpm2_engine makes them, sign by decryption" {
	create rsa2048 "sensitivedataorigin|userwithauth|decrypt|noda"
	encode
	certify k.pem
	for hash in sha256 sha512 sha3-384; do
		run sign k.pem -c cert.pem --hash $hash
		assert_status 0
		assert_signed cert.pem
	done
}

@test "its auth flag: absent means needed" {
	create ecc "sensitivedataorigin|userwithauth|sign|noda" -p abc
	encode --empty-auth absent
	MODSEAL_PIN=abc certify k.pem
	run sign k.pem -c cert.pem
	assert_status 3
	assert_output "an auth value is needed"
	MODSEAL_PIN=abc run sign k.pem -c cert.pem
	assert_status 0
	assert_signed cert.pem
}

# pcr_policy [OPTION...]: policy.digest of PCRs 7 and 16, both zero; the bytes of its parts.
pcr_policy() {
	tpm2 pcrreset 16
	tpm2 startauthsession -S session.ctx
	[ "${1-}" != auth ] || tpm2 policyauthvalue -S session.ctx
	tpm2 policypcr -S session.ctx -l sha256:7,16 -L policy.digest
	tpm2 flushcontext session.ctx
	selection=00000001000b03800001
	digest=$(head -c 64 /dev/zero | openssl dgst -sha256 -r | cut -d' ' -f1)
}

@test "PCR policies in both byte forms" {
	pcr_policy
	create ecc "sensitivedataorigin|sign|noda" -L policy.digest
	for body in "$selection$digest" "0020$digest$selection"; do
		encode --policy "17f:$body"
		run modseal inspect k.pem
		assert_output "TPM2_PolicyPCR       sha256:7,16"
		refute_output problem
		certify k.pem
		run sign k.pem -c cert.pem
		assert_status 0
		assert_signed cert.pem
		extend
		run sign k.pem -c cert.pem
		assert_status 3
		assert_output "at least one of the PCRs sha256:7,16"
		tpm2 pcrreset 16
	done
	assert_untouched
}

@test "auth and PCR policies" {
	pcr_policy auth
	create ecc "sensitivedataorigin|sign|noda" -L policy.digest -p abc
	encode --empty-auth absent --policy 16b: --policy "17f:$selection$digest"
	MODSEAL_PIN=abc certify k.pem
	MODSEAL_PIN=abc run sign k.pem -c cert.pem
	assert_status 0
	assert_signed cert.pem
	MODSEAL_PIN=abd run sign k.pem -c cert.pem
	assert_status 3
}

hex() { # FILE
	od -An -v -tx1 "$1" | tr -d ' \n'
}

# What openssl_tpm2_engine --signed-policy writes, by other hands: the policies by tpm2-tools, the
# signature by openssl.
@test "signed policies (authPolicy), their key RSA and EC" {
	local kind signature algorithm
	for kind in rsa ecc; do
		if [ $kind = rsa ]; then
			openssl genpkey -algorithm RSA -out policy.key
		else
			openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out policy.key
		fi 2>/dev/null
		openssl pkey -in policy.key -pubout -out policy.pub
		tpm2 loadexternal -C o -G $kind -u policy.pub -c verifier.ctx -n verifier.name
		tpm2 readpublic -c verifier.ctx -f tss -o verifier.pub
		tpm2 flushcontext -t
		printf 'some reference' >ref
		tpm2 startauthsession -S session.ctx
		tpm2 policyauthorize -S session.ctx -n verifier.name -q ref -L authorize.digest
		tpm2 flushcontext session.ctx
		create ecc "sensitivedataorigin|sign|noda" -L authorize.digest
		extend
		tpm2 startauthsession -S session.ctx
		tpm2 policypcr -S session.ctx -l sha256:16 -L pcr.digest
		tpm2 flushcontext session.ctx
		cat pcr.digest ref | openssl dgst -sha256 -sign policy.key -out signature
		if [ $kind = rsa ]; then
			signature=0014000b0100$(hex signature)
		else
			signature=0018000b$(openssl asn1parse -inform DER -in signature | awk -F: '
				/INTEGER/ { n = tolower($NF); while (length(n) < 64) n = "0" n; printf "0020" n }')
		fi
		key=$(hex verifier.pub)$(printf '%04x' "$(stat -c %s ref)")$(hex ref)
		tpm2 pcrread sha256:16 -o pcr
		encode --policy "16a:${key}0010" --approved \
			"17f:00000001000b03000001$(openssl dgst -sha256 -r pcr | cut -d' ' -f1)" \
			--approved "16a:$key$signature"
		run modseal inspect k.pem
		assert_output "approved     theirs"
		refute_output problem
		certify k.pem
		run sign k.pem -c cert.pem
		assert_status 0
		assert_signed cert.pem
		tpm2 pcrreset 16
		run sign k.pem -c cert.pem
		assert_status 3
		assert_output "PCR sha256:16"
		run modseal tpm approve k.pem --pcr sha256:16 --policy-key policy.key
		assert_status 0
		run sign k.pem -c cert.pem
		assert_status 0
		assert_signed cert.pem
	done
}

@test "command code and locality policies; one that is not supported is named" {
	tpm2 startauthsession -S session.ctx
	tpm2 policycommandcode -S session.ctx TPM2_CC_Sign -L policy.digest
	tpm2 flushcontext session.ctx
	create ecc "sensitivedataorigin|sign|noda" -L policy.digest
	encode --policy 16c:0000015d
	certify k.pem
	run sign k.pem -c cert.pem
	assert_status 0
	encode --policy 16d:00
	run sign k.pem -c cert.pem
	assert_status 3
	assert_output "the TPM command 0x16d, which is not supported"
}

@test "a description and an RSA parent, which the draft allows" {
	tpm2 createprimary -C o -G rsa2048 -g sha256 -c rsa.ctx \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
	tpm2 create -C rsa.ctx -G ecc -u k.pub -r k.priv -a "$LOCKED|userwithauth|sign"
	tpm2 flushcontext -t
	encode --rsa-parent --description "the old one"
	certify k.pem
	run sign k.pem -c cert.pem
	assert_status 0
	assert_signed cert.pem
	run modseal inspect k.pem
	assert_output "description  the old one"
}

# -- keys that cannot do it -------------------------------------------------------------------

@test "restricted and storage keys, sealed data and others are refused with the reason" {
	while read -r algorithm attributes reason; do
		create $algorithm "$LOCKED|$attributes"
		encode
		run sign k.pem -c "$MODSEAL_FIXTURES/p256.pem"
		assert_status 3
		assert_output "$reason"
		run modseal inspect k.pem
		assert_output "unusable"
		assert_output "$reason"
	done <<-'END'
		ecc:ecdsa-sha256:null userwithauth|sign|restricted it is restricted: it signs only what the TPM itself has made
		ecc userwithauth|decrypt|restricted it is a storage key
		ecc userwithauth|decrypt it was made without the right to sign
		hmac userwithauth|sign it is no RSA or EC key
	END
	assert_untouched
}
