#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A module on a machine: found by its name or by its file, and everything that keeps it out.

load ../lib/common
load ../trust/efi
load doctor

setup_file() {
	doctor_setup_file
	make_certs
	export FILES=$BATS_FILE_TMPDIR/files
	mkdir "$FILES"
	for name in dummy nls_utf8 bonding; do
		bare_module $name "$FILES/$name.ko" >/dev/null
		cp "$FILES/$name.ko" "$FILES/$name.signed.ko"
		modseal sign -q -k "$CERTS/good.key" -c "$CERTS/good.der" "$FILES/$name.signed.ko"
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	plain_machine m
	keyrings m </dev/null
	tree=m/lib/modules/$RELEASE
	tree_module m kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
}

# A kernel that enforces signatures and trusts the certificate `good`.
strict() {
	echo Y >m/sys/module/module/parameters/sig_enforce
	trusted good
}

# -- which module --------------------------------------------------------------------------

@test "by its name, its name with '-', its alias, its file" {
	echo 'alias fs-utf-* nls_utf8' >"$tree/modules.alias"
	for module in nls_utf8 nls-utf8 fs-utf-8 "$tree/kernel/fs/nls/nls_utf8.ko"; do
		run doctor m "$module" --json
		assert_status 0
		assert_json '.module == "nls_utf8" and (.path | endswith("/kernel/fs/nls/nls_utf8.ko"))'
		assert_found taints warning '.details.signature == "ENODATA" and (.ways | length > 0)'
	done
	# commands name it as the machine itself does
	assert_json 'any(.findings[].ways[].commands[]; endswith(" /lib/modules/'$RELEASE'/kernel/fs/nls/nls_utf8.ko"))'
	run doctor m nls_utf8
	assert_match '^nls_utf8 \(m/lib/modules/.*nls_utf8.ko\)$'
	assert_line "Debian GNU/Linux 12 (bookworm), Linux $RELEASE"
	assert_line 'nothing is wrong, as far as can be seen'
	assert_match '^warning +module +nls_utf8 loads, but taints the kernel'
}

@test "the one of updates/ when modules.dep says so" {
	tree_module m updates/dkms/dummy.ko "$FILES/dummy.signed.ko"
	mkdir -p "$tree/kernel/drivers/net"
	cp "$FILES/dummy.ko" "$tree/kernel/drivers/net/"
	run doctor m dummy --json
	assert_json '.path | endswith("/updates/dkms/dummy.ko")'
	assert_found more-files note '.details.other == "/lib/modules/'$RELEASE'/kernel/drivers/net/dummy.ko"'
	run doctor m "$tree/kernel/drivers/net/dummy.ko" --json
	assert_found other-file note '.details.other == "/lib/modules/'$RELEASE'/updates/dkms/dummy.ko"'
	run doctor m nls_utf8 --json
	refute_found more-files
	refute_found other-file
}

@test "not there: built in, for another kernel, never heard of" {
	echo kernel/fs/ext4/ext4.ko >"$tree/modules.builtin"
	run doctor m ext4 --json
	assert_status 0
	assert_found built-in note
	mkdir -p m/lib/modules/5.10.0-9-amd64 m/var/lib/dkms/wireguard
	echo updates/dkms/wireguard.ko: >m/lib/modules/5.10.0-9-amd64/modules.dep
	run doctor m wireguard --json
	assert_status 1
	assert_found not-found wrong '(.why | contains("5.10.0-9-amd64")) and
		[.ways[].commands[]] == ["depmod -a '$RELEASE'", "dkms install wireguard -k '$RELEASE'"]'
	run doctor m nonesuch --json
	assert_status 1
	assert_found not-found wrong '[.ways[].commands[]] == ["depmod -a '$RELEASE'"]'
}

@test "a file that is no module any more" {
	head -c 100 /dev/zero >"$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found unreadable wrong
}

# -- the kernel's decision -----------------------------------------------------------------

@test "signed by a trusted key: nothing is wrong, though the log tells of earlier times" {
	strict
	cp "$FILES/nls_utf8.signed.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	logged m 'Loading of unsigned module is rejected' 'nls_utf8: Unknown symbol a (err -2)'
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found loads note '.details.verdict == "loads" and .details.store == ".machine"'
	assert_found unsigned-rejected note '.why | contains("That was earlier")'
	run doctor m --json
	assert_status 1
}

