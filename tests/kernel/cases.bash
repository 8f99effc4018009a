# SPDX-License-Identifier: Apache-2.0
# What is handed to the booted kernel and what it should say. Sourced by run, which calls `cases`.
#
#   try NAME EXPECTED STEP...   each step is a command; it gets the path of the file as its last
#                               argument, which at first is a copy of an unsigned module of that
#                               kernel, and makes it into the case
#
# EXPECTED is one of
#   loads
#   unsigned            "Loading of unsigned module is rejected"
#   unavailable key     "Loading of module with unavailable key is rejected"
#   unsupported crypto  "Loading of module with unsupported crypto is rejected"
#   rejected            EKEYREJECTED without a word in the kernel's log
# or "skip: REASON", which is told and counted.
#
# In `db` are the certificates of the token `modseal` (rsa2048, rsa4096, p256, p384), ca.der, and of
# what make_keys made: made.der, made-ca.der, soft/rsa3072.der, tpm-rsa.der, tpm-p256.der.

cases() {
	try rsa2048-sha256 "$(good rsa sha256)" "sign modseal rsa2048"
	try rsa2048-sha384 "$(good rsa sha384)" "sign modseal rsa2048 --hash sha384"
	try rsa4096-sha256 "$(good rsa sha256)" "sign modseal rsa4096"
	try rsa4096-sha512 "$(good rsa sha512)" "sign modseal rsa4096 --hash sha512"
	try rsa4096-sha3-256 "$(good rsa sha3-256)" "sign modseal rsa4096 --hash sha3-256"
	try rsa4096-ski "$(good rsa sha256)" "sign modseal rsa4096 --key-id ski"
	try p256-sha256 "$(good ecdsa sha256)" "sign modseal p256"
	try p256-ski "$(good ecdsa sha256)" "sign modseal p256 --key-id ski"
	try p384-sha384 "$(good ecdsa sha384)" "sign modseal p384 --hash sha384"
	try drop-in "$(good rsa sha256)" "drop_in sha256 modseal rsa2048"
	try drop-in-key-id "$(good rsa sha256)" "drop_in -k sha256 modseal rsa2048"
	try detached-attached "$(good rsa sha256)" "detach_attach modseal rsa2048"
	try leaf-alone "unavailable key" "sign odd leaf"
	try leaf-with-chain "$(good rsa sha256)" "sign odd leaf --embed-certs $fixtures/chain.pem"

	try made-key loads "sign empty made"
	try made-leaf-alone "unavailable key" "sign empty leaf -c $work/made-leaf.der"
	try made-leaf-with-chain loads \
		"sign empty leaf -c $work/made-leaf.der --embed-certs $work/made-leaf.der"
	try imported-key loads "sign empty imported"
	try tpm-rsa2048-sealed loads "tpm_sign rsa"
	try tpm-p256-sealed "$(good ecdsa sha256)" "tpm_sign p256"

	try debians-own loads shipped
	try re-signed loads shipped "sign modseal rsa2048"
	try re-signed-by-foreign "unavailable key" shipped "sign soft rsa2048"
	try stacked loads "sign soft rsa2048" "sign modseal rsa2048 --stack"
	try foreign-on-top "unavailable key" "sign modseal rsa2048" "sign soft rsa2048 --stack"

	try unsigned unsigned
	try stripped unsigned "sign modseal rsa2048" strip
	try foreign-key "unavailable key" "sign soft rsa2048"
	try tampered rejected "sign modseal rsa2048" tamper
	try tampered-p256 "$(refused_if_loads "$(good ecdsa sha256)")" "sign modseal p256" tamper
	try tampered-signature rejected "sign modseal rsa2048" tamper_signature
	try truncated unsigned "sign modseal rsa2048" cut_tail

	local why="skip: this kernel has no MODULE_DECOMPRESS"
	configured MODULE_DECOMPRESS && configured MODULE_COMPRESS_XZ && why=
	try xz "${why:-loads}" compress "sign modseal rsa2048"
	try xz-p256 "${why:-$(good ecdsa sha256)}" compress "sign modseal p256"
	try xz-tampered "${why:-rejected}" "sign modseal rsa2048" tamper compress
	try xz-foreign-key "${why:-unavailable key}" compress "sign soft rsa2048"
}

