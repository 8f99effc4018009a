# SPDX-License-Identifier: Apache-2.0
# A machine with Debian's Secure Boot chain (firmware with Microsoft's keys, shim, GRUB, signed
# kernel) for the story that `story` tells on it. Sourced by run.

one_story() { # RELEASE
	local key="pkcs11:token=empty;object=story-$1" disk=$kernel/story.disk
	local guest=$kernel/guest-story last
	make_guest "$guest"
	must modseal keygen -k "$key" --type rsa2048 --subject "CN=A user's key for $1" \
		--out "$guest/mine.der"
	cp "$work/shipped.ko" "$guest/modules/debians.ko"
	cp "$work/bare.ko" "$guest/modules/unsigned.ko"
	cp "$work/bare.ko" "$guest/modules/signed.ko"
	must modseal sign -k "$key" -c "$guest/mine.der" "$guest/modules/signed.ko"
	make_initrd "$guest" "$kernel/story.initrd"
	make_boot_disk "$1" "$disk" "$kernel/story.initrd"
	cp /usr/share/OVMF/OVMF_VARS_4M.ms.fd "$kernel/story.vars"

	PYTHONDONTWRITEBYTECODE=1 "$here/story" "$logs/$1.story.serial" \
		qemu-system-x86_64 -machine q35,smm=on -accel tcg -cpu max -m $memory \
		-nodefaults -display none -serial stdio \
		-global driver=cfi.pflash01,property=secure,value=on \
		-global ICH9-LPC.disable_s3=1 \
		-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd \
		-drive if=pflash,format=raw,unit=1,file="$kernel/story.vars" \
		-drive if=none,id=disk,format=raw,file="$disk" -device virtio-blk-pci,drive=disk \
		</dev/null >"$logs/$1.story" 2>&1 || true # its last line says so
	last=$(tail -n 1 "$logs/$1.story")
	case $last in
		*", 0 failed") grep -v '^  |' "$logs/$1.story" ;; # without what commands answered
		*) cat "$logs/$1.story" ;;
	esac
	count "$last"
}

# An EFI system partition that fills a disk: shim as the one that removable media are started by,
# GRUB and MokManager beside it, each as Debian signed it. Installing these packages would make a
# machine start from them: they are unpacked only.
make_boot_disk() { # RELEASE DISK INITRD
	local signed=$kernel/signed package
	debian_use "$1"
	for package in shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed; do
		debian_unpack "$signed" "$package"
	done
	truncate -s 96M "$2"
	mformat -i "$2" -F ::
	mmd -i "$2" ::EFI ::EFI/BOOT ::EFI/debian
	mcopy -i "$2" "$signed/usr/lib/shim/shimx64.efi.signed" ::EFI/BOOT/BOOTX64.EFI
	mcopy -i "$2" "$signed/usr/lib/shim/mmx64.efi.signed" ::EFI/BOOT/mmx64.efi
	mcopy -i "$2" "$signed/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" \
		::EFI/BOOT/grubx64.efi
	printf 'linux /vmlinuz console=ttyS0 panic=-1\ninitrd /initrd\nboot\n' |
		mcopy -i "$2" - ::EFI/debian/grub.cfg
	mcopy -i "$2" "$vmlinuz" ::vmlinuz
	mcopy -i "$2" "$3" ::initrd
}
