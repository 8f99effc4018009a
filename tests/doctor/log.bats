#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each message of the kernel and of the tools that load modules, in its older and newer wordings.

load ../lib/common
load ../trust/efi
load doctor

setup_file() {
	doctor_setup_file
	plain_machine "$BATS_FILE_TMPDIR/machine"
	keyrings "$BATS_FILE_TMPDIR/machine" </dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	machine=$BATS_FILE_TMPDIR/machine
}

# id, severity, errno or -, module or -, line. Where it can be found each line is one that somebody's
# kernel printed.
LINES='
unsigned-rejected wrong EKEYREJECTED - [   18.714661] Loading of unsigned module is rejected
unsigned-rejected wrong EKEYREJECTED hello [   18.714661] hello: loading of unsigned module is rejected
unsigned-rejected wrong EKEYREJECTED - Nov 24 10:12:20 host kernel: Loading of unsigned module is rejected
unavailable-key-rejected wrong EKEYREJECTED - [    8.4] Loading of module with unavailable key is rejected
unavailable-key-rejected wrong EKEYREJECTED mimodulo [    8.4] mimodulo: Loading of module with unavailable key is rejected
unsupported-crypto-rejected wrong EKEYREJECTED - [    8.4] Loading of module with unsupported crypto is rejected
lockdown-unsigned wrong EPERM - [    8.412091] Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7
lockdown-unsigned wrong EPERM - [    8.412091] Lockdown: systemd-udevd: unsigned module loading is restricted; see man kernel_lockdown.7
lockdown-unsigned wrong EPERM - [    1.997874] Lockdown: Loading of unsigned modules is restricted; see man kernel_lockdown.7
lockdown-unavailable-key wrong EPERM - [    1.9] Lockdown: Loading of module with unavailable key is restricted; see man kernel_lockdown.7
lockdown-unsupported-crypto wrong EPERM - [    1.9] Lockdown: Loading of module with unsupported crypto is restricted; see man kernel_lockdown.7
lockdown-parameters wrong EPERM - [    1.9] Lockdown: modprobe: unsafe module parameters is restricted; see man kernel_lockdown.7
tainted-unsigned warning - wl [   14.780506] wl: module verification failed: signature and/or required key missing - tainting kernel
tainted-unsigned warning - au0828 [  +0.000100] au0828: module verification failed: signature and/or  required key missing - tainting kernel
tainted-out-of-tree note - dmatest [29501.302008] dmatest: loading out-of-tree module taints kernel.
tainted-license note - wl [   14.774991] wl: module license '\''MIXED/Proprietary'\'' taints kernel.
not-trusted-key wrong ENOKEY - [   24.148891] PKCS#7 signature not signed with a trusted key
unknown-module-key wrong ENOKEY - [    5.061525] Request for unknown module key '\''CentOS Linux kernel signing key: e1fdb0e2'\'' err -11
key-revoked wrong EKEYREJECTED - [    5.061525] X.509: Cert 3af1 is blacklisted
key-revoked wrong EKEYREJECTED - [    5.061525] Module key '\''Somebody: 3af1'\'' is in blacklist
unknown-oid wrong ENOPKG - [    5.061525] PKCS7: Unknown OID: [32] 2.16.840.1.101.3.4.2.8
not-pkcs7 wrong ENOPKG - [    5.061525] module: not signed with expected PKCS#7 message
not-pkcs7 wrong ENOPKG - [    5.061525] Module is not signed with expected PKCS#7 message
bad-signature-info wrong EBADMSG - [    5.061525] PKCS#7 signature info has unexpected non-zero params
bad-signature-info wrong EBADMSG - [    5.061525] module: PKCS#7 signature info has unexpected non-zero params
x509-not-loaded note - - [    1.162928] integrity: Problem loading X.509 certificate -65
mok-not-loaded warning - - [    1.162928] integrity: Error adding keys to machine keyring UEFI:MokListRT (MOKvar table)
mok-not-loaded warning - - [    1.486100] Error adding keys to platform keyring UEFI:MokListRT
db-not-loaded note - - [    3.617159] integrity: Error adding keys to platform keyring UEFI:db
hash-revoked wrong EKEYREJECTED - [    3.617159] Module hash 3af1 is blacklisted
signed-attributes wrong EKEYREJECTED - [    3.617159] PKCS7: Invalid module sig (has authattrs)
signed-attributes wrong EKEYREJECTED - [    3.617159] PKCS7: S/MIME Caps only allowed with Authenticode
not-detached wrong EBADMSG - [    3.617159] PKCS#7 signature with non-detached data
no-mok-list note - - [    1.2] Couldn'\''t get UEFI MokListRT
no-mok-list note - - [    1.2] MODSIGN: Couldn'\''t get UEFI db list
vermagic wrong ENOEXEC hello [   99.1] hello: version magic '\''6.1.0-1-amd64 SMP preempt mod_unload modversions '\'' should be '\''6.1.0-2-amd64 SMP preempt mod_unload modversions '\''
symbol-version wrong ENOEXEC nvidia [   99.1] nvidia: disagrees about version of symbol module_layout
no-symbol-version note - hello [   99.1] hello: no symbol version for module_layout
unknown-symbol wrong ENOENT au0828 [  +0.000002] au0828: Unknown symbol videobuf_streamoff (err 0)
unknown-symbol wrong ENOENT mod modprobe: ERROR: could not insert '\''mod'\'': Unknown symbol in module, or unknown parameter (see dmesg)
struct-module-size wrong ENOEXEC hello [    3.1] module: hello: .gnu.linkonce.this_module section size must match the kernel'\''s built struct module size at run time
duplicate-symbol wrong ENOEXEC zfs [    3.1] zfs: exports duplicate symbol spl_panic (owned by spl)
livepatch-off wrong ENOEXEC lp [    3.1] lp: module is marked as livepatch module, but livepatch support is disabled
not-elf wrong ENOEXEC - [    3.1] Invalid ELF header magic: != ELF
decompression wrong EINVAL - [    3.1] decompression failed with status 6
blacklisted wrong EPERM pcspkr [    3.1] Module pcspkr is blacklisted
ima-no-file wrong EACCES - [    3.1] ima: impossible to appraise a module without a file descriptor. sig_enforce kernel parameter might help
ima-appraise wrong EACCES - [    3.1] audit: type=1800 audit(1.2:3): pid=1 uid=0 auid=0 ses=3 subj=kernel op=appraise_data cause=IMA-signature-required comm="modprobe" name="/usr/lib/modules/6.1/dummy.ko" dev="dm-0" ino=3 res=0 errno=0
loadpin wrong EPERM - [  765.974284] LoadPin: kernel-module denied obj="/tmp/abcd.ko.gz" pid=7105 cmdline="insmod /tmp/abcd.ko.gz"
selinux wrong EACCES - [    3.1] audit: type=1400 audit(1.2:3): avc:  denied  { module_load } for  pid=9 comm="insmod" path="/root/a.ko" tclass=system permissive=0
EKEYREJECTED wrong EKEYREJECTED nvidia modprobe: ERROR: could not insert '\''nvidia'\'': Key was rejected by service
EKEYREJECTED wrong EKEYREJECTED unsigned insmod: can'\''t insert '\''unsigned.ko'\'': Key was rejected by service
EKEYREJECTED wrong EKEYREJECTED nvidia systemd-modules-load[450]: Failed to insert module '\''nvidia'\'': Key was rejected by service
ENOKEY wrong ENOKEY hello_world insmod: ERROR: could not insert module ./hello-world.ko: Required key not available
EBADMSG wrong EBADMSG x insmod: ERROR: could not insert module /tmp/x.ko: Bad message
ENOPKG wrong ENOPKG vboxdrv modprobe: ERROR: could not insert '\''vboxdrv'\'': Package not installed
ENOEXEC wrong ENOEXEC hello insmod: ERROR: could not insert module hello.ko: Invalid module format
ENOEXEC wrong ENOEXEC hello modprobe: ERROR: could not insert '\''hello'\'': Exec format error
EPERM wrong EPERM acpi_ec modprobe: ERROR: could not insert '\''acpi_ec'\'': Operation not permitted
EACCES wrong EACCES dummy modprobe: ERROR: could not insert '\''dummy'\'': Permission denied
ENODEV wrong ENODEV kvm_intel modprobe: ERROR: could not insert '\''kvm_intel'\'': No such device
EINVAL wrong EINVAL zram modprobe: ERROR: could not insert '\''zram'\'': Invalid argument
not-found wrong ENOENT wireguard modprobe: FATAL: Module wireguard not found in directory /lib/modules/5.10.0
'