@test "unsigned, by another key, spoilt: each with its own way out" {
	strict
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found refused wrong '.details.errno == "EKEYREJECTED" and .details.signature == "ENODATA" and
		(.why | contains("Loading of unsigned module is rejected"))'
	cp "$FILES/nls_utf8.ko" other.ko
	modseal sign -q -k "$CERTS/boots.key" -c "$CERTS/boots.der" other.ko
	run doctor m ./other.ko --json
	assert_status 1
	assert_found refused wrong '.details.signature == "ENOKEY" and (.ways[0].what | contains("Test boots"))'
	cp "$FILES/nls_utf8.signed.ko" spoilt.ko
	sed -i 's/license=/licence=/' spoilt.ko
	run doctor m ./spoilt.ko --json
	assert_status 1
	assert_found refused wrong '.details.signature == "EKEYREJECTED" and all(.ways[]; .bypass | not) and
		.ways[0].commands == ["modseal inspect ./spoilt.ko"]'
}

@test "signed by a key that lies on the machine and is not enrolled: the signature may stay" {
	secure_boot m
	trusted vendor
	mkdir -p m/var/lib/dkms
	cp "$CERTS/good.key" m/var/lib/dkms/mok.key
	cp "$CERTS/good.der" m/var/lib/dkms/mok.pub
	chmod 600 m/var/lib/dkms/mok.key
	cp "$FILES/nls_utf8.signed.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found refused wrong '.details.errno == "EPERM" and .details.signature == "ENOKEY" and
		.ways[0].commands[0] == "modseal trust enrol /var/lib/dkms/mok.pub" and
		(.ways[0].what | contains("The key of DKMS signed it"))'
}

@test "not listed where not all modules are listed: unknown, never guessed" {
	run doctor m nonesuch --json
	assert_status 5
	assert_json .healthy==null
	assert_found not-listed unknown '.summary | contains("no modules.builtin")'
	refute_found not-found
	mkdir empty
	run doctor empty nonesuch --json
	assert_status 5
	assert_found not-listed unknown '.summary | contains("which kernel")'
}

@test "links of an image lead to the image's files, and never to this machine's" {
	local away=$BATS_TEST_TMPDIR/away
	mkdir -p "$away" "m$away"
	cp "$FILES/nls_utf8.ko" "$away/nls_utf8.ko"
	rm "$tree/kernel/fs/nls/nls_utf8.ko"
	ln -s "$away/nls_utf8.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found unreadable wrong '.summary | contains("No such file")'
	refute_found taints
	cp "$FILES/nls_utf8.signed.ko" "m$away/nls_utf8.ko"
	run doctor m nls_utf8 --json
	assert_found taints warning '.details.signature == "ENOKEY"'
}

@test "what it depends on is looked at, too" {
	strict
	tree_module m kernel/drivers/net/bonding.ko "$FILES/bonding.signed.ko" kernel/fs/nls/nls_utf8.ko
	run doctor m bonding --json
	assert_status 1
	assert_found loads note
	assert_found refused wrong '.details.dependency == "nls_utf8"'
	rm "$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m bonding --json
	assert_status 1
	assert_found dependency-unreadable wrong
}

@test "what is not known is said: exit status 5" {
	rm m/proc/keys m/sys/module/module/parameters/sig_enforce
	run doctor m nls_utf8 --json
	assert_status 5
	assert_json '.healthy == null'
	assert_found decision-unknown unknown
}

# -- built for which kernel ----------------------------------------------------------------

# As if the module was built for that release.
built_for() { # FILE RELEASE
	python3 - "$1" "$2" <<-'END'
		import sys
		data = open(sys.argv[1], "rb").read()
		at = data.index(b"vermagic=") + 9
		end = data.index(b" ", at)
		new = sys.argv[2].encode().ljust(end - at, b"x")
		assert len(new) == end - at
		open(sys.argv[1], "wb").write(data[:at] + new + data[end:])
	END
}

@test "vermagic: its own, another release with and without symbol versions, another kind of kernel" {
	run doctor m nls_utf8 --json
	refute_found vermagic
	refute_found other-release
	built_for "$tree/kernel/fs/nls/nls_utf8.ko" 6.1.0-1-amd64
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found other-release warning '.ways[0].commands[0] | startswith("make -C /lib/modules/'$RELEASE'/build")'
	mkdir -p m/usr/sbin
	: >m/usr/sbin/dkms
	option m CONFIG_MODVERSIONS=n
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found vermagic wrong '(.details.vermagic | startswith("6.1.0-1-amd64")) and
		(.ways[0].commands | contains(["dkms autoinstall -k '$RELEASE'"]))'
	# the rest of the line counts always
	option m CONFIG_MODVERSIONS=y
	tree_module m kernel/drivers/net/dummy.ko "$FILES/dummy.ko"
	sed -i 's/SMP preempt mod_unload/SMP PREEMPT mod_unload/' "$tree/kernel/drivers/net/dummy.ko"
	cp "$FILES/nls_utf8.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m dummy --json
	assert_status 1
	assert_found vermagic wrong '.why | contains("should be '"'$RELEASE SMP preempt mod_unload modversions '"'")'
}

