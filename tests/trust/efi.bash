# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # files that load it use the variables
# Machines with UEFI and shim, as directories; loaded behind ../lib/common. Their lists are made by efitools
# and mokutil, which know nothing of us.

SHIM=605dab50-e046-4300-abb6-3dd810dd8b23
GLOBAL=8be4df61-93ca-11d2-aa0d-00e098032b8c
SECURITY=d719b2cb-3d3a-4596-a3bc-dad00e67656f

# Certificates of all tests of a file, in $CERTS: good (for modules only), boots (without that purpose),
# ca, vendor; each as .der, .pem, .key.
make_certs() {
	CERTS=$BATS_FILE_TMPDIR/certs
	export CERTS
	mkdir "$CERTS"
	certificate good 'basicConstraints=critical,CA:FALSE' 'keyUsage=digitalSignature' \
		'extendedKeyUsage=codeSigning,1.3.6.1.4.1.2312.16.1.2'
	certificate boots 'basicConstraints=critical,CA:FALSE' 'keyUsage=digitalSignature'
	certificate ca 'basicConstraints=critical,CA:TRUE' 'keyUsage=keyCertSign,cRLSign' \
		'extendedKeyUsage=codeSigning,1.3.6.1.4.1.2312.16.1.2'
	certificate vendor 'basicConstraints=critical,CA:TRUE' 'keyUsage=keyCertSign'
}

certificate() { # NAME EXTENSION...
	local name=$1 ext=()
	shift
	for e; do ext+=(-addext "$e"); done
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$CERTS/$name.key" -out "$CERTS/$name.pem" \
		-subj "/CN=Test $name" -days 3000 -config /dev/stdin "${ext[@]}" 2>/dev/null <<-END
		[req]
		distinguished_name = dn
		[dn]
	END
	openssl x509 -in "$CERTS/$name.pem" -outform DER -out "$CERTS/$name.der"
}

# Appends to a variable of a machine: bytes of standard input behind attributes.
variable() { # ROOT NAME GUID
	local file=$1/sys/firmware/efi/efivars/$2-$3
	[ -s "$file" ] || printf '\x07\0\0\0' >"$file"
	cat >>"$file"
}

flag() { # ROOT NAME GUID VALUE
	printf '%b' "\\x0$4" | variable "$1" "$2" "$3"
}

# Certificates into a list, each in a list of its own.
enrolled() { # ROOT NAME GUID CERT...
	local root=$1 name=$2 guid=$3
	shift 3
	for cert; do
		cert-to-efi-sig-list -g "$SHIM" "$CERTS/$cert.pem" "$BATS_TEST_TMPDIR/esl" >/dev/null
		variable "$root" "$name" "$guid" <"$BATS_TEST_TMPDIR/esl"
	done
}

# A machine under Secure Boot with shim, and Linux 6.12 with .machine.
machine() { # ROOT
	mkdir -p "$1"/sys/firmware/efi/efivars "$1"/proc "$1"/boot
	echo "Linux version 6.12.1 (someone@somewhere) (gcc) #1 SMP" >"$1/proc/version"
	cat >"$1/boot/config-6.12.1" <<-END
		CONFIG_MODULE_SIG=y
		CONFIG_LOAD_UEFI_KEYS=y
		CONFIG_INTEGRITY_PLATFORM_KEYRING=y
		CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT=y
		CONFIG_INTEGRITY_MACHINE_KEYRING=y
		CONFIG_CRYPTO_ECDSA=y
	END
	flag "$1" SecureBoot $GLOBAL 1
	flag "$1" SetupMode $GLOBAL 0
	flag "$1" MokListTrustedRT $SHIM 1
	enrolled "$1" MokListRT $SHIM vendor
}

# mokutil on the same machine. The kernel that runs here has no say.
mokutil_on() { # ROOT ARGUMENT...
	local root=$1
	shift
	EFIVARFS_PATH=$root/sys/firmware/efi/efivars/ timeout 30 mokutil --ignore-keyring "$@" </dev/null
}

variables_of() { # ROOT
	find "$1/sys/firmware/efi/efivars" -type f -printf '%f\n' | sort
}

assert_same_variables() { # ROOT ROOT
	diff -r "$1/sys/firmware/efi/efivars" "$2/sys/firmware/efi/efivars"
}

# What the tests of `trust enrol` share: certificates, hashes of the password "secret" by SHA-512 (also
# $HASH) and SHA-256, and a machine "ours" ($VARS: its variables) in the test's directory.
enrol_setup_file() {
	common_setup_file
	make_certs
	openssl passwd -6 -salt abcdefgh secret >"$BATS_FILE_TMPDIR/sha512"
	openssl passwd -5 -salt abcdefgh secret >"$BATS_FILE_TMPDIR/sha256"
}

enrol_setup() {
	cd "$BATS_TEST_TMPDIR"
	machine ours
	HASH=$BATS_FILE_TMPDIR/sha512
	VARS=ours/sys/firmware/efi/efivars
}

enrol() {
	modseal trust enrol --root ours "$@"
}