# Keys that modseal made, certified and imported, in tokens of their own.
make_keys() {
	local empty='pkcs11:token=empty'
	cp -a "$fixtures" "$work/tokens"
	sed -i "s|^directories.tokendir = .*|directories.tokendir = $work/tokens/tokens|" \
		"$work/tokens/softhsm2.conf"
	export SOFTHSM2_CONF=$work/tokens/softhsm2.conf
	modseal keygen -k "$empty;object=made" --type rsa2048 --subject 'CN=made by keygen' \
		--out "$work/made.der"
	modseal keygen -k "$empty;object=ca" --type rsa2048 --subject 'CN=made to sign others' \
		--profile ca --out "$work/made-ca.der"
	modseal keygen -k "$empty;object=leaf" --type rsa2048 --no-cert
	modseal csr -k "$empty;object=leaf" --subject 'CN=signed by the made CA' --out "$work/leaf.csr"
	modseal cert --csr "$work/leaf.csr" --issuer-key "$empty;object=ca" --out "$work/made-leaf.der"
	modseal import -k "$empty;object=imported" --cert "$fixtures/soft/rsa3072.der" \
		"$fixtures/soft/rsa3072.key.pem"
	make_tpm_key rsa rsa2048
	make_tpm_key p256 p256
}

# Sealed to PCR 7, in a TPM in software that runs until all is over.
make_tpm_key() { # NAME TYPE
	[ -d "$work/tpm" ] || timeout 20 "$top/softhsm-fixtures/tpm" start "$work/tpm"
	. "$work/tpm/env"
	modseal keygen -k "$work/tpm-$1.pem" --type "$2" --subject "CN=sealed $1" --pcr sha256:7 \
		--out "$work/tpm-$1.der"
}

# The outcome of a good signature by a key whose certificate is in `db`: it depends on what this
# kernel can compute. There is no modprobe in the initramfs: what it has as a module it has not.
good() { # KEYTYPE HASH
	case $2 in
		sha384 | sha512) configured CRYPTO_SHA512 || { echo unsupported crypto; return; } ;;
		sha3-*) configured CRYPTO_SHA3 || { echo unsupported crypto; return; } ;;
	esac
	# Without ECDSA the certificate cannot be read into the keyring.
	[ "$1" = rsa ] || configured CRYPTO_ECDSA || { echo unavailable key; return; }
	echo loads
}

refused_if_loads() { # OUTCOME
	[ "$1" = loads ] && echo rejected || echo "$1"
}

sign() { # TOKEN KEY [OPTION...] FILE
	local uri="pkcs11:token=$1;object=$2;type=private"
	shift 2
	modseal sign -k "$uri" "$@"
}

tpm_sign() { # NAME FILE
	modseal sign -k "$work/tpm-$1.pem" "$2"
}

drop_in() { # [-k] HASH TOKEN KEY FILE
	local options=()
	[ "$1" != -k ] || { options=(-k); shift; }
	modseal sign-file "${options[@]}" "$1" "pkcs11:token=$2;object=$3;type=private" \
		"$fixtures/$3.der" "$4"
}

detach_attach() { # TOKEN KEY FILE
	sign "$1" "$2" "$3"
	modseal detach "$3"
	modseal strip "$3"
	modseal attach -c "$fixtures/$2.der" "$3"
	rm "$3.p7s"
}

shipped() { # FILE
	cp "$work/shipped.ko" "$1"
}

strip() { # FILE
	modseal strip "$1"
}

# Another letter in its .modinfo: still a module, but not the one that was signed.
tamper() { # FILE
	sed -i 's/license=/licence=/' "$1"
}

# The last bytes before the 40 of struct and marker belong to the signature value.
tamper_signature() { # FILE
	printf '\x5a\xa5\x5a\xa5' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 60)) conv=notrunc \
		status=none
}

cut_tail() { # FILE
	truncate -s -7 "$1"
}

# As kbuild compresses modules.
compress() { # FILE
	xz --check=crc32 --lzma2=dict=1MiB <"$1" >"$1.tmp"
	mv "$1.tmp" "$1"
}
