#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What kernels do with modules: machines and modules of make-machines, and what `expected` says of them.

load ../lib/common

setup_file() {
	common_setup_file
	export MADE=$BATS_FILE_TMPDIR/made
	bare_module nls_utf8 "$BATS_FILE_TMPDIR/bare.ko"
	"$TOP/tests/trust/make-machines" "$BATS_FILE_TMPDIR/bare.ko" "$MADE"
}

predict() { # MACHINE MODULE [OPTION...]
	local machine=$1 module=$2
	shift 2
	modseal verify --root "$MADE/machines/$machine" "$@" "$MADE/modules/$module.ko"
}

check() { # MACHINE CERT [OPTION...]
	local machine=$1 cert=$2
	shift 2
	modseal trust check --root "$MADE/machines/$machine" "$@" "$MADE/certs/$cert.der"
}

@test "each module on each machine, as expected" {
	local misses=0 rows=0 machine module verdict errno store message said
	while read -r machine module verdict errno store message; do
		[[ -n $machine && $machine != '#' ]] || continue
		message=${message/SHA256/$(sha256sum <"$MADE/modules/$module.ko" | cut -d' ' -f1)}
		rows=$((rows + 1))
		said=$(predict "$machine" "$module" --json | head -n 1 |
			jq -r '[.verdict, .errno // "-", .store // "-", .message // "-"] | join(" ")')
		if [ "$said" != "$verdict $errno $store $message" ]; then
			echo "$machine $module: $said"
			echo "    instead of: $verdict $errno $store $message"
			misses=$((misses + 1))
		fi
	done < <(sed 's/^#.*/#/' "$TOP/tests/trust/expected")
	[ "$rows" -gt 50 ]
	[ "$misses" -eq 0 ]
}

@test "exit status: loads 0, taints and refused 1, unknown 5, a usage error 2" {
	run predict plain distro
	assert_status 0
	run predict plain unsigned
	assert_status 1
	run predict secure-boot unsigned
	assert_status 1
	run predict image distro
	assert_status 5
	run predict image unsigned --kernel
	assert_status 2
	run modseal verify --root "$MADE/machines/nowhere" "$MADE/modules/mok.ko"
	assert_status 4
	# of several, no outweighs unknown
	run modseal verify --root "$MADE/machines/keyrings-unknown" "$MADE"/modules/{mok,unsigned}.ko
	assert_status 1
	assert_output "2 modules: 0 loads, 1 not accepted, 1 unknown, 0 failed"
}

@test "check: a certificate as the signer of a module" {
	run check secure-boot-mok mok
	assert_status 0
	assert_output "loads: its key is in .machine (signer: CN=Machine owner; sha256)"
	run check secure-boot-mok stranger
	assert_status 1
	assert_output "its key is in none of the kernel's keyrings"
	run check sha512-missing mok --hash sha512
	assert_status 1
	assert_output "sha512 is a module of this kernel, and there is no modprobe (\"/sbin/modprobe\")"
	run check sha512-missing mok
	assert_status 0
	run check keyrings-unknown mok --json
	assert_status 5
	jq -e '.verdict == "unknown" and .cert != null and .errno == null' <<<"$output"
	assert_output "in which keyring is not known"
}

@test "check: which gate is closed to a MOK" {
	run check mok-untrusted mok
	assert_status 1
	assert_output "its key is in .platform only"
	assert_output "Arch's kernels do not"
	assert_output "it is enrolled (MokListRT), but not in .machine: MokListTrustedRT is not set"
	run check mok-no-ca mok
	assert_output "it is enrolled (MokListRT), but not in .machine: basicConstraints CA:TRUE and keyUsage keyCertSign are missing; it goes to .platform"
	run check mok-secure-boot-off mok
	assert_output "it is enrolled (MokListRT), but in no keyring: Secure Boot is off"
	run check ecdsa-missing ec
	assert_output "this kernel has no ECDSA (CONFIG_CRYPTO_ECDSA)"
	run check revoked mok
	assert_output "it is revoked: its key is in .blacklist"
}

@test "check: a module is judged as verify does" {
	run modseal trust check --root "$MADE/machines/secure-boot-mok" --json "$MADE"/modules/{mok,altered}.ko
	assert_status 1
	jq -es '.[0].verdict == "loads" and .[1].errno == "EKEYREJECTED" and .[1].module != null' <<<"$output"
}

@test "a certificate that is named tells whose a signature is, and is not trusted for it" {
	rm -rf "$BATS_TEST_TMPDIR/m"
	cp -a "$MADE/machines/secure-boot-mok" "$BATS_TEST_TMPDIR/m"
	rm -r "$BATS_TEST_TMPDIR/m/modseal/certs"
	run modseal verify --root "$BATS_TEST_TMPDIR/m" "$MADE/modules/stranger.ko"
	assert_status 5
	assert_output "it may be Debian: Distribution signer: "
	run modseal verify --root "$BATS_TEST_TMPDIR/m" -c "$MADE/certs/stranger.der" "$MADE/modules/stranger.ko"
	assert_status 1
	assert_output "its key is in none of the kernel's keyrings"
	run modseal verify --root "$BATS_TEST_TMPDIR/m" -c "$MADE/certs/distro.pem" "$MADE/modules/distro.ko"
	assert_status 0
}

