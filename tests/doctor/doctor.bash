# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Machines for modseal doctor, as directories; loaded behind ../lib/common and ../trust/efi.

# Instead of common_setup_file: no token is needed here. RELEASE is the kernel's that the corpus is of.
doctor_setup_file() {
	[ -x "$MODSEAL" ] || { echo "$MODSEAL is not built" >&2; return 1; }
	"$TOP/tests/lib/corpus" >/dev/null || return 1
	RELEASE=$(modinfo -F vermagic "$(find "$MODSEAL_CORPUS" -name nls_utf8.ko)" | cut -d' ' -f1)
	export RELEASE
}

# A Debian 12 whose kernel enforces nothing: no EFI, no lockdown, an empty log, no modules.
plain_machine() { # ROOT
	mkdir -p "$1"/{proc/sys/kernel,sys/firmware,sys/kernel/security,sys/module/module/parameters} \
		"$1"/{boot,etc/modprobe.d,sbin,modseal} "$1/lib/modules/$RELEASE"
	echo "Linux version $RELEASE (debian-kernel@lists.debian.org) (gcc-12) #1 SMP" >"$1/proc/version"
	echo 'BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro quiet' >"$1/proc/cmdline"
	printf '%s\n' 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' ID=debian >"$1/etc/os-release"
	echo '[none] integrity confidentiality' >"$1/sys/kernel/security/lockdown"
	echo N >"$1/sys/module/module/parameters/sig_enforce"
	echo 0 >"$1/proc/sys/kernel/modules_disabled"
	echo 0 >"$1/proc/sys/kernel/tainted"
	echo /sbin/modprobe >"$1/proc/sys/kernel/modprobe"
	: >"$1/sbin/modprobe"
	: >"$1/modseal/dmesg"
	printf 'name         : sha256\n' >"$1/proc/crypto"
	cat >"$1/boot/config-$RELEASE" <<-'END'
		CONFIG_MODULES=y
		CONFIG_MODVERSIONS=y
		CONFIG_MODULE_SIG=y
		# CONFIG_MODULE_SIG_FORCE is not set
		CONFIG_MODULE_SIG_HASH="sha256"
		CONFIG_SYSTEM_TRUSTED_KEYRING=y
		CONFIG_SYSTEM_TRUSTED_KEYS="debian/certs/debian-uefi-certs.pem"
		CONFIG_SECONDARY_TRUSTED_KEYRING=y
		CONFIG_INTEGRITY_PLATFORM_KEYRING=y
		CONFIG_INTEGRITY_MACHINE_KEYRING=y
		CONFIG_LOAD_UEFI_KEYS=y
		CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT=y
		CONFIG_SECURITY_LOCKDOWN_LSM=y
		CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y
		CONFIG_CRYPTO_RSA=y
		CONFIG_CRYPTO_SHA256=y
	END
}

# Nothing built in is known, and no key is in a keyring that can be filled; `key` lines may follow.
keyrings() { # ROOT; reads lines of modseal/keyrings and /proc/keys, of KEYRING NAME KEYID
	local ring name id serial=16 line rings=(.builtin_trusted_keys .secondary_trusted_keys .machine .platform .blacklist)
	declare -A members=([.secondary_trusted_keys]=' 00000001 00000003')
	: >"$1/proc/keys"
	for ((ring = 0; ring < ${#rings[@]}; ring++)); do
		printf '%08x I------     1 perm 1f030000     0     0 keyring   %s: 1\n' $((ring + 1)) \
			"${rings[ring]}" >>"$1/proc/keys"
	done
	while read -r ring name id; do
		printf '%08x I------     1 perm 1f030000     0     0 asymmetri %s: %s: X509.rsa %s []\n' \
			$serial "$name" "$id" "${id: -8}" >>"$1/proc/keys"
		members[$ring]+=$(printf ' %08x' $serial)
		serial=$((serial + 1))
	done
	for line in "${rings[@]}"; do
		echo "$line${members[$line]-}"
	done >"$1/modseal/keyrings"
}

# The line of a keyring for a certificate, for `keyrings`.
key_line() { # KEYRING CERT
	echo "$1 Test_$2 $(openssl x509 -in "$CERTS/$2.pem" -noout -ext subjectKeyIdentifier |
		tail -n 1 | tr -d ' :\n' | tr A-F a-f)"
}

# The machine `m` has keys of the certificates in a keyring.
keyrings_with() { # KEYRING CERT...
	local ring=$1 cert
	shift
	for cert; do key_line "$ring" "$cert"; done | keyrings m
	sed -i 's/Test_/Test /' m/proc/keys
}

# ... and the certificates lie beside the recording, since the kernel shows only the keys' names.
trusted() { # CERT...
	local cert
	mkdir -p m/modseal/certs
	for cert; do cp "$CERTS/$cert.der" m/modseal/certs/; done
	keyrings_with .machine "$@"
}

# Secure Boot with shim, lockdown by it.
secure_boot() { # ROOT
	mkdir -p "$1/sys/firmware/efi/efivars"
	echo 'none [integrity] confidentiality' >"$1/sys/kernel/security/lockdown"
	flag "$1" SecureBoot $GLOBAL 1
	flag "$1" SetupMode $GLOBAL 0
	flag "$1" MokListTrustedRT $SHIM 1
	enrolled "$1" MokListRT $SHIM vendor
	echo '[    0.000000] Kernel is locked down from EFI Secure Boot; see man kernel_lockdown.7' \
		>>"$1/modseal/dmesg"
}

# Modules in the machine's tree: `tree_module ROOT PATH FILE`, and modules.dep for all of them.
tree_module() { # ROOT PATH FILE [DEPENDENCY...]
	local root=$1 path=$2 file=$3
	shift 3
	mkdir -p "$root/lib/modules/$RELEASE/$(dirname "$path")"
	cp "$file" "$root/lib/modules/$RELEASE/$path"
	echo "$path:${*:+ $*}" >>"$root/lib/modules/$RELEASE/modules.dep"
}

option() { # ROOT LINE...: of the kernel's configuration; a later one wins
	local root=$1 line
	shift
	for line; do
		sed -i "/^\(# \)\?${line%%=*}[= ]/d" "$root/boot/config-$RELEASE"
		echo "$line" >>"$root/boot/config-$RELEASE"
	done
}

logged() { # ROOT LINE...: the kernel's log
	local root=$1
	shift
	printf '[   12.345678] %s\n' "$@" >>"$root/modseal/dmesg"
}

doctor() { # ROOT ARGUMENT...
	local root=$1
	shift
	modseal doctor --root "$root" "$@"
}

# One value of --json.
assert_json() { # JQ-EXPRESSION
	jq -e "$1" >/dev/null <<<"$output" || { echo "not so: $1; it said:"; jq . <<<"$output"; return 1; }
}

# A finding of that id and severity is there.
assert_found() { # ID SEVERITY [JQ-EXPRESSION ABOUT IT]
	assert_json "any(.findings[]; .id == \"$1\" and .severity == \"$2\" and (${3:-true}))"
}

refute_found() { # ID
	assert_json "all(.findings[]; .id != \"$1\")"
}