# Lines of Module.symvers for the versions that a module has, as modprobe sees them.
symvers() { # FILE
	modprobe --dump-modversions "$1" | awk '{ print $1 "\t" $2 "\tvmlinux\tEXPORT_SYMBOL\t" }'
}

@test "symbol versions, compared with the headers' Module.symvers" {
	mkdir -p m/usr/src/headers
	ln -s /usr/src/headers "$tree/build"
	symvers "$FILES/bonding.ko" >m/usr/src/headers/Module.symvers
	[ "$(wc -l <m/usr/src/headers/Module.symvers)" -gt 20 ]
	tree_module m kernel/drivers/net/bonding.ko "$FILES/bonding.ko"
	run doctor m bonding --json
	refute_found symbol-version
	built_for "$tree/kernel/drivers/net/bonding.ko" 6.1.0-1-amd64
	run doctor m bonding --json
	assert_status 0
	assert_found other-release note '.summary | endswith("the versions of its symbols fit")'
	sed -i 's/^0x[0-9a-f]*\(\tmodule_layout\t\)/0x00000001\1/' m/usr/src/headers/Module.symvers
	for release in 6.1.0-1-amd64 $RELEASE; do
		cp "$FILES/bonding.ko" "$tree/kernel/drivers/net/bonding.ko"
		built_for "$tree/kernel/drivers/net/bonding.ko" $release
		run doctor m bonding --json
		assert_status 1
		assert_found symbol-version wrong '.details.symbol == "module_layout" and .details.differ == "1"'
	done
	grep -v module_layout m/usr/src/headers/Module.symvers >x
	mv x m/usr/src/headers/Module.symvers
	run doctor m bonding --json
	refute_found symbol-version
}

# -- blacklists ----------------------------------------------------------------------------

@test "modprobe.d: blacklist warns, install that does nothing is wrong; which file counts" {
	printf '%s\n' '# comment' 'blacklist nls-utf8' >m/etc/modprobe.d/a.conf
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found blacklisted warning '.details.where == "/etc/modprobe.d/a.conf:2"'
	printf '%s\n' 'install \' ' nls_utf8 /bin/false' >m/etc/modprobe.d/b.conf
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found install-rule wrong '.details.where == "/etc/modprobe.d/b.conf:1"'
	mkdir -p m/usr/lib/modprobe.d
	echo 'blacklist nls_utf8' >m/usr/lib/modprobe.d/a.conf # masked by the one in /etc
	: >m/etc/modprobe.d/a.conf
	: >m/etc/modprobe.d/b.conf
	echo 'blacklist nls_utf8' >m/etc/modprobe.d/not-a-conf
	run doctor m nls_utf8 --json
	assert_status 0
	refute_found blacklisted
	echo 'install nls_utf8 /sbin/modprobe --ignore-install nls_utf8' >m/etc/modprobe.d/b.conf
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found install-rule warning
}

@test "blacklists on the kernel's command line" {
	sed -i 's/$/ module_blacklist=a,nls_utf8 -- modprobe.blacklist=nls_utf8/' m/proc/cmdline
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found kernel-blacklist wrong '.ways[0].commands[-1] == "update-grub"'
	refute_found blacklisted
	sed -i 's/module_blacklist=a,nls_utf8 --/rd.driver.blacklist=x/' m/proc/cmdline
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found blacklisted warning '.details.where | startswith("modprobe.blacklist=")'
	run doctor m bonding --json
	refute_found blacklisted
}

# -- the initramfs -------------------------------------------------------------------------

# archive FILE...: modules of the tree as they are in the directory `in`, as a cpio archive.
archive() {
	(cd in && find . | sort | cpio -o -H newc --quiet)
}

in_initramfs() { # PATH FILE
	mkdir -p "in/usr/lib/modules/$RELEASE/$(dirname "$1")"
	cp "$2" "in/usr/lib/modules/$RELEASE/$1"
}

