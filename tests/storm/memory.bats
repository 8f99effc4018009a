#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Memory grows neither with the number of modules nor with their size: 48 MiB, for a whole kernel and
# a module of 19 MB. MODSEAL_LONG: all of the kernel also compressed.

load ../lib/common
load ../faults/faults
load storm

setup_file() {
	storm_setup_file
	local file=$BATS_FILE_TMPDIR/large.ko padding=$BATS_FILE_TMPDIR/padding largest
	largest=$(find "$MODSEAL_CORPUS" -name '*.ko' -printf '%s %p\n' | sort -n | tail -n 1)
	cp "${largest#* }" "$file"
	"$TOP/tests/lib/unsign" "$file"
	# Other modules make it as compressible as a module is.
	find "$MODSEAL_CORPUS" -name '*.ko' | sort | xargs cat 2>/dev/null |
		head -c $((19000000 - $(stat -c %s "$file"))) >"$padding"
	objcopy --add-section .modseal_padding="$padding" "$file"
	rm "$padding"
}

setup() {
	export MODSEAL_PIN=1234
}

# All modules of a tree and the large one as PACKER leaves it; sets `peak` to KiB.
peak_of() { # TREE PACKER [OPTION...]
	local tree=$1
	cp "$BATS_FILE_TMPDIR/large.ko" "$tree/"
	$2 "$tree/large.ko"
	peak=$("$BATS_TEST_DIRNAME/peak.py" "$MODSEAL" sign --quiet --module "$MODSEAL_P11" \
		-k 'pkcs11:token=modseal;object=rsa2048' "${@:3}" "$tree" 2>"$BATS_TEST_TMPDIR/err")
	modseal verify -q -c "$MODSEAL_FIXTURES/rsa2048.pem" "$tree" >/dev/null
	echo "# $BATS_TEST_DESCRIPTION: $((peak / 1024)) MiB" >&3
	[ "$peak" -le 49152 ]
}

# The corpus without signatures, or every NTH module of it.
corpus_tree() { # NTH
	local tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	(cd "$MODSEAL_CORPUS" && find . -name '*.ko' | sort | awk -v nth="$1" 'NR % nth == 0' |
		cpio -pdm --quiet "$tree")
	find "$tree" -name '*.ko' -print0 | xargs -0 "$TOP/tests/lib/unsign"
	echo "$tree"
}

packed_tree() { # PACKER
	local nth=8 tree
	[ -z "${MODSEAL_LONG-}" ] || nth=1
	tree=$(corpus_tree $nth)
	find "$tree" -name '*.ko' -print0 | xargs -0 -P "$(nproc)" -n 20 $1
	echo "$tree"
}

@test "peak memory: new files" {
	peak_of "$(corpus_tree 1)" true
}

@test "peak memory: appended signatures" {
	peak_of "$(corpus_tree 1)" true --append
}

@test "peak memory: many jobs" {
	peak_of "$(corpus_tree 1)" true --jobs=16
}

@test "peak memory: .ko.xz" {
	local xz="xz --check=crc32 --lzma2=dict=1MiB"
	peak_of "$(packed_tree "$xz")" "$xz" --jobs=16
}

@test "peak memory: .ko.zst" {
	peak_of "$(packed_tree "zstd -q --rm")" "zstd -q --rm" --jobs=16
}

@test "peak memory: .ko.gz" {
	[ -n "${MODSEAL_LONG-}" ] || skip "only with MODSEAL_LONG"
	peak_of "$(packed_tree "gzip -n")" "gzip -n"
}