@test "each message is known, with what it means" {
	local id severity errno module line wrong
	while read -r id severity errno module line; do
		[ -n "$id" ] || continue
		echo "$line" >log
		status=0
		doctor "$machine" --json --log log >said || status=$?
		jq -c --arg id "$id" --arg severity "$severity" --arg errno "$errno" --arg name "$module" \
			--arg line "$line" --arg status $status '{is: ([.findings[] | select(.check == "log") | .id,
				.severity, .details.errno // "-", .details.module // "-", .details.line,
				(.why | length > 40)] + [$status]), should: [$id, $severity, $errno, $name, $line, true,
				(if $severity == "wrong" then "1" else "0" end)]}' said >>rows
	done <<<"$LINES"
	[ "$(wc -l <rows)" -gt 60 ]
	wrong=$(jq -c 'select(.is != .should)' rows)
	[ -z "$wrong" ] || { echo "$wrong"; return 1; }
}

@test "every message of the catalogue has such a line" {
	sed -n 's/^\t{ "\([A-Za-z0-9-]*\)",.*/\1/p' "$TOP/src/doctor/messages.c" | sort >catalogue
	awk 'NF { print $1 }' <<<"$LINES" | sort -u >tested
	[ "$(wc -l <catalogue)" -gt 40 ]
	diff catalogue tested
}

@test "the log on standard input" {
	run setsid -w timeout 60 "$MODSEAL" doctor --root "$machine" --log - --json \
		<<<'wl: module verification failed: signature and/or required key missing'
	assert_status 0
	assert_found tainted-unsigned warning '.details.module == "wl"'
}

@test "the machine's own log; what is said often counts once, by module" {
	cp -r "$machine" own
	logged own 'a: Unknown symbol x (err -2)' 'a: Unknown symbol y (err -2)' 'b: Unknown symbol x (err -2)'
	run doctor own --json
	assert_status 1
	assert_json '[.findings[] | select(.id == "unknown-symbol") | .details |
		[.module, .times]] == [["a", "2"], ["b", "1"]]'
	assert_found unknown-symbol wrong '.details.line | endswith("Unknown symbol y (err -2)")'
}

@test "no log is said to be unknown; one that is named must be there" {
	cp -r "$machine" none
	rm none/modseal/dmesg
	run doctor none --json
	assert_status 0
	assert_found no-log unknown
	run --separate-stderr doctor none --log nowhere
	assert_status 4
	assert_stderr 'nowhere'
}

@test "the ways out of a refusal are told once" {
	printf '%s\n' 'Loading of unsigned module is rejected' \
		'modprobe: ERROR: could not insert x: Key was rejected by service' >log
	run doctor "$machine" --json --log log
	assert_found unsigned-rejected wrong '.ways | length > 0'
	assert_found EKEYREJECTED wrong '(.ways | length) == 0 and (.why | contains("unsigned-rejected"))'
}
