# SPDX-License-Identifier: Apache-2.0
# modseal sign --append: the tail is added to the file itself, where that can be.

load ../lib/common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	key='pkcs11:token=modseal;object=rsa2048'
	bare_module nls_utf8 m.ko
	cp m.ko expected
	modseal_pin sign -q --module "$MODSEAL_P11" -k "$key" expected
	inode=$(stat -c %i m.ko)
}

# append [ARGUMENT...]: signs all .ko files in the directory
append() {
	modseal_pin sign -q --append --module "$MODSEAL_P11" -k "$key" "$@" .
}

in_place() {
	[ "$(stat -c %i m.ko)" = "$inode" ]
}

replaced() {
	assert_same m.ko expected
	! in_place
	[ "$(ls -A)" = $'expected\nm.ko' ]
}

@test "the file stays, and gets what replacing it gives" {
	local when
	for when in none batch file; do
		bare_module nls_utf8 m.ko
		run append --durability $when
		assert_status 0
		in_place
		assert_same m.ko expected
	done
}

@test "a module that is signed is replaced" {
	cat expected >m.ko
	run append
	assert_status 0
	replaced
}

@test "a module with a second name is replaced" {
	ln m.ko other
	run append
	assert_status 0
	assert_same m.ko expected
	run ! in_place
	run ! cmp -s other expected
}

@test "a module that is measured is replaced" {
	python3 -c 'import os; os.setxattr("m.ko", "security.ima", b"\4\4x")' 2>/dev/null ||
		skip "no security.ima here"
	run append
	assert_status 0
	replaced
	run python3 -c 'import os; print(os.listxattr("m.ko"))'
	refute_output security.ima
}

@test "a module that must not be written to is replaced" {
	chmod 444 m.ko
	MODSEAL_PIN=1234 run setpriv --bounding-set=-dac_override,-dac_read_search \
		"$MODSEAL" sign -q --append --module "$MODSEAL_P11" -k "$key" . </dev/null
	assert_status 0
	assert_same m.ko expected
	[ "$(stat -c %a m.ko)" = 444 ]
	run ! in_place
}

@test "a compressed module is replaced" {
	xz --check=crc32 --lzma2=dict=1MiB m.ko
	run append
	assert_status 0
	xz -d m.ko.xz
	assert_same m.ko expected
}

@test "a module that another process holds a lock on is left alone" {
	flock m.ko sleep 60 3>&- &
	until_so locked m.ko
	run append
	kill $!
	assert_status 1
	assert_output "is locked"
	in_place
	run ! cmp -s m.ko expected
}

@test "a file of its own elsewhere is no append" {
	run append -o there
	assert_status 0
	assert_same there/m.ko expected
	in_place
	run ! cmp -s m.ko expected
}

# Opened for writing, a file of a lower layer becomes another one, of the upper layer.
@test "a module in a lower layer of overlayfs" {
	mkdir lower upper work merged
	mv m.ko lower/
	unshare -m sh -c 'mount -t tmpfs none upper && mkdir upper/u upper/w && exec mount -t overlay \
		-o lowerdir=lower,upperdir=upper/u,workdir=upper/w overlay merged' 2>/dev/null ||
		skip "no overlayfs can be mounted here"
	export -f modseal modseal_pin
	run timeout 60 unshare -m bash -euc '
		mount -t tmpfs none upper
		mkdir upper/u upper/w
		mount -t overlay -o lowerdir=lower,upperdir=upper/u,workdir=upper/w overlay merged
		modseal_pin sign --append --module "$MODSEAL_P11" -k "$0" merged/m.ko
		cmp merged/m.ko expected
		[ "$(ls -A merged)" = m.ko ]' "$key"
	assert_status 0
	assert_output "signed (sha256)"
}

# Bytes that a command and what it starts read from files.
bytes_read() { # COMMAND...
	bash -c '"$@" >/dev/null && sed -n "s/^rchar: //p" /proc/self/io' bash "$@"
}

@test "each module is read once" {
	local option few all size
	grep -q '^rchar: ' /proc/self/io || skip "no /proc/self/io here"
	export -f modseal modseal_pin
	cp "$(find "$MODSEAL_CORPUS" -name '*.ko' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)" large
	"$TOP/tests/lib/unsign" large
	for option in --append --durability=batch; do
		rm -rf few all
		mkdir few all
		cp m.ko few/
		bare_modules 30 "$PWD/all"
		find all -name '*.ko' -size +512k -delete # a new file of those is copied by the kernel
		[ $option != --append ] || cp large all/large.ko
		size=$(($(find all -name '*.ko' -printf '%s+')0 - $(stat -c %s m.ko)))
		few=$(bytes_read modseal_pin sign -q $option --module "$MODSEAL_P11" -k "$key" few)
		all=$(bytes_read modseal_pin sign -q $option --module "$MODSEAL_P11" -k "$key" all)
		echo "$option: $((all - few)) bytes read for $size of modules"
		[ $((all - few)) -ge "$size" ]
		[ $((all - few)) -le $((size + size / 20)) ]
	done
}
