# SPDX-License-Identifier: Apache-2.0
# A Debian kernel, a small system for it to start, and qemu. Sourced by run.

memory=1024      # MiB
boot_seconds=300 # 30 on an idle machine

# Unpacks the release's cloud kernel and sets vmlinuz, config, modules (the directory of its
# version) and version. From 7.x on Debian has them in packages of their own: linux-binary-V,
# -modules-V, -base-V.
get_kernel() { # RELEASE
	local package more
	debian_use "$1"
	package=$(debian_depends linux-image-cloud-amd64 | grep '^linux-image-[0-9]')
	debian_unpack "$kernel/unpacked" "$package"
	debian_unpack "$kernel/unpacked" base-files
	for more in $(debian_depends "$package" | grep -E '^linux-(binary|modules|base)-[0-9]'); do
		debian_unpack "$kernel/unpacked" "$more"
	done
	echo "== $1: $package"
	vmlinuz=$(find "$kernel/unpacked" -name 'vmlinuz*' -type f)
	config=$(find "$kernel/unpacked" \( -name 'config-*' -o -name config \) -type f)
	modules=$(dirname "$(find "$kernel/unpacked" -path '*/lib/modules/*/kernel' -prune -type d)")
	version=$(basename "$modules")
}

configured() { # OPTION, without CONFIG_: whether it is built in
	grep -q "^CONFIG_$1=y" "$config"
}

# A module as it was shipped, unpacked.
shipped_module() { # NAME
	local file
	file=$(find "$modules/kernel" -name "$1.ko*")
	case $file in
		*.xz) xz -dc "$file" ;;
		*) cat "$file" ;;
	esac
}

# The root directory of the guest: busybox, the program under test with its libraries, what it
# reads (os-release, the kernel and its configuration), efivarfs (a module in all these kernels).
make_guest() { # DIR
	local guest=$1 file
	mkdir -p "$guest"/{bin,sbin,etc,boot,proc,sys,dev,tmp,modules} "$guest/lib/modules/$version"
	cp "$here/init" "$guest/init"
	cp "$(command -v busybox)" "$guest/bin/busybox"
	cp "$work/load" "$guest/bin/load"
	put_program "$guest" "$modseal_program" bin/modseal
	cp "$kernel/unpacked/usr/lib/os-release" "$guest/etc/os-release"
	for file in "$config" "$vmlinuz"; do
		case $file in
			*/boot/*) cp "$file" "$guest/boot/" ;;
			*) cp "$file" "$guest/lib/modules/$version/" ;;
		esac
	done
	shipped_module efivarfs >"$guest/efivarfs.ko"
}

# A program and the libraries that it needs: the loader by its path, the others by their names.
put_program() { # GUEST PROGRAM AS
	local library
	cp "$2" "$1/$3"
	for library in $(ldd "$2" | sed -n 's|.*[ \t]\(/[^ ]*\) (0x.*|\1|p'); do
		case $library in
			*/ld-linux*) install -D "$library" "$1$library" ;;
			*) cp -L "$library" "$1/lib/" ;;
		esac
	done
}

# What a kernel needs to load algorithms that it has as modules only.
add_modprobe() { # GUEST
	local to=$1/lib/modules/$version
	put_program "$1" "$(command -v modprobe)" sbin/modprobe
	mkdir -p "$to/kernel/arch/x86"
	cp "$modules"/modules.* "$to/"
	cp -r "$modules"/kernel/{crypto,lib} "$to/kernel/"
	cp -r "$modules"/kernel/arch/x86/crypto "$to/kernel/arch/x86/"
	depmod -b "$1" "$version"
}

make_initrd() { # GUEST FILE
	(cd "$1" && find . | cpio -o -H newc --quiet | gzip -1) >"$2"
}

# Starts the kernel directly, without Secure Boot: what is in `db` reaches .platform and nothing is
# locked down. What the guest leaves on its disk is unpacked into a directory. KVM is not asked for:
# where there is a /dev/kvm it need not work.
boot() { # INITRD DIR WORD...
	local start=$SECONDS serial=$2.serial disk=$2.disk initrd=$1 dir=$2
	shift 2
	truncate -s 64M "$disk"
	timeout -k 5 $boot_seconds qemu-system-x86_64 -machine q35,smm=off -accel tcg -cpu max \
		-m $memory -nodefaults -no-reboot -display none -serial "file:$serial" \
		-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive if=pflash,format=raw,unit=1,file="$kernel/vars.fd" \
		-drive if=none,id=disk,format=raw,file="$disk" -device nvme,drive=disk,serial=1 \
		-kernel "$vmlinuz" -initrd "$initrd" -append "console=ttyS0 panic=-1 $*" </dev/null ||
		echo "qemu ended with $?"
	mkdir "$dir"
	if ! grep -q '^init: all passes done' "$serial" || ! tar -xf "$disk" -C "$dir"; then
		echo "the kernel did not come to an end; its console:"
		tail -n 40 "$serial" | tr -d '\r' | sed 's/^/    | /'
		return 1
	fi
	rm "$disk"
	echo "booted in $((SECONDS - start)) s: $*"
}
