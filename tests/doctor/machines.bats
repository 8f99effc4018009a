#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The machines and modules of tests/trust/make-machines: what doctor finds of each, and what is to be done.

load ../lib/common
load doctor

setup_file() {
	doctor_setup_file
	export MADE=$BATS_FILE_TMPDIR/made
	bare_module nls_utf8 "$BATS_FILE_TMPDIR/bare.ko"
	"$TOP/tests/trust/make-machines" "$BATS_FILE_TMPDIR/bare.ko" "$MADE"
}

examine() { # MACHINE MODULE|-
	local module=()
	[ "$2" = - ] || module=("$MADE/modules/$2.ko")
	run doctor "$MADE/machines/$1" "${module[@]}" --json
}

@test "the verdict about each module is that of verify --root" {
	local rows=0 machine module rest verdict
	while read -r machine module rest; do
		[[ -n $machine && $machine != '#' ]] || continue
		rows=$((rows + 1))
		verdict=$(modseal verify --root "$MADE/machines/$machine" --json "$MADE/modules/$module.ko" |
			head -n 1 | jq -r '.verdict + " " + (.errno // "-")')
		examine "$machine" "$module"
		case $verdict in
			loads*) assert_found loads note ;;
			taints*) assert_found taints warning ;;
			unknown*) assert_found decision-unknown unknown ;;
			refused*) assert_found refused wrong ".details.errno == \"${verdict#* }\"" ;;
			*) echo "verify says: $verdict"; return 1 ;;
		esac || { echo "$machine $module"; return 1; }
		case $verdict in
			refused*) assert_status 1 ;;
			unknown*) assert_status 5 ;;
			*) [ "$status" -ne 5 ] ;;
		esac || { echo "$machine $module"; return 1; }
	done < <(sed 's/^#.*/#/' "$TOP/tests/trust/expected")
	[ "$rows" -gt 50 ]
}

# MACHINE MODULE ID SEVERITY WHAT-IS-SAID-OF-IT. WHAT is a text in the finding, whichever member it is in.
SITUATIONS='
plain               unsigned     taints              warning module verification failed
plain               -            no-efi              note    not booted by EFI
sig-enforce         unsigned     refused             wrong   module.sig_enforce=1 out of GRUB_CMDLINE_LINUX
sig-enforce         -            enforced            note    command line
sha512-missing      mok-sha512   refused             wrong   modseal sign --hash sha256
sha512-missing      -            no-modprobe         warning no modprobe
ecdsa-missing       ec           refused             wrong   modseal sign
ecdsa-missing       -            mok-not-trusted     wrong   Elliptic owner
ecdsa-missing       -            mok-trusted         note    Machine owner
secure-boot         mok          refused             wrong   systemctl reboot --firmware-setup
secure-boot         -            locked-down         note    Secure Boot
secure-boot-mok     altered      refused             wrong   Get the module anew
secure-boot-mok     unsigned     refused             wrong   mokutil --disable-validation
secure-boot-mok     stranger     refused             wrong   If you trust who signed it (Stranger)
secure-boot-mok     -            mok-trusted         note    .machine
mok-untrusted       mok          refused             wrong   A MOK of its signer
mok-untrusted       -            mok-not-trusted     wrong   mokutil --trust-mok
mok-no-ca           mok          refused             wrong   --profile ca
mok-no-ca           mok          mok-not-trusted     warning CA:TRUE
mok-secure-boot-off -            mok-not-trusted     note    Secure Boot is off
lockdown            unsigned     refused             wrong   lockdown=confidentiality out of GRUB_CMDLINE_LINUX
lockdown            -            locked-down         note    command line
revoked             mok          refused             wrong   .blacklist
revoked             -            mok-revoked         wrong   Machine owner
ubuntu-mok          unsigned     refused             wrong   mokutil --disable-validation
ubuntu-mok          unsigned     refused             wrong   MOK that this kernel trusts is yours (CN=laptop Secure Boot
ubuntu-mok          -            mok-trusted         note    Secure Boot Module Signature key
no-module-sig       -            no-signatures       note    CONFIG_MODULE_SIG
modules-disabled    -            modules-disabled    wrong   kernel.modules_disabled
keyrings-unknown    -            keyring-unknown     unknown .machine
image               -            lockdown-unknown    unknown does not run
empty               -            release-unknown     unknown /proc/version
'

@test "each situation, with the finding that explains it" {
	local rows=0
	while read -r machine module id severity what; do
		[ -n "$machine" ] || continue
		rows=$((rows + 1))
		examine "$machine" "$module"
		assert_found "$id" "$severity" "tostring | contains($(jq -Rn --arg t "$what" '$t'))" ||
			{ echo "$machine $module $id"; return 1; }
	done <<<"$SITUATIONS"
	[ $rows -gt 25 ]
}

@test "what does not lead anywhere is not told" {
	# a revoked key, a spoilt file: no bypass helps
	for pair in 'revoked mok' 'secure-boot-mok altered'; do
		examine $pair
		assert_found refused wrong 'all(.ways[]; .bypass | not)'
	done
	# enforcement and lockdown both by Secure Boot; nothing on the command line to take off
	examine secure-boot-mok unsigned
	assert_json 'all(.findings[].ways[].commands[]; contains("GRUB") | not)'
	assert_json 'all(.findings[].ways[].commands[]; contains("sysrq") | not)'
	# no shim: nothing of mokutil's
	examine secure-boot unsigned
	assert_json 'all(.findings[].ways[].commands[]; startswith("mokutil") | not)'
	# lockdown without Secure Boot: nothing in the firmware to switch off
	examine lockdown unsigned
	assert_json 'all(.findings[].ways[].commands[]; startswith("systemctl reboot") | not)'
}
