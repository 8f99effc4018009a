# SPDX-License-Identifier: Apache-2.0
# Certificates for keys that never leave their token: openssl lays out the certificate with a
# throw-away key of the same type, the token signs what is to be signed, and the two are put
# together. Sourced by make; needs $work (a scratch directory), $module and $pin.

# The extensions that the kernel's documentation asks for. With a public key they name it by
# hand: openssl would take the throw-away key for the issuer's.
extensions() # [PUBKEY.pem]
{
	local at id=hash auth=keyid
	if [ $# -gt 0 ]; then
		at=$(openssl asn1parse -in "$1" | awk -F: '/BIT STRING/ { print $1 + 0 }')
		openssl asn1parse -in "$1" -strparse "$at" -noout -out "$1.bits"
		id=$(sha1sum <"$1.bits" | cut -c1-40)
		auth=DER:30168014$id
	fi
	cat <<-EOF
		basicConstraints=critical,CA:FALSE
		keyUsage=digitalSignature
		subjectKeyIdentifier=$id
		authorityKeyIdentifier=$auth
	EOF
}

unhex()
{
	printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"
}

# der TAG FILE...: one DER element whose content is these files.
der()
{
	local tag=$1 len hex
	shift
	len=$(cat "$@" | wc -c)
	hex=$(printf '%02x' "$len")
	[ $((${#hex} % 2)) -eq 0 ] || hex=0$hex
	[ "$len" -lt 128 ] || hex=$(printf '%02x' $((128 + ${#hex} / 2)))$hex
	unhex "$tag$hex"
	cat "$@"
}

# token_sign TOKEN ID KIND FILE: writes FILE.sig, made by the token with SHA-256.
token_sign()
{
	local token=$1 id=$2 kind=$3 file=$4 how=(--mechanism SHA256-RSA-PKCS)
	cp "$file" "$file.input"
	if [ "$kind" = ec ]; then # SoftHSM2 signs bare digests only
		openssl dgst -sha256 -binary -out "$file.input" "$file"
		how=(--mechanism ECDSA --signature-format openssl)
	fi
	p11 "$token" --login --pin "$pin" --sign --id "$id" "${how[@]}" \
		--input-file "$file.input" --output-file "$file.sig"
}

# self_signed TOKEN ID KIND SUBJECT PUBKEY.pem OUT.der [DATES]: KIND is rsa or ec; DATES is a sed
# script that alters the two dates (YYMMDDHHMMSSZ).
self_signed()
{
	local token=$1 id=$2 kind=$3 subject=$4 pub=$5 out=$6 dates=${7-} days=36500 t alg
	[ -z "$dates" ] || days=1
	t=$(mktemp -d "$work/cert.XXXXXX")
	cp "$pub" "$t/pub.pem"
	extensions "$t/pub.pem" >"$t/ext"
	openssl x509 -new -subj "$subject" -force_pubkey "$pub" -signkey "$work/template.$kind.pem" \
		-sha256 -days $days -extfile "$t/ext" -outform DER -out "$t/template"
	openssl asn1parse -inform DER -in "$t/template" -strparse 4 -noout -out "$t/tbs"
	alg=$((4 + $(wc -c <"$t/tbs"))) # AlgorithmIdentifier: right behind
	tail -c +$((alg + 1)) "$t/template" >"$t/rest"
	head -c $((2 + $(od -An -tu1 -j1 -N1 "$t/rest"))) "$t/rest" >"$t/alg"
	[ -z "$dates" ] || LC_ALL=C sed -i "$dates" "$t/tbs"
	token_sign "$token" "$id" "$kind" "$t/tbs"
	unhex 00 | cat - "$t/tbs.sig" >"$t/sig" # no unused bits
	der 03 "$t/sig" >"$t/bits"
	der 30 "$t/tbs" "$t/alg" "$t/bits" >"$out"
}
