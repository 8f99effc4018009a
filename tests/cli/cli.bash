# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # bats sets what `run` leaves
# What the files of this folder share; loaded behind ../lib/common.

KEY='pkcs11:token=modseal;object=rsa2048'

# Signs with the token's RSA-2048 key and the certificate that lies beside it there.
sign() {
	modseal_pin sign --module "$MODSEAL_P11" -k "$KEY" "$@"
}

verify() {
	modseal verify -c "$MODSEAL_FIXTURES/rsa2048.pem" "$@"
}

# One value of --json: the program's standard output is `output`.
assert_json() { # JQ-EXPRESSION
	jq -es "$1" >/dev/null <<<"$output" || { said "not so: $1"; return 1; }
}

# A file's bytes in front of its last signature go to FILE.bare, the CMS to FILE.cms.
take_apart() { # FILE
	cp "$1" "$1.bare"
	"$TOP/tests/lib/unsign" --last "$1.bare" "$1.cms"
}

# OpenSSL finds the signature good.
assert_openssl() { # FILE CERT.pem
	take_apart "$1"
	openssl cms -verify -binary -inform DER -in "$1.cms" -content "$1.bare" -certfile "$2" \
		-nointern -noverify -out /dev/null
	rm "$1.bare" "$1.cms"
}

# The directory holds these names and no other, hidden ones included.
assert_files() { # DIR NAME...
	local dir=$1 is should
	shift
	is=$(find "$dir" -mindepth 1 ! -type d -printf '%P\n' | sort)
	should=$(printf '%s\n' "$@" | sort)
	[ "$is" = "$should" ] || { printf 'it holds:\n%s\ninstead of:\n%s\n' "$is" "$should"; return 1; }
}

# Appends to a file what stands before the CMS of a module, in the order of struct module_signature.
module_signature() { # SIG_LEN [ALGO HASH ID_TYPE SIGNER_LEN KEY_ID_LEN PAD0 PAD1 PAD2]
	local sig_len=$1 fields=(0 0 2 0 0 0 0 0) hex
	shift
	[ $# -eq 0 ] || fields=("$@")
	hex=$(printf '%02x' "${fields[@]}")$(printf '%08x' "$sig_len")
	printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")"
	echo '~Module signature appended~'
}
