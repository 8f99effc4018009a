#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is no module, or a damaged one: every command that writes leaves it byte for byte as it was,
# leaves nothing beside it, and says which file it is and what is wrong with it.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$BATS_TEST_TMPDIR/m.ko" >/dev/null
	m=$BATS_TEST_TMPDIR/m.ko
	echo text >"$BATS_TEST_TMPDIR/sig"
}

attach() { # with a file that is no signature: nothing may get that far
	modseal attach -c "$MODSEAL_FIXTURES/rsa2048.pem" -s "$BATS_TEST_TMPDIR/sig" "$@"
}

# Runs sign, strip and attach on one file.
all_refuse() { # STATUS TEXT FILE
	local file=$3 command before
	before=$(ls -lA --time-style=full-iso; [ ! -f "$file" ] || sha256sum <"$file")
	for command in sign 'sign -o out' 'modseal strip' 'modseal strip -o out' attach 'attach -o out' \
		'modseal detach' 'modseal detach -o out' 'modseal inspect' verify; do
		run $command "$file"
		assert_status "$1"
		assert_output "$2"
		[ "$(ls -lA --time-style=full-iso; [ ! -f "$file" ] || sha256sum <"$file")" = "$before" ] || {
			echo "$command changed something: $(ls -lA)"
			return 1
		}
	done
}

@test "an empty file" {
	: >empty.ko
	all_refuse 1 "empty.ko is empty" empty.ko
}

@test "not ELF" {
	echo text >text.ko
	all_refuse 1 "text.ko is not a kernel module" text.ko
	head -c 100000 /dev/urandom | tr '\177' x >random.ko
	all_refuse 1 "random.ko is not a kernel module" random.ko
	printf '\177ELF' >magic.ko
	all_refuse 1 "magic.ko is not a kernel module" magic.ko
}

@test "ELF, but no relocatable file" {
	cp "$MODSEAL" program.ko
	all_refuse 1 "program.ko is not a kernel module" program.ko
}

@test "nothing but a signature" {
	sign -q -o signed "$m"
	take_apart signed
	(cat signed.cms; module_signature "$(stat -c %s signed.cms)") >only.ko
	rm signed*
	all_refuse 1 "only.ko" only.ko
}

@test "gone, a dangling link, a link to itself" {
	all_refuse 4 "gone.ko: No such file or directory" gone.ko
	ln -s nowhere dangling.ko
	all_refuse 4 "dangling.ko: No such file or directory" dangling.ko
	ln -s loop.ko loop.ko
	all_refuse 4 "loop.ko: Too many levels of symbolic links" loop.ko
}

@test "a fifo, a socket, a device: not even opened" {
	mkfifo fifo.ko
	all_refuse 4 "fifo.ko is not a regular file" fifo.ko
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket.ko")'
	all_refuse 4 "socket.ko is not a regular file" socket.ko
	ln -s /dev/zero zero.ko
	all_refuse 4 "zero.ko is not a regular file" zero.ko
}

@test "a directory without modules, and one that is called like a module" {
	mkdir dir
	all_refuse 1 "dir holds no kernel module" dir
	mkdir dir.ko
	all_refuse 1 "dir.ko holds no kernel module" dir.ko
}

@test "a fifo in a tree is passed over" {
	mkdir tree
	mkfifo tree/fifo.ko
	cp "$m" tree/m.ko
	run sign tree
	assert_status 0
	verify tree/m.ko
	[ -p tree/fifo.ko ]
}

# Makes FILE cut at N bytes as N.ko in a directory, for each N of a Python range.
cut_at() { # FILE DIR RANGE
	mkdir "$2"
	python3 -c '
import sys
data = open(sys.argv[1], "rb").read()
size = len(data)
for at in eval(sys.argv[3]):
    open(f"{sys.argv[2]}/{at}.ko", "wb").write(data[:at])
' "$@"
}

# All files of the directory hold the same bytes as one file.
all_same() { # DIR FILE
	find "$1" -mindepth 1 -print0 | xargs -0 -n 1 cmp "$2"
}

