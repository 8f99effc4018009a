#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Machines in all kinds of situations, each with what is to be found there, and what is not.

load ../lib/common
load ../trust/efi
load doctor

setup_file() {
	doctor_setup_file
	make_certs
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	plain_machine m
	keyrings m </dev/null
}

@test "plain: nothing is wrong, and a page without colours says so" {
	run --separate-stderr doctor m
	assert_status 0
	[ -z "$stderr" ]
	assert_line "Debian GNU/Linux 12 (bookworm), Linux $RELEASE"
	assert_line "nothing is wrong, as far as can be seen"
	assert_match '^note +enforcement +module signatures are not enforced'
	assert_match '^note +lockdown +the kernel is not locked down'
	refute_output $'\033'
	run doctor m --json
	assert_status 0
	assert_json '.healthy and .kernel == "'$RELEASE'" and .module == null and
		all(.findings[]; .severity == "note" and .ways == [])'
}

@test "a kernel without modules; one that takes no more" {
	option m CONFIG_MODULES=n
	run doctor m --json
	assert_status 1
	assert_found no-modules wrong
	option m CONFIG_MODULES=y
	echo 1 >m/proc/sys/kernel/modules_disabled
	run doctor m --json
	assert_status 1
	assert_found modules-disabled wrong '.ways | length == 1'
	refute_found no-modules
}

@test "what is wrong comes first; then warnings, unknown things, notes" {
	logged m 'Loading of unsigned module is rejected' 'a: module verification failed: signature and/or required key missing'
	rm m/sys/kernel/security/lockdown
	run doctor m --json
	assert_status 1
	assert_json '[.findings[].severity] as $s | $s == ($s | map({wrong: 0, warning: 1, unknown: 2, note: 3}[.]) |
		sort | map(["wrong", "warning", "unknown", "note"][.])) and ($s | unique | length) == 4'
	run doctor m
	assert_match '^wrong +log '
	[ "$(sed -n 4p <<<"$output" | cut -d' ' -f1)" = wrong ]
}

# -- who refuses, and what opens that ------------------------------------------------------

