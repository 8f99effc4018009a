# SPDX-License-Identifier: Apache-2.0
# Keys that modseal makes, certifies and imports, in a copy of the fixtures and in a TPM in software;
# and what of them is in the firmware's `db` and `dbx`. Sourced by run.

key_types=(rsa2048 rsa4096 p256 p384)

make_keys() {
	local empty='pkcs11:token=empty' type
	cp -a "$fixtures" "$work/tokens"
	sed -i "s|^directories.tokendir = .*|directories.tokendir = $work/tokens/tokens|" \
		"$work/tokens/softhsm2.conf"
	export SOFTHSM2_CONF=$work/tokens/softhsm2.conf
	modseal keygen -k "$empty;object=made" --type rsa2048 --subject 'CN=made by keygen' \
		--out "$work/made.der"
	modseal keygen -k "$empty;object=ca" --type rsa2048 --subject 'CN=made to sign others' \
		--profile ca --out "$work/made-ca.der"
	for type in "${key_types[@]}"; do
		make_leaf "$type"
		make_revoked "$type" revoked
		make_revoked "$type" hash-revoked
	done
	modseal import -k "$empty;object=imported" --cert "$fixtures/soft/rsa3072.der" \
		"$fixtures/soft/rsa3072.key.pem"
	make_tpm_key rsa rsa2048
	make_tpm_key p256 p256
}

# A key whose certificate is signed by made-ca, which alone is in `db`.
make_leaf() { # TYPE
	local key="pkcs11:token=empty;object=leaf-$1"
	modseal keygen -k "$key" --type "$1" --no-cert
	modseal csr -k "$key" --subject "CN=leaf $1" --out "$work/leaf.csr"
	modseal cert --csr "$work/leaf.csr" --issuer-key 'pkcs11:token=empty;object=ca' \
		--out "$work/leaf-$1.der"
}

# Its certificate is in `db` and in `dbx`, there as it is or by its hash.
make_revoked() { # TYPE NAME
	modseal keygen -k "pkcs11:token=empty;object=$2-$1" --type "$1" --subject "CN=$2 $1" \
		--out "$work/$2-$1.der"
}

# Sealed to PCR 7, in a TPM in software that runs until all is over.
make_tpm_key() { # NAME TYPE
	[ -d "$work/tpm" ] || timeout 20 "$top/softhsm-fixtures/tpm" start "$work/tpm"
	. "$work/tpm/env"
	modseal keygen -k "$work/tpm-$1.pem" --type "$2" --subject "CN=sealed $1" --pcr sha256:7 \
		--out "$work/tpm-$1.der"
}

# Certificates of all keys that sign here, in PEM.
all_certs() {
	local cert
	cat "$fixtures"/{rsa2048,rsa4096,p256,p384,chain}.pem \
		"$fixtures"/soft/{rsa2048,rsa3072,rsa4096,p256,p384}.pem
	for cert in "$work"/*.der; do
		openssl x509 -inform DER -in "$cert"
	done
}

# What the firmware of a kernel's boot holds. Needs $kernel and its modules.
make_vars() {
	local db=("$fixtures"/{rsa2048,rsa4096,p256,p384,ca}.der "$fixtures/soft/rsa3072.der"
		"$work"/{made,made-ca,tpm-rsa,tpm-p256}.der "$work"/{,hash-}revoked-*.der)
	local by_hash=("$work"/hash-revoked-*.der) files=("$kernel"/*.revoked)
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$kernel/vars.fd"
	"$here/ovmf-add" "$kernel/vars.fd" db "${db[@]}"
	"$here/ovmf-add" "$kernel/vars.fd" dbx "$work"/revoked-*.der \
		"${by_hash[@]/#/revoke-hash:}" "${files[@]/#/sha256:}"
}
