#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real firmware (OVMF, in qemu) behind a real efivarfs. It judges updates of its variables: from setup
# mode to one with keys of ours, and then what it takes and what it refuses. And it keeps requests to
# MokManager. About 15 s.

load ../lib/common
load efi

debian_dir=${MODSEAL_CACHE:-$TOP/.cache}/debian
. "$TOP/tests/lib/debian.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	CERTS=$PWD
	for name in pk kek stranger one two mok1 mok2; do
		certificate $name 'basicConstraints=critical,CA:TRUE'
	done
	mkdir -p root/bin root/updates
}

# Unpacks this release's cloud kernel: vmlinuz, efivarfs.ko.
get_kernel() {
	local package
	debian_use "$(debian_here)"
	package=$(debian_depends linux-image-cloud-amd64 | grep '^linux-image-[0-9]')
	debian_unpack kernel "$package"
	mv kernel/boot/vmlinuz-* vmlinuz
	find kernel -name efivarfs.ko -exec mv {} root/ \;
}

# update NAME SIGNER OPTION...: the guest applies it under that name, in the order of the names.
update() {
	local name=$1 signer=$2
	shift 2
	modseal trust db --sign-key "$signer.key" --sign-cert "$signer.pem" --auth "root/updates/$name.auth" \
		--owner 11111111-2222-3333-4444-123456789abc "$@" >/dev/null 2>&1
	# What has to be said again when it is applied.
	local said=()
	while [ $# -gt 0 ]; do
		case $1 in
		--replace) said+=("$1") ;;
		--variable) said+=("$1" "$2"); shift ;;
		esac
		shift
	done
	echo "${said[*]}" >"root/updates/$name.options"
}

# A program with its libraries.
into_guest() { # PROGRAM
	cp "$1" root/bin/
	ldd "$1" | grep -o '/[^ ]*' | while read -r lib; do
		cp --parents -L "$lib" root/
	done
	mkdir -p root/lib root/usr
}

make_init() {
	cat >root/init <<-'END'
		#!/bin/busybox sh
		b=/bin/busybox
		$b mkdir -p /proc /sys /tmp
		$b mount -t proc proc /proc
		$b mount -t sysfs sys /sys
		$b insmod /efivarfs.ko
		$b mount -t efivarfs efivars /sys/firmware/efi/efivars
		$b dmesg -n 1
		for f in /updates/*.auth; do
			name=$($b basename $f .auth)
			said=$(/bin/modseal trust db --apply $($b cat /updates/$name.options) $f 2>&1)
			echo "MODSEAL $name $? $($b echo "$said" | $b head -n 1)"
		done
		# As if shim had booted it.
		$b dd if=/moklist of=/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23 \
			bs=64k conv=notrunc 2>/dev/null
		request() { # NAME OPTION...
			name=$1
			shift
			said=$(/bin/modseal trust enrol "$@" 2>&1)
			echo "MODSEAL $name $? $($b echo "$said" | $b grep -e asked -e written | $b head -n 1)"
		}
		for cert in mok1 mok2; do
			request 21-enrol-$cert /$cert.pem --hash-file /hash
		done
		request 22-large /large.pem --hash-file /hash
		/bin/modseal trust enrol --pending | $b sed 's/^/MODSEAL pending /'
		request 23-revoke --revoke-pending
		request 24-pending --pending
		echo "MODSEAL 25-left $($b ls /sys/firmware/efi/efivars | $b grep -c -e MokNew -e MokAuth)"
		/bin/modseal trust list --json 2>/dev/null | $b sed 's/^/MODSEAL list /'
		$b poweroff -f
	END
	chmod +x root/init
}

boot() {
	(cd root && find . | cpio -o -H newc --quiet) >initrd
	cp /usr/share/OVMF/OVMF_VARS_4M.fd vars.fd
	timeout -k 5 400 qemu-system-x86_64 -machine q35,smm=on \
		-global driver=cfi.pflash01,property=secure,value=on -accel tcg -cpu max -m 1024 \
		-nodefaults -no-reboot -display none -serial file:serial \
		-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd \
		-drive if=pflash,format=raw,unit=1,file=vars.fd \
		-kernel vmlinuz -initrd initrd -append "console=ttyS0 panic=-1" </dev/null
	tr -d '\r' <serial | sed -n 's/^MODSEAL //p'
}

@test "OVMF takes updates that a key of KEK signed, and no others; and requests to MokManager" {
	get_kernel
	cp "$(command -v busybox)" root/bin/
	into_guest "$MODSEAL"
	make_init

	# setup mode
	update 01-db kek one.pem --replace --time 2025-01-01T00:00:00Z
	update 02-kek pk kek.pem --variable KEK --replace --time 2025-01-01T00:00:00Z
	update 03-pk pk pk.pem --variable PK --replace --time 2025-01-01T00:00:00Z
	# from here on signatures count
	update 11-add kek two.pem
	update 12-stranger stranger stranger.pem
	update 13-older kek stranger.pem --replace --time 2024-01-01T00:00:00Z
	update 14-altered kek stranger.pem
	tampered root/updates/14-altered.auth 1600
	cert-to-efi-sig-list stranger.pem revoked.esl >/dev/null
	update 15-dbx kek revoked.esl --variable dbx
	update 16-kek-for-kek kek one.pem --variable KEK
	update 17-pk-for-kek pk one.pem --variable KEK

	cert-to-efi-sig-list pk.pem pk.esl >/dev/null
	{ printf '\7\0\0\0'; cat pk.esl; } >root/moklist
	cp mok1.pem mok2.pem root/
	openssl passwd -6 -salt abcdefgh secret >root/hash
	# More than a variable of OVMF can hold.
	certificate large "nsComment=$(head -c 40000 /dev/zero | tr '\0' x)"
	cp large.pem root/

	run boot
	for name in 01-db 02-kek 03-pk 11-add 15-dbx 17-pk-for-kek; do
		assert_match "^$name 0 "
	done
	for name in 12-stranger 13-older 14-altered 16-kek-for-kek; do
		assert_match "^$name 4 .*cannot be written: Permission denied"
	done
	assert_line "21-enrol-mok1 0 asked to enrol: CN=Test mok1"
	assert_line "21-enrol-mok2 0 asked to enrol: CN=Test mok2"
	assert_match "^22-large 4 .*MokNew-$SHIM cannot be written: "
	[ "$(sed -n 's/^pending \(to enrol: [^,]*\).*/\1/p' <<<"$output" | sort | paste -sd,)" = \
		"to enrol: CN=Test mok1,to enrol: CN=Test mok2" ]
	assert_line "23-revoke 0 what was asked for is taken back"
	assert_line "24-pending 0 nothing is asked for"
	assert_line "25-left 0"
	# What the firmware holds then (keyrings have names that begin with a dot).
	sed -n 's/^list //p' <<<"$output" | jq -r 'select(.what == "key") | "\(.in): \(.subject)"' |
		grep -v '^\.' | sort >list
	diff list - <<-END
		KEK: CN=Test kek
		KEK: CN=Test one
		MokListRT: CN=Test pk
		PK: CN=Test pk
		db: CN=Test one
		db: CN=Test two
		dbx: CN=Test stranger
	END
}
