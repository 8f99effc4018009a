# SPDX-License-Identifier: Apache-2.0
# Ways to come to a signed module, and ways to spoil one: what is handed to the booted kernel beside
# the cells of matrix.bash. Sourced by run, which calls `cases`. Each way is
#
#   try NAME STEP...   each step is a command; it gets the path of the file as its last argument,
#                      which at first is a copy of an unsigned module of that kernel
#
# keys.bash says which certificates that kernel finds in the firmware.

cases() {
	try rsa4096-key-id "sign modseal rsa4096 --key-id ski"
	try p256-key-id "sign modseal p256 --key-id ski"
	try drop-in "drop_in sha256 modseal rsa2048"
	try drop-in-key-id "drop_in -k sha256 modseal rsa2048"
	try detached-attached "detach_attach modseal rsa2048"
	try leaf-alone "sign odd leaf"
	try leaf-with-chain "sign odd leaf --embed-certs $fixtures/chain.pem"
	try made-key "sign empty made"
	try imported-key "sign empty imported"
	try tpm-rsa2048-sealed "tpm_sign rsa"
	try tpm-p256-sealed "tpm_sign p256"

	try debians-own shipped
	try re-signed shipped "sign modseal rsa2048"
	try re-signed-by-foreign shipped "sign soft rsa2048"
	try stacked "sign soft rsa2048" "sign modseal rsa2048 --stack"
	try foreign-on-top "sign modseal rsa2048" "sign soft rsa2048 --stack"

	try unsigned
	try stripped "sign modseal rsa2048" strip
	try tampered-signature "sign modseal rsa2048" tamper_signature
	try content-revoked "letter q" keep_revoked "sign modseal rsa2048"
	try file-revoked "letter x" "sign modseal rsa2048" keep_revoked

	# rsa3072 of the token `soft` is in `db`, too; openssl makes what modseal does not.
	try openssl-sha1 "openssl_sign -md sha1 -noattr -nocerts"
	try openssl-sha224 "openssl_sign -md sha224 -noattr -nocerts"
	try openssl-certificate "openssl_sign -noattr"
	try openssl-attributes "openssl_sign -nocerts -nosmimecap"
	try openssl-smimecap "openssl_sign -nocerts"
	try openssl-pss "openssl_sign -noattr -nocerts -keyopt rsa_padding_mode:pss"
	try openssl-content "openssl_sign -noattr -nocerts -nodetach"
	try wrong-type "sign modseal rsa2048" "alter_struct 2 1"
	try wrong-field "sign modseal rsa2048" "alter_struct 0 1"
	try wrong-length "sign modseal rsa2048" "alter_struct 8 127"
	try garbage "append_cms $here/init"

	if configured MODULE_DECOMPRESS && configured MODULE_COMPRESS_XZ; then
		try xz compress "sign modseal rsa2048"
		try xz-p256 compress "sign modseal p256"
		try xz-again compress "sign modseal rsa2048" "sign modseal rsa4096"
		try xz-tampered "sign modseal rsa2048" flip compress
		try xz-foreign compress "sign soft rsa2048"
	else
		skip 5 "xz: this kernel unpacks no modules"
	fi
}

sign() { # TOKEN KEY [OPTION...] FILE...
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

# Another letter in its .modinfo, where only modprobe would look: still a module, but not the one
# that was signed.
flip() { # FILE
	letter z "$1"
}

letter() { # LETTER FILE
	sed -i "s/depends=/depen$1s=/" "$2"
}

# As it is now its SHA-256 comes into `dbx`.
keep_revoked() { # FILE
	cp "$1" "$kernel/${1##*/}.revoked"
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

openssl_sign() { # OPTION... FILE
	local file=${*: -1} key=$fixtures/soft/rsa3072
	openssl cms -sign -binary -outform DER -md sha256 -signer "$key.pem" -inkey "$key.key.pem" \
		-in "$file" -out "$work/cms" "${@:1:$#-1}"
	append_cms "$work/cms" "$file"
}

# struct module_signature: 2 is PKCS#7, the last four bytes are the length.
append_cms() { # CMS FILE
	local length
	length=$(printf '%08x' "$(stat -c %s "$1")")
	{
		cat "$1"
		printf '\0\0\2\0\0\0\0\0%b' "$(sed 's/../\\x&/g' <<<"$length")"
		printf '~Module signature appended~\n'
	} >>"$2"
}

alter_struct() { # OFFSET BYTE FILE
	printf '%b' "\\x$(printf %02x "$2")" |
		dd of="$3" bs=1 seek=$(($(stat -c %s "$3") - 40 + $1)) conv=notrunc status=none
}