@test "its copy in the initramfs: the same, unsigned, another; gzip, xz, zstd, bare, behind microcode" {
	strict
	cp "$FILES/nls_utf8.signed.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.signed.ko"
	mkdir -p early/kernel/x86/microcode
	head -c 5000 /dev/urandom >early/kernel/x86/microcode/GenuineIntel.bin
	(cd early && find . | cpio -o -H newc --quiet) >early.cpio
	for tool in cat gzip 'xz --check=crc32' 'zstd -q'; do
		(cat early.cpio; archive | $tool) >"m/boot/initrd.img-$RELEASE"
		run doctor m nls_utf8 --json
		assert_status 0
		assert_found initramfs note '.summary | contains("is the file on the disk")'
	done
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
	touch -d 2001-01-01 "in/usr/lib/modules/$RELEASE/kernel/fs/nls/nls_utf8.ko"
	for tool in cat gzip 'xz --check=crc32' 'zstd -q'; do
		(cat early.cpio; archive | $tool) >"m/boot/initrd.img-$RELEASE"
		run doctor m nls_utf8 --json
		assert_status 1
		assert_found initramfs-unsigned wrong ".ways[0].commands == [\"update-initramfs -u -k $RELEASE\"]"
		assert_found initramfs-differs warning '.summary | startswith("older than on the disk")'
	done
	echo N >m/sys/module/module/parameters/sig_enforce
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found initramfs-unsigned warning
}