# The ways out of the finding, one a line: "sign: ..." or "bypass: ...".
ways() { # ID
	jq -r ".findings[] | select(.id == \"$1\").ways[] |
		(if .bypass then \"bypass: \" else \"sign: \" end) + .what" <<<"$output"
}

# Bypasses of the finding have these commands, in this order, and each has a price.
assert_bypasses() { # ID COMMAND...
	local id=$1 said
	shift
	said=$(jq -r ".findings[] | select(.id == \"$id\").ways[] | select(.bypass) | .commands[0] // .what" \
		<<<"$output")
	[ "$said" = "$(printf '%s\n' "$@")" ] || { printf 'bypasses:\n%s\n' "$said"; return 1; }
	assert_json "all(.findings[].ways[]; .bypass == (.price != null))"
	assert_json "[.findings[] | select(.id == \"$id\").ways[].bypass] | . == sort and (index(false) == 0)"
}

@test "lockdown by Secure Boot: shim's validation or the firmware's setup" {
	secure_boot m
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_status 1
	assert_found locked-down note '.details.mode == "integrity" and .details.by == "Secure Boot"'
	assert_found secure-boot note
	assert_bypasses lockdown-unsigned 'mokutil --disable-validation' 'systemctl reboot --firmware-setup'
	option m CONFIG_ALLOW_LOCKDOWN_LIFT_BY_SYSRQ=y
	run doctor m --json
	assert_bypasses lockdown-unsigned 'sysctl kernel.sysrq=1' 'mokutil --disable-validation' \
		'systemctl reboot --firmware-setup'
}

@test "lockdown by Secure Boot without shim: the firmware's setup only" {
	secure_boot m
	rm m/sys/firmware/efi/efivars/Mok*
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_bypasses lockdown-unsigned 'systemctl reboot --firmware-setup'
	[[ $(ways lockdown-unsigned) == *'not booted through shim'* ]]
}

@test "lockdown by the command line, and by the kernel's configuration" {
	echo 'none integrity [confidentiality]' >m/sys/kernel/security/lockdown
	sed -i 's/$/ lockdown=confidentiality/' m/proc/cmdline
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_found locked-down note '.details.by == "the kernel'\''s command line"'
	assert_bypasses lockdown-unsigned \
		'${EDITOR:-vi} /etc/default/grub   # take lockdown=confidentiality out of GRUB_CMDLINE_LINUX...'
	option m CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y CONFIG_ALLOW_LOCKDOWN_LIFT_BY_SYSRQ=y
	run doctor m --json
	assert_bypasses lockdown-unsigned \
		'Boot a kernel without CONFIG_LOCK_DOWN_KERNEL_FORCE_*; none is installed here.'
}

@test "enforced by the command line: GRUB on Debian, grubby on Fedora" {
	echo Y >m/sys/module/module/parameters/sig_enforce
	sed -i 's/$/ module.sig_enforce=1/' m/proc/cmdline
	logged m 'Loading of unsigned module is rejected'
	run doctor m --json
	assert_found enforced note '.details.by == "the kernel'\''s command line"'
	assert_bypasses unsigned-rejected \
		'${EDITOR:-vi} /etc/default/grub   # take module.sig_enforce=1 out of GRUB_CMDLINE_LINUX...'
	assert_json '[.findings[].ways[].commands[]] | any(. == "update-grub")'
	printf '%s\n' 'PRETTY_NAME="Rocky Linux 9"' ID=rocky 'ID_LIKE="rhel centos fedora"' >m/etc/os-release
	run doctor m --json
	assert_bypasses unsigned-rejected 'grubby --update-kernel=ALL --remove-args=module.sig_enforce=1'
}

@test "enforced by the configuration: another kernel, by its name where one is installed" {
	echo Y >m/sys/module/module/parameters/sig_enforce
	option m CONFIG_MODULE_SIG_FORCE=y
	logged m 'Loading of unsigned module is rejected'
	run doctor m --json
	assert_bypasses unsigned-rejected 'Boot a kernel without CONFIG_MODULE_SIG_FORCE; none is installed here.'
	echo CONFIG_MODULE_SIG=y >m/boot/config-5.10.0-9-amd64
	echo CONFIG_MODULE_SIG_FORCE=y >m/boot/config-5.10.0-8-amd64
	run doctor m --json
	assert_bypasses unsigned-rejected \
		'Boot a kernel without CONFIG_MODULE_SIG_FORCE: 5.10.0-9-amd64 is installed.'
}

@test "enforced by IMA's policy for the architecture, under Secure Boot" {
	secure_boot m
	echo '[none] integrity confidentiality' >m/sys/kernel/security/lockdown
	echo Y >m/sys/module/module/parameters/sig_enforce
	option m CONFIG_IMA_ARCH_POLICY=y
	logged m 'Loading of unsigned module is rejected'
	run doctor m --json
	assert_found enforced note '.details.by == "Secure Boot"'
	assert_bypasses unsigned-rejected 'mokutil --disable-validation' 'systemctl reboot --firmware-setup'
}

@test "two gates: both have to be opened" {
	secure_boot m
	logged m 'Loading of unsigned module is rejected'
	echo Y >m/sys/module/module/parameters/sig_enforce
	sed -i 's/$/ module.sig_enforce/' m/proc/cmdline
	run doctor m --json
	assert_found unsigned-rejected wrong '.why | contains("both have to be opened")'
	assert_bypasses unsigned-rejected 'mokutil --disable-validation' 'systemctl reboot --firmware-setup' \
		'${EDITOR:-vi} /etc/default/grub   # take module.sig_enforce out of GRUB_CMDLINE_LINUX...'
}

@test "enforced since the boot: the next boot" {
	echo Y >m/sys/module/module/parameters/sig_enforce
	logged m 'Loading of unsigned module is rejected'
	run doctor m --json
	assert_bypasses unsigned-rejected 'Boot again: module.sig_enforce was switched on while the system ran.'
}

# -- firmware and MOKs ---------------------------------------------------------------------

@test "setup mode; shim that does not validate" {
	secure_boot m
	rm m/sys/firmware/efi/efivars/{SetupMode,SecureBoot}-*
	flag m SetupMode $GLOBAL 1
	flag m SecureBoot $GLOBAL 0
	run doctor m --json
	assert_found setup-mode warning
	assert_found no-secure-boot note
	flag m MokSBStateRT $SHIM 1
	run doctor m --json
	assert_found shim-insecure warning '.ways[0].commands == ["mokutil --enable-validation"]'
}

@test "a MOK in .machine is trusted" {
	secure_boot m
	trusted vendor
	run doctor m --json
	assert_status 0
	assert_found mok-trusted note '.summary | contains("CN=Test vendor") and contains(".machine")'
}

@test "a MOK that is enrolled, and not in the keyring: each gate" {
	secure_boot m
	run doctor m --json # enrolled since the boot
	assert_status 1
	assert_found mok-not-trusted wrong '.why | contains("after this boot")'

	# two at once: what no setting opens is told, and no setting advised
	rm m/sys/firmware/efi/efivars/MokListTrustedRT-*
	option m CONFIG_INTEGRITY_MACHINE_KEYRING=n
	run doctor m --json
	assert_found mok-not-trusted wrong '(.details.gate | contains("CONFIG_INTEGRITY_MACHINE_KEYRING")) and
		.ways[0].commands == ["modseal trust check CERT"]'
	option m CONFIG_INTEGRITY_MACHINE_KEYRING=y

	run doctor m --json
	assert_found mok-not-trusted wrong '.ways[0].commands == ["mokutil --trust-mok"]'
	flag m MokListTrustedRT $SHIM 1

	rm m/sys/firmware/efi/efivars/MokListRT-*
	enrolled m MokListRT $SHIM good
	option m CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y CONFIG_INTEGRITY_PLATFORM_KEYRING=n
	run doctor m --json
	assert_found mok-not-trusted wrong '.details.gate | contains("CA:TRUE")'
}

@test "requests that wait for the next boot" {
	secure_boot m
	trusted vendor
	enrolled m MokNew $SHIM good
	flag m MokAuth $SHIM 1
	run doctor m --json
	assert_status 0
	assert_found mok-pending warning '(.summary | contains("enrolled") and contains("CN=Test good")) and
		(.ways[0].what | contains("confirm it") and contains("Enroll MOK,"))'
	rm m/sys/firmware/efi/efivars/MokNew-*
	run doctor m --json
	assert_found mok-reset warning '.ways[0].commands == ["modseal trust enrol --revoke-pending"]'
}

@test "requests that take a key away, or are about MokListX: by their names, and nobody is told to confirm" {
	local name action what entry
	secure_boot m
	trusted vendor
	while IFS=: read -r name action what entry; do
		enrolled m "$name" $SHIM good
		run doctor m --json
		assert_found mok-pending warning ".details.action == \"$action\" and
			(.summary | contains(\"$what: \\\"CN=Test good\\\"\")) and
			(.why | contains(\"($entry)\")) and
			([.ways[].commands[]] == [\"modseal trust enrol --revoke-pending\"])"
		rm m/sys/firmware/efi/efivars/"$name"-*
	done <<-'END'
		MokDel:delete:a MOK is to be deleted:Delete MOK
		MokXNew:revoke:a key is to be revoked (MokListX):Enroll MOKX
		MokXDel:unrevoke:a key is no longer to be revoked (MokListX):Delete MOKX
	END
	refute_found mok-reset-revoked
	flag m MokXAuth $SHIM 1
	run doctor m --json
	assert_status 0
	assert_found mok-reset-revoked warning '.ways[0].commands == ["modseal trust enrol --revoke-pending"]'
	refute_found mok-reset
}

@test "MOKs without Secure Boot are no worry where nothing is enforced" {
	secure_boot m
	echo '[none] integrity confidentiality' >m/sys/kernel/security/lockdown
	rm m/sys/firmware/efi/efivars/SecureBoot-*
	flag m SecureBoot $GLOBAL 0
	run doctor m --json
	assert_status 0
	assert_found mok-not-trusted note '.summary | contains("Secure Boot is off")'
}

# -- taint, IMA, keys, distributions -------------------------------------------------------

@test "taint, decoded, with the modules that are unsigned" {
	echo 12289 >m/proc/sys/kernel/tainted # P, O, E
	mkdir -p m/sys/module/{nvidia,ext4}
	echo POE >m/sys/module/nvidia/taint
	: >m/sys/module/ext4/taint
	run doctor m --json
	assert_status 0
	assert_found tainted note '.details.letters == "POE" and (.why | contains("E: a module without a signature"))'
	assert_found unsigned-loaded warning '.details.modules == "nvidia" and .ways[0].commands == ["modseal doctor nvidia"] and
		(.why | contains("as soon as"))'
	echo Y >m/sys/module/module/parameters/sig_enforce
	run doctor m --json
	assert_found unsigned-loaded warning '.why | contains("before signatures were enforced")'
	echo N >m/sys/module/module/parameters/sig_enforce
}

@test "an IMA policy that appraises modules" {
	mkdir -p m/sys/kernel/security/ima
	printf '%s\n' 'measure func=MODULE_CHECK' 'appraise func=MODULE_CHECK appraise_type=imasig' \
		>m/sys/kernel/security/ima/policy
	run doctor m --json
	assert_found ima-appraises warning '.details.rule == "appraise func=MODULE_CHECK appraise_type=imasig"'
	sed -i 's/$/ ima_appraise=log/' m/proc/cmdline
	run doctor m --json
	assert_found ima-off note
	echo 'measure func=MODULE_CHECK' >m/sys/kernel/security/ima/policy
	run doctor m --json
	refute_found ima-off
	sed -i 's/ima_appraise=log/ima_policy=secure_boot/' m/proc/cmdline
	run doctor m --json
	assert_found ima-appraises warning
}

@test "the distribution's own way to a key: Ubuntu's tool makes one, Debian's of that name asks to disable validation" {
	mkdir -p m/usr/sbin
	touch m/usr/sbin/{update-secureboot-policy,dkms}
	secure_boot m
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_json '[.findings[].ways[].commands[]] | any(. == "modseal trust enrol /var/lib/dkms/mok.pub") and
		all(startswith("update-secureboot-policy") | not)'
	sed -i 's/^ID=.*/ID=ubuntu/' m/etc/os-release
	run doctor m --json
	assert_json '[.findings[].ways[].commands[]] | any(. == "update-secureboot-policy --enroll-key")'
}

@test "keys that lie on the machine come first among the ways out, trusted ones before others" {
	mkdir -p m/var/lib/dkms m/var/lib/shim-signed/mok m/usr/sbin
	cp "$CERTS/good.key" m/var/lib/dkms/mok.key
	cp "$CERTS/good.der" m/var/lib/dkms/mok.pub
	cp "$CERTS/boots.key" m/var/lib/shim-signed/mok/MOK.priv
	cp "$CERTS/boots.der" m/var/lib/shim-signed/mok/MOK.der
	chmod 600 m/var/lib/dkms/mok.key m/var/lib/shim-signed/mok/MOK.priv
	secure_boot m
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_json '[.findings[] | select(.id == "lockdown-unsigned").ways[].commands[0]][:2] == [
		"modseal sign -k /var/lib/shim-signed/mok/MOK.priv -c /var/lib/shim-signed/mok/MOK.der MODULE",
		"modseal sign -k /var/lib/dkms/mok.key -c /var/lib/dkms/mok.pub MODULE"]'
	assert_json '[.findings[].ways[].commands[]] | any(. == "modseal trust enrol /var/lib/dkms/mok.pub")'
	trusted good
	run doctor m --json
	assert_found key note '.details.key == "/var/lib/dkms/mok.key" and .details.trusted == "yes"'
	assert_json '[.findings[] | select(.id == "lockdown-unsigned").ways[].commands[0]][0] ==
		"modseal sign -k /var/lib/dkms/mok.key -c /var/lib/dkms/mok.pub MODULE"'
	assert_json '[.findings[].ways[].commands[]] | all(. != "modseal trust enrol /var/lib/dkms/mok.pub")'
}

@test "a key that everybody can read; rEFInd's, by its place" {
	mkdir -p m/etc/refind.d/keys
	chmod 755 . m m/etc m/etc/refind.d m/etc/refind.d/keys
	cp "$CERTS/good.key" m/etc/refind.d/keys/refind_local.key
	cp "$CERTS/good.pem" m/etc/refind.d/keys/refind_local.crt
	chmod 644 m/etc/refind.d/keys/refind_local.key
	run doctor m --json
	assert_found key-readable warning '.ways[0].commands == ["chmod 600 /etc/refind.d/keys/refind_local.key"]'
	assert_found key note '.summary | contains("rEFInd")'
}

@test "each distribution's own initramfs and key tools" {
	logged m 'Loading of unsigned module is rejected'
	mkdir -p m/usr/sbin m/usr/bin
	: >m/usr/sbin/kmodgenca
	: >m/usr/bin/emerge
	while read -r id command; do
		echo "ID=$id" >m/etc/os-release
		run doctor m --json
		if [ "$command" = - ]; then
			assert_json '[.findings[].ways[].what] | all(startswith("Or ") | not)'
		else
			assert_json "[.findings[].ways[].commands[]] | any(. == \"$command\")"
		fi
	done <<-'END'
		fedora kmodgenca -a
		gentoo emerge @module-rebuild
		debian -
		arch -
		nonesuch -
	END
	assert_found distribution-unknown note '.summary | contains("(nonesuch)")'
}

@test "an os-release that cannot be read is told with the cause, one that names nothing as such" {
	local summary
	plain_machine m
	mkdir -p m/usr/lib
	while IFS=: read -r make summary; do
		rm -rf m/etc/os-release m/usr/lib/os-release
		(cd m && eval "$make")
		run powerless "$MODSEAL" doctor --root m --json
		assert_found distribution-unknown note ".summary | contains(\"($summary)\")"
	done <<-'END'
		true:there is no /etc/os-release
		mkdir etc/os-release:/etc/os-release: Is a directory
		echo ID=debian >etc/os-release; chmod 0 etc/os-release:/etc/os-release: Permission denied
		mkdir usr/lib/os-release:/usr/lib/os-release: Is a directory
		echo NAME=x >etc/os-release:/etc/os-release has no ID
	END
	# the one that can be read counts
	rm m/etc/os-release
	mkdir m/etc/os-release
	echo ID=debian >m/usr/lib/os-release
	run doctor m --json
	refute_found distribution-unknown
}

@test "without systemd" {
	secure_boot m
	: >m/sbin/openrc-run
	logged m 'Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7'
	run doctor m --json
	assert_bypasses lockdown-unsigned 'mokutil --disable-validation' \
		"reboot   # press the key of the firmware's setup"
	assert_json '[.findings[].ways[].commands[]] | all(contains("systemctl") | not) and any(startswith("reboot   # in the blue"))'
}

@test "options, and what cannot be read" {
	run --separate-stderr doctor nowhere
	assert_status 4
	assert_stderr nowhere
	run --separate-stderr doctor m a b
	assert_status 2
	run --separate-stderr doctor m ./nowhere.ko
	assert_status 4
	assert_stderr nowhere.ko
	run --separate-stderr doctor m "$CERTS/good.pem"
	assert_status 1
	[ -n "$stderr" ]
}