@test "a module that is cut inside its ELF: refused wherever that is" {
	cut_at "$m" cut 'list(range(1, 70)) + list(range(100, size, 401)) + list(range(size - 70, size))'
	cp -a cut before
	for command in sign 'modseal strip' attach; do
		run $command cut
		assert_status 6
		count=$(find cut -type f | wc -l)
		assert_line "$count modules: 0 $(done_word "$command"), $count failed"
		for file in cut/*; do
			assert_output "$file is not a kernel module"
		done
		diff -r cut before
	done
}

done_word() { # COMMAND
	case $1 in
	sign) echo signed ;;
	attach) echo attached ;;
	*) echo stripped ;;
	esac
}

@test "cut at every byte of the tail: signing mends it" {
	sign -q -o signed.ko "$m"
	bare=$(stat -c %s "$m") size=$(stat -c %s signed.ko)
	cut_at signed.ko cut "range($bare, size)"
	run --separate-stderr sign --json cut
	assert_status 0
	assert_json "(map(select(.module)) | length) == $size - $bare"
	assert_json "map(select(.module)) | all(.mended == (.module != \"cut/$bare.ko\"))"
	all_same cut signed.ko
}

@test "cut at every byte of the tail: stripping leaves the module" {
	sign -q -o signed.ko "$m"
	cut_at signed.ko cut "range($(stat -c %s "$m"), size)"
	run modseal strip cut
	assert_status 0
	all_same cut "$m"
}

@test "cut at every byte of the tail: attaching puts the whole one there" {
	sign -q -o signed.ko "$m"
	modseal detach -q -o sig signed.ko
	cut_at signed.ko cut "range($(stat -c %s "$m"), size)"
	for file in cut/*; do
		cp sig "$file.p7s"
	done
	run modseal attach -c "$MODSEAL_FIXTURES/rsa2048.pem" cut
	assert_status 0
	rm cut/*.p7s
	all_same cut signed.ko
}

@test "cut at every byte of the tail: verify never says valid" {
	sign -q -o signed.ko "$m"
	cut_at signed.ko cut "range($(stat -c %s "$m"), size)"
	run verify cut
	assert_status 1
	refute_output ": valid"
	refute_output ": malformed"
	[ "$(grep -c ': unsigned: ' <<<"$output")" -eq 1 ]
}

@test "a tail whose length is a lie: mended, and stripped to the module's own end" {
	sign -q -o signed.ko "$m"
	take_apart signed.ko
	size=$(($(stat -c %s "$m") + $(stat -c %s signed.ko.cms)))
	mkdir lies
	for len in 0 1 $(($(stat -c %s signed.ko.cms) - 1)) $(($(stat -c %s signed.ko.cms) + 1)) \
		$((size - 1)) $size $((size + 1)) 2147483647 2147483648 4294967295; do
		(cat "$m" signed.ko.cms; module_signature $len) >lies/$len.ko
	done
	cp -a lies stripped
	cp -a lies seen
	run sign lies
	assert_status 0
	all_same lies signed.ko
	run modseal strip stripped
	assert_status 0
	all_same stripped "$m"
	run verify seen
	assert_status 1
	[ "$(grep -c ': malformed: ' <<<"$output")" -eq "$(find seen -type f | wc -l)" ]
}

@test "a lie on what is no ELF file: nothing is cut" {
	(echo image; module_signature 4294967295) >image
	cp image before
	run --separate-stderr sign --any-file --json image
	assert_status 0
	assert_json '.[0].mended == false'
	take_apart image
	assert_same image.bare before
	cp before image
	run modseal strip --any-file image
	assert_status 0
	assert_same image before
}

@test "damaged compression: refused, and as it was" {
	for how in 'gzip -c' 'xz -c --check=crc32' 'zstd -qc'; do
		case $how in gzip*) ext=gz ;; xz*) ext=xz ;; *) ext=zst ;; esac
		$how "$m" >whole
		size=$(stat -c %s whole)
		head -c $((size / 2)) whole >half.ko.$ext
		all_refuse 1 "half.ko.$ext" half.ko.$ext
		cp whole bit.ko.$ext
		tampered bit.ko.$ext $((size - 3))
		all_refuse 1 "bit.ko.$ext" bit.ko.$ext
		(cat whole; echo behind) >more.ko.$ext
		all_refuse 1 "more.ko.$ext" more.ko.$ext
		rm ./*.ko.$ext whole
	done
}

@test "compressed, but not a module; nested; empty" {
	echo text | xz --check=crc32 >text.ko.xz
	all_refuse 1 "text.ko.xz is not a kernel module" text.ko.xz
	gzip -c "$m" | xz --check=crc32 >twice.ko.xz
	all_refuse 1 "twice.ko.xz is not a kernel module" twice.ko.xz
	: | xz --check=crc32 >nothing.ko.xz
	all_refuse 1 "nothing.ko.xz is empty" nothing.ko.xz
}

@test "a bomb is not unpacked whole" {
	head -c 100000000 /dev/zero | zstd -q1 >frame
	for i in {1..20}; do
		cat frame
	done >bomb.ko.zst
	[ "$(stat -c %s bomb.ko.zst)" -lt 1000000 ]
	run sign bomb.ko.zst
	assert_status 1
	assert_output "bomb.ko.zst holds more than 1024 MiB when decompressed"
}