@test "compressed on the disk and not in the initramfs, or the other way round, is the same" {
	xz --check=crc32 -k -c "$FILES/nls_utf8.signed.ko" >nls_utf8.ko.xz
	rm "$tree"/modules.dep "$tree"/kernel/fs/nls/*
	tree_module m kernel/fs/nls/nls_utf8.ko.xz nls_utf8.ko.xz
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.signed.ko"
	archive | zstd -q >"m/boot/initramfs-$RELEASE.img"
	run doctor m nls_utf8 --json
	assert_found initramfs note '.details.initramfs == "/boot/initramfs-'$RELEASE'.img"'
	rm -r in
	in_initramfs kernel/fs/nls/nls_utf8.ko.xz nls_utf8.ko.xz
	archive | zstd -q >"m/boot/initramfs-$RELEASE.img"
	run doctor m nls_utf8 --json
	assert_found initramfs note '.summary | contains("is the file on the disk")'
	rm -r in
	in_initramfs kernel/fs/nls/other.ko "$FILES/dummy.ko"
	archive | zstd -q >"m/boot/initramfs-$RELEASE.img"
	run doctor m nls_utf8 --json
	assert_found initramfs note '.summary | contains("is not in the initramfs")'
	refute_found initramfs-unsigned
}

@test "without a module: all that is in the initramfs; where it is on other distributions" {
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
	in_initramfs kernel/drivers/net/bonding.ko "$FILES/bonding.signed.ko"
	mkdir -p m/boot/0123456789abcdef
	echo linux-lts >"$tree/pkgbase"
	for place in "initrd.img-$RELEASE" "initrd-$RELEASE" initramfs-linux-lts.img \
		"initramfs-genkernel-x86_64-$RELEASE" "0123456789abcdef/$RELEASE/initrd"; do
		mkdir -p "m/boot/$(dirname "$place")"
		archive | gzip >"m/boot/$place"
		run doctor m --json
		assert_status 0
		assert_found initramfs-unsigned warning ".details.initramfs == \"/boot/$place\" and
			(.summary | endswith(\": nls_utf8\"))"
		rm "m/boot/$place"
	done
}

@test "an initramfs that is damaged, or none at all" {
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
	archive >whole
	head -c 5000 whole | gzip >"m/boot/initrd.img-$RELEASE"
	run doctor m --json
	assert_status 0
	assert_found initramfs-unreadable unknown '.summary | contains("cut off")'
	gzip -c whole | head -c 1500 >"m/boot/initrd.img-$RELEASE"
	run doctor m --json
	assert_found initramfs-unreadable unknown
	echo nonsense >"m/boot/initrd.img-$RELEASE"
	run doctor m --json
	assert_found initramfs-unreadable unknown
	# a member that is no module is told, the others are looked at
	rm -r in
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
	mkdir -p "in/usr/lib/modules/$RELEASE/kernel"
	echo nonsense >"in/usr/lib/modules/$RELEASE/kernel/a.ko"
	archive >"m/boot/initrd.img-$RELEASE"
	run doctor m --json
	assert_found initramfs-module-unreadable unknown
	assert_found initramfs-unsigned warning
}

@test "an initramfs that is nothing but NUL bytes, or empty: unreadable, and soon" {
	for size in 200M 0; do
		rm -f "m/boot/initrd.img-$RELEASE"
		truncate -s $size "m/boot/initrd.img-$RELEASE"
		run timeout 20 "$MODSEAL" doctor --root m nls_utf8 --json
		assert_status 0
		assert_found initramfs-unreadable unknown '.summary | contains("holds no archive")'
	done
}

@test "what other programs decompress: as they do, or not at all" {
	in_initramfs kernel/fs/nls/nls_utf8.ko "$FILES/nls_utf8.ko"
	head -c 512 /dev/zero >early
	for tool in 'lz4 -l -c' bzip2 'xz --format=lzma -c'; do
		(cat early; archive | $tool) >"m/boot/initrd.img-$RELEASE"
		run doctor m --json
		assert_status 0
		assert_found initramfs-unsigned warning
		refute_found initramfs-unreadable
	done
	archive | lz4 -l -c | head -c 1500 >"m/boot/initrd.img-$RELEASE"
	run doctor m --json
	assert_found initramfs-unreadable unknown
	mkdir none
	run env PATH="$PWD/none" "$MODSEAL" doctor --root m --json </dev/null
	assert_found initramfs-unreadable unknown '(.summary | contains("there is no program lz4")) and
		(.why | contains("lsinitramfs"))'
}

# -- IMA -----------------------------------------------------------------------------------

label() { # FILE
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "security.ima", b"\x03\x02")' "$1"
}

@test "IMA: the file without a signature, with one, with an appended one" {
	mkdir -p m/sys/kernel/security/ima
	echo 'appraise func=MODULE_CHECK appraise_type=imasig' >m/sys/kernel/security/ima/policy
	run doctor m nls_utf8 --json
	assert_status 1
	assert_found ima-no-label wrong '.ways[0].commands[0] | startswith("evmctl ima_sign ")'
	echo 'appraise func=MODULE_CHECK appraise_type=imasig|modsig' >m/sys/kernel/security/ima/policy
	run doctor m nls_utf8 --json
	assert_found ima-no-label wrong
	cp "$FILES/nls_utf8.signed.ko" "$tree/kernel/fs/nls/nls_utf8.ko"
	run doctor m nls_utf8 --json
	assert_status 0
	assert_found ima-modsig note
	label "$tree/kernel/fs/nls/nls_utf8.ko" || skip "this file system keeps no security.ima"
	echo 'appraise func=MODULE_CHECK appraise_type=imasig' >m/sys/kernel/security/ima/policy
	run doctor m nls_utf8 --json
	assert_found ima-labelled note
}

# -- the page ------------------------------------------------------------------------------

@test "the page and --json tell the same" {
	strict
	run doctor m nls_utf8 --json
	json=$output
	run doctor m nls_utf8 -v
	assert_status 1
	while read -r fact; do
		assert_output "$fact"
	done < <(jq -r '.findings[] | .summary, .why // empty, (.ways[] | .what, .commands[], .price // empty),
		(.details | to_entries[] | "\(.key): \(.value)")' <<<"$json")
	[ "$(grep -cE '^(wrong|warning|unknown|note) +[a-z]+ ' <<<"$output")" -eq "$(jq '.findings | length' <<<"$json")" ]
}

@test "on a terminal: colours unless NO_COLOR is set, lines no wider than it" {
	strict
	page() {
		python3 - "$MODSEAL" doctor --root m nls_utf8 <<-'END'
			import fcntl, os, pty, struct, sys, termios
			pid, fd = pty.fork()
			if pid == 0:
			    os.environ["TERM"] = "xterm"
			    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 72, 0, 0))
			    os.execv(sys.argv[1], sys.argv[1:])
			out = b""
			try:
			    while data := os.read(fd, 4096):
			        out += data
			except OSError:
			    pass
			sys.stdout.write(out.decode().replace("\r\n", "\n"))
			sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
		END
	}
	run page
	assert_status 1
	assert_output $'\033[1;31mwrong\033[0m'
	export NO_COLOR=1
	run page
	assert_status 1
	refute_output $'\033'
	assert_output 'modseal keygen -k '
	# commands are to be pasted, and paths are words: they are never broken
	output=$(awk 'length > 72' <<<"$output" | grep -vE '^( +(modseal|scripts/config)|nls_utf8) ') || true
	[ -z "$output" ] || { said 'too wide'; return 1; }
}