@test "a compressed module is judged by what is in it; who unpacks it is noted" {
	cd "$BATS_TEST_TMPDIR"
	xz --check=crc32 -c "$MADE/modules/mok.ko" >mok.ko.xz
	zstd -qc "$MADE/modules/mok.ko" >mok.ko.zst
	run modseal verify --root "$MADE/machines/secure-boot-mok" --json mok.ko.xz mok.ko.zst
	assert_status 0
	jq -es '.[0].verdict == "loads" and (.[0].note | contains("unpack") | not)' <<<"$output"
	jq -es '.[1].note == "this kernel does not unpack zstd, modprobe has to (CONFIG_MODULE_COMPRESS_ZSTD)"' \
		<<<"$output"
	run modseal verify --root "$MADE/machines/ecdsa-missing" mok.ko.xz
	assert_status 0
	assert_output "this kernel does not unpack xz, modprobe has to (CONFIG_MODULE_DECOMPRESS)"
}

@test "recordings that contradict themselves: what is lost is unknown, not absent" {
	cd "$BATS_TEST_TMPDIR"
	cp -a "$MADE/machines/secure-boot-mok" m
	# a member that /proc/keys does not show
	sed -i '/ Machine owner: /d' m/proc/keys
	run modseal verify --root m "$MADE/modules/mok.ko"
	assert_status 5
	assert_output "/proc/keys does not show its key"
	run modseal verify --root m "$MADE/modules/ec.ko"
	assert_status 5
	# dbx alone says nothing of a kernel that may not look
	cp -a "$MADE/machines/revoked" r
	rm r/modseal/keyrings
	sed -i '/SYSTEM_REVOCATION_LIST/d' r/boot/config-*
	run modseal trust check --root r "$MADE/certs/mok.der"
	assert_status 5
	echo CONFIG_SYSTEM_REVOCATION_LIST=y >>"$(echo r/boot/config-*)"
	run modseal trust check --root r "$MADE/certs/mok.der"
	assert_status 1
	assert_output "it is revoked: its key is in dbx"
}

@test "check: the kernel's own digest, unless new signatures are not made with it" {
	cd "$BATS_TEST_TMPDIR"
	cp -a "$MADE/machines/secure-boot-mok" m
	sed -i 's/MODULE_SIG_HASH=.*/MODULE_SIG_HASH="sha384"/' m/boot/config-*
	run modseal trust check --root m "$MADE/certs/mok.der"
	assert_output "; sha384)"
	sed -i 's/MODULE_SIG_HASH=.*/MODULE_SIG_HASH="sha1"/' m/boot/config-*
	run modseal trust check --root m "$MADE/certs/mok.der"
	assert_output "; sha256)"
}

@test "whose kernels look into .platform: told by who built them, else unknown" {
	cd "$BATS_TEST_TMPDIR"
	cp -a "$MADE/machines/fedora-db" m
	release=$(basename m/boot/config-*)
	release=${release#config-}
	asks() { # STATUS VERSION
		echo "Linux version $release $2" >m/proc/version
		run modseal trust check --root m "$MADE/certs/db.der"
		assert_status "$1"
	}
	asks 0 '(mockbuild@abc) (gcc (GCC) 14.2.1) #1 SMP PREEMPT_DYNAMIC'
	mv m/boot/config-* m/boot/config-6.12.1
	release=6.12.1
	asks 0 '(debian-kernel@lists.debian.org) (gcc-14) #1 SMP'
	asks 0 '(geeko@buildhost) (gcc (SUSE Linux) 13.3.0) #1 SMP'
	asks 1 '(linux@archlinux) (gcc (GCC) 14.2.1) #1 SMP'
	asks 5 '(me@home) (gcc) #1 SMP'
	assert_output "whose this is is not known"
	echo CONFIG_MODULE_SIG_PLATFORM=y >>m/boot/config-6.12.1
	asks 0 '(me@home) (gcc) #1 SMP'
	for release in 5.14.0-503.el9.x86_64 4.18.0-553.el8_10.x86_64 6.12.0-55.el10.x86_64 5.15.0-43-generic; do
		mv m/boot/config-* "m/boot/config-$release"
		sed -i '/MODULE_SIG_PLATFORM/d' "m/boot/config-$release"
		asks 0 '(buildd@lcy02-amd64-026) (gcc (Ubuntu 11.2.0-19ubuntu1) 11.2.0) #46-Ubuntu SMP'
	done
}
