#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Compressed modules: signed inside, as the kernel's decompressor reads it.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/bare" >/dev/null
	sign -q -o signed bare
	gzip -nc bare >m.ko.gz
	xz -c --check=crc32 --lzma2=dict=1MiB bare >m.ko.xz
	zstd -qc bare >m.ko.zst
}

unpacked() { # FILE
	case $1 in
	*.gz) gzip -dc "$1" ;;
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dqc "$1" ;;
	esac
}

tool_tests() { # FILE
	case $1 in
	*.gz) gzip -t "$1" ;;
	*.xz) xz -t "$1" ;;
	*.zst) zstd -qt "$1" ;;
	esac
}

@test "signed, stripped, verified; the tools and modinfo read them" {
	for file in m.ko.gz m.ko.xz m.ko.zst; do
		run sign $file
		assert_status 0
		assert_line "$file: signed (sha256)"
		tool_tests $file
		unpacked $file | cmp - signed
		# Debian's kmod reads no gzip
		[ $file = m.ko.gz ] || [ "$(modinfo -F signer "./$file")" = "modseal rsa2048" ]
		run verify $file
		assert_status 0
		run sign $file
		assert_line "$file: signed again (sha256)"
		unpacked $file | cmp - signed
		run modseal strip $file
		assert_status 0
		tool_tests $file
		unpacked $file | cmp - bare
	done
	assert_files . bare m.ko.gz m.ko.xz m.ko.zst signed
}

@test "in a tree, beside plain ones" {
	mkdir tree
	mv m.ko.* tree/
	cp bare tree/plain.ko
	run sign -o out tree
	assert_status 0
	assert_line "4 modules: 4 signed, 0 failed"
	assert_files out m.ko.gz m.ko.xz m.ko.zst plain.ko
	for ext in gz xz zst; do
		unpacked out/m.ko.$ext | cmp - signed
	done
	assert_same out/plain.ko signed
}

@test "the same input gives the same file" {
	for ext in gz xz zst; do
		sign -q -o one.ko.$ext m.ko.$ext
		sleep 0.01
		sign -q -o two.ko.$ext m.ko.$ext
		assert_same one.ko.$ext two.ko.$ext
	done
}

@test "what is compressed stays as it is, and stripped it is the file that it was" {
	xz -c --check=crc32 -6e --block-size=20000 bare >m.ko.xz
	zstd -qc -19 <bare >m.ko.zst # which does not know the size
	zstd -qc --no-check bare >unchecked.ko.zst
	gzip -c -6 bare >m.ko.gz # with the file's name
	for file in m.ko.gz m.ko.xz m.ko.zst unchecked.ko.zst; do
		cp $file was
		size=$(($(stat -c %s was) + $(stat -c %s signed) - $(stat -c %s bare)))
		sign -q $file
		unpacked $file | cmp - signed
		tool_tests $file
		[ $file = m.ko.gz ] || [ "$(modinfo -F signer "./$file")" = "modseal rsa2048" ]
		# the signature, a header, an entry in the index
		[ $(($(stat -c %s $file) - size)) -le 40 ]
		[ "$(cmp -l was $file | wc -l)" -lt 60 ]
		modseal strip -q $file
		assert_same $file was
	done
}

@test "one signature above the other, replaced, taken off" {
	for file in m.ko.gz m.ko.xz m.ko.zst; do
		sign -q $file
		cp $file once
		sign -q --stack $file
		tool_tests $file
		[ "$(unpacked $file | grep -ac '~Module signature appended~$')" -eq 2 ]
		sign -q $file
		unpacked $file | cmp - signed
		modseal strip -q $file
		tool_tests $file
		unpacked $file | cmp - bare
		cp once $file
		sign -q $file
		assert_same $file once
	done
}

@test "a signature that was compressed together with the module" {
	gzip -nc signed >m.ko.gz
	xz -c --check=crc32 signed >m.ko.xz
	zstd -qc signed >m.ko.zst
	for file in m.ko.gz m.ko.xz m.ko.zst; do
		sign -q $file
		unpacked $file | cmp - signed
		modseal strip -q $file
		unpacked $file | cmp - bare
	done
}

@test "xz as kbuild makes it: CRC32, LZMA2 alone, a small dictionary, one block" {
	xz -c --check=sha256 --x86 --lzma2=dict=16MiB bare >m.ko.xz
	run sign m.ko.xz
	assert_status 0
	run xz --robot --list -vv m.ko.xz
	assert_match '^file.1.1.*.CRC32.'
	assert_match '^block.*--lzma2=dict=(1MiB|[0-9]{1,3}KiB)'
	refute_output --x86
	unpacked m.ko.xz | cmp - signed
}

@test "gzip with no header fields but a name" {
	gzip -Nc <bare >m.ko.gz
	(cp bare named.ko && gzip -N named.ko)
	sign -q m.ko.gz named.ko.gz
	for file in m.ko.gz named.ko.gz; do
		flags=$(od -An -tu1 -j3 -N1 $file)
		[ $((flags & ~8)) -eq 0 ]
		unpacked $file | cmp - signed
	done
}

zstd_window() { # FILE: bytes
	LC_ALL=C zstd -lv "$1" | sed -n 's/^Window Size: .*(\([0-9]*\) B)$/\1/p'
}

@test "zstd with a window that the kernel takes, one frame" {
	zstd -qc --long=27 <bare >m.ko.zst
	[ "$(zstd_window m.ko.zst)" -eq $((128 << 20)) ]
	sign -q m.ko.zst
	[ "$(zstd_window m.ko.zst)" -le $((8 << 20)) ]
	run zstd -lv m.ko.zst
	assert_match 'Frames: 1'
	unpacked m.ko.zst | cmp - signed
}

@test "several members, streams and frames become one" {
	half=$(($(stat -c %s bare) / 2))
	(head -c $half bare | gzip -c; tail -c +$((half + 1)) bare | gzip -c) >m.ko.gz
	(head -c $half bare | xz -c; tail -c +$((half + 1)) bare | xz -c) >m.ko.xz
	(head -c $half bare | zstd -qc; tail -c +$((half + 1)) bare | zstd -qc) >m.ko.zst
	run sign m.ko.gz m.ko.xz m.ko.zst
	assert_status 0
	for ext in gz xz zst; do
		unpacked m.ko.$ext | cmp - signed
	done
	run xz --robot --list m.ko.xz
	assert_match '^file.1.1.'
}

@test "told by content, not by name" {
	mv m.ko.xz m.ko
	cp bare plain.ko.xz
	run sign m.ko plain.ko.xz
	assert_status 0
	xz -dc <m.ko | cmp - signed
	assert_same plain.ko.xz signed
}

@test "what is left of a signature inside is mended" {
	head -c -20 signed | zstd -qc >m.ko.zst
	run sign m.ko.zst
	assert_status 0
	assert_output "the interrupted signature cut off"
	unpacked m.ko.zst | cmp - signed
}

@test "mode and name are kept" {
	chmod 640 m.ko.xz
	sign -q m.ko.xz
	[ "$(stat -c %a m.ko.xz)" = 640 ]
}

@test "a large module" {
	big=$(find "$MODSEAL_CORPUS" -name '*.ko' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
	cp "$big" big
	"$TOP/tests/lib/unsign" big
	sign -q -o big.signed big
	for how in 'gzip -1c gz' 'xz -0c xz' 'zstd -1qc zst'; do
		read -r tool options ext <<<"$how"
		$tool $options <big >big.ko.$ext
		sign -q big.ko.$ext
		unpacked big.ko.$ext | cmp - big.signed
	done
}
