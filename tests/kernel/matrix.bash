# SPDX-License-Identifier: Apache-2.0
# The matrix: keys x hashes x damages, a file each, KEY-HASH-DAMAGE. Sourced by run.
#
#   good              by a key whose certificate is in `db`
#   flipped, cut      the same with a letter changed; without its last bytes
#   foreign           by a key that nobody trusts
#   leaf              by a key that a CA in `db` vouches for
#   revoked           by a key whose certificate is in `db` and in `dbx`
#   hash-revoked      ... in `db`, its hash in `dbx`
#   ...-embedded      the same with the signer's certificate in the signature

hashes=(sha256 sha384 sha512 sha3-256 sha3-384 sha3-512)

matrix() {
	local type hash
	for type in "${key_types[@]}"; do
		for hash in "${hashes[@]}"; do
			must cells
		done
	done
}

# Needs $type and $hash.
cells() {
	cell modseal "$type" good flipped cut --
	flip "$(module "$type-$hash-flipped")"
	cut_tail "$(module "$type-$hash-cut")"
	cell soft "$type" foreign --
	certified leaf
	certified revoked
	certified hash-revoked
}

certified() { # DAMAGE
	local cert=$work/$1-$type.der
	cell empty "$1-$type" "$1" -- -c "$cert"
	cell empty "$1-$type" "$1-embedded" -- -c "$cert" --embed-certs "$cert"
}

# One or more files at once.
cell() { # TOKEN KEY DAMAGE... -- OPTION...
	local token=$1 key=$2 files=() file
	shift 2
	while [ "$1" != -- ]; do
		file=$(module "$type-$hash-$1")
		cp "$work/bare.ko" "$file"
		files+=("$file")
		shift
	done
	sign "$token" "$key" --hash "$hash" "${@:2}" "${files[@]}"
}
