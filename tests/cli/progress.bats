#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How far a run has come, on a terminal and for machines. The shim of tests/faults makes the token slow.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	mkdir mods
	bare_module nls_utf8 "$PWD/m.ko" >/dev/null
	local i
	for i in {10..21}; do
		cp m.ko "mods/m$i.ko"
	done
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:100ms MODSEAL_PIN=1234
	command=("$MODSEAL" sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" -k "$KEY" -j 1
		--durability=none mods) # each has its name at once
}

terminal() { # [--at PROMPT TEXT]... -- COMMAND...
	run timeout 60 "$BATS_TEST_DIRNAME/terminal.py" "$@"
}

# What a terminal shows of a line in the end: what stands behind the last return to its start.
visible() {
	sed 's/.*\r//; s/\x1b\[K//g' <<<"$output"
}

@test "a terminal: count, rate, time left and module on one line, which leaves results alone" {
	terminal -- "${command[@]}"
	assert_status 0
	assert_match $'\r[0-9]+/12 modules, [0-9]+(\\.[0-9])?/s, [0-9]+ s left, mods/m[0-9]+\\.ko\e\\[K'
	[ "$(visible | grep -c '^mods/m[0-9]*.ko: signed (sha256)$')" -eq 12 ]
	# a line that is written over leaves nothing
	[ "$(visible | grep -vc '^mods/m[0-9]*.ko: signed (sha256)$')" -eq 2 ]
	visible | grep -qx '12 modules: 12 signed, 0 failed'
}

@test "a terminal, and results that go elsewhere: the line stays until the end" {
	terminal -- bash -c '"$@" >out' bash "${command[@]}"
	assert_status 0
	[ "$(wc -l <out)" -eq 13 ]
	[ "$(grep -o $'\r[0-9]*/12 modules' <<<"$output" | wc -l)" -ge 3 ]
	[ "$(grep -o $'\r\e\\[K' <<<"$output" | wc -l)" -eq 1 ]
	[ "$(visible)" = "echo on" ]
}

@test "a narrow terminal: the line is cut, not wrapped" {
	terminal -- bash -c 'stty cols 30; "$@" >out' bash "${command[@]}"
	assert_status 0
	[ "$(tr '\r' '\n' <<<"$output" | sed 's/\x1b\[K//g' | awk '{ print length($0) }' | sort -n | tail -n 1)" -eq 29 ]
}

@test "a name that would lead the terminal elsewhere does not" {
	mv mods/m12.ko mods/$'m12\e[2J\n.ko'
	terminal -- bash -c '"$@" >out' bash "${command[@]}" --progress=terminal
	assert_status 0
	refute_output $'\e[2J'
}

@test "messages stand on lines of their own" {
	echo text >mods/m15.ko
	terminal -- bash -c '"$@" >out' bash "${command[@]}"
	assert_status 1
	visible | grep -qx 'modseal: mods/m15.ko is not a kernel module: it is not an ELF file'
}

@test "Ctrl-C at the terminal: what is in hand is finished and told" {
	# The later ones are long, and are reached only by a machine on which ^C comes late.
	MODSEAL_SHIM_DELAY=C_Sign:1-6:100ms,C_Sign:7+:4s terminal --at '/12 modules' ^C -- "${command[@]}"
	assert_status 1
	assert_output "finishing what is in hand; once more stops at once"
	visible | grep -qE '^[1-9] modules?: [1-9] signed, 0 failed; stopped before the end$'
}

@test "none when piped, none with --progress=none" {
	run --separate-stderr timeout 60 "${command[@]}"
	assert_status 0
	[ -z "$stderr" ]
	terminal -- "${command[@]}" --progress=none
	assert_status 0
	refute_output /12
}

# The objects of standard error, as an array, which this is so of.
assert_progress() { # JQ-EXPRESSION
	jq -es "map(.progress) | $1" <<<"$stderr" >/dev/null || { said "not so: $1"; return 1; }
}

@test "--progress=json" {
	MODSEAL_SHIM_DELAY=C_Sign:300ms run --separate-stderr timeout 60 "${command[@]}" --progress=json
	assert_status 0
	assert_progress 'length >= 3 and all(.[]; .total == 12 and
		keys == ["current", "done", "rate", "seconds_left", "total"])'
	assert_progress '.[-2] | .done > 0 and .done < 12 and .rate > 0 and .rate <= 6 and
		.seconds_left > 0 and (.current | startswith("mods/m"))'
	assert_progress '[.[].done] == ([.[].done] | sort)'
	assert_progress '.[-1] | .done == 12 and .seconds_left == 0 and .current == null'
}

@test "the rate is of late: modules that are kept in no time promise nothing" {
	local i
	MODSEAL_SHIM_DELAY= "${command[@]}" -q >/dev/null
	for i in {1..5}; do
		mkdir mods/kept$i
		cp mods/*.ko mods/kept$i
	done
	mkdir mods/slow
	for i in {1..33}; do
		cp m.ko mods/slow/$i.ko
	done
	MODSEAL_SHIM_DELAY=C_Sign:150ms run --separate-stderr timeout 60 "${command[@]}" --keep-existing \
		--progress=json
	assert_status 0
	assert_progress '.[-1].rate > 2 * .[-2].rate'
}

@test "modules that get their names in lots do not make the rate wrong" {
	local i
	for i in {30..47}; do
		cp m.ko mods/m$i.ko
	done
	MODSEAL_SHIM_DELAY=C_Sign:150ms run --separate-stderr timeout 60 \
		"${command[@]/--durability=none/--durability=batch}" --progress=json
	assert_status 0
	assert_progress '.[-1].rate as $all | any(.[:-1][]; .rate) and
		all(.[:-1][]; .rate == null or (.rate > $all / 2 and .rate < $all * 2))'
}
