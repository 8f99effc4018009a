# SPDX-License-Identifier: Apache-2.0
# What the tree and the build keep to. Each script prints what does not.

load ../lib/common

setup_file() {
	MODSEAL_LIBRARY=$MODSEAL_BUILD/src/libmodseal.so
	export MODSEAL_LIBRARY
	cd "$BATS_TEST_DIRNAME"
}

@test "rooms include only what stands below them" {
	./floors.py
}

@test "the library exports what its headers declare, and each has a comment" {
	./symbols.py "$MODSEAL_LIBRARY" "$TOP/include"
}

@test "public headers compile alone, in C and C++" {
	./headers.sh "$TOP/include"
}

@test "every option is in its man page, and no other" {
	./options.py "$MODSEAL" "$MODSEAL_BUILD/docs/man"
}

@test "man pages are clean" {
	local page
	for page in "$MODSEAL_BUILD"/docs/man/*.1; do
		# They carry a version, not a date.
		mandoc -T lint -W warning "$page" | grep -v 'missing date' || true
	done >"$BATS_TEST_TMPDIR/said"
	[ -n "$page" ] && [ ! -s "$BATS_TEST_TMPDIR/said" ] || { cat "$BATS_TEST_TMPDIR/said"; return 1; }
}

@test "what is installed can be used" {
	./install.sh "$MODSEAL_BUILD"
}

@test "files: license, length, nothing of one machine" {
	./sources.py
}

assert_line_count() { # NUMBER
	[ "${#lines[@]}" -eq "$1" ] || { said "${#lines[@]} lines instead of $1"; return 1; }
}

# The scripts can see: each is shown what it has to find.

# A tree with one wrong #include a file.
crooked_tree() {
	local tree=$BATS_TEST_TMPDIR/tree room
	for room in base key crypto module verify sign cli; do
		mkdir -p "$tree/src/$room"
		: >"$tree/src/$room/a.h"
	done
	mkdir -p "$tree/engines/one" "$tree/engines/two" "$tree/include/modseal"
	touch "$tree/engines/engine.h" "$tree/engines/two/a.h" "$tree/include/modseal/a.h"
	echo '#include "src/base/a.h"' >"$tree/engines/one/good.c"
	echo '#include "engines/engine.h"' >>"$tree/engines/one/good.c"
	echo '#include <modseal/a.h>' >>"$tree/engines/one/good.c"
	echo '#include "src/key/a.h"' >"$tree/src/base/up.c"
	echo '#include "src/verify/a.h"' >"$tree/src/module/up.c"
	echo '#include "engines/engine.h"' >"$tree/src/module/across.c"
	echo '#include "engines/two/a.h"' >"$tree/engines/one/across.c"
	echo '#include "src/sign/a.h"' >"$tree/src/cli/inside.c"
	echo '#include "a.h"' >"$tree/src/key/beside.c"
	echo '#include "include/modseal/a.h"' >"$tree/src/key/public.c"
	echo '#include <openssl/evp.h>' >"$tree/src/base/foreign.c"
	echo '#  include <p11-kit/uri.h>' >"$tree/engines/two/foreign.c"
	echo '#include <stdio.h>' >"$tree/include/modseal/much.h"
	echo "$tree"
}

@test "floors.py names each #include that goes up or across" {
	local tree
	tree=$(crooked_tree)
	run ./floors.py "$tree"
	assert_status 1
	assert_line_count 10
	assert_match '^src/base/up.c:1: src/key/a.h is not below src/base$'
	assert_match '^src/module/up.c:1: '
	assert_match '^src/module/across.c:1: engines/engine.h '
	assert_match '^engines/one/across.c:1: '
	assert_match '^src/cli/inside.c:1: '
	assert_match '^src/key/beside.c:1: a.h is not a path from the top$'
	assert_match '^src/key/public.c:1: '
	assert_match '^src/base/foreign.c:1: openssl/evp.h is for '
	assert_match '^engines/two/foreign.c:1: p11-kit/uri.h is for engines/pkcs11$'
	assert_match '^include/modseal/much.h:1: '
	refute_output good.c
}

@test "symbols.py sees what is not exported, not declared, not named ms_, not explained" {
	cd "$BATS_TEST_TMPDIR"
	mkdir include
	cat >include/a.h <<-'END'
		/** Well done. */
		MS_API int ms_good(int);
		MS_API int ms_bare(struct
			x *);
		/** Missing. */
		MS_API void ms_missing(void);
	END
	echo 'int ms_good(int a) { return a; } void ms_bare(void) { } void ms_extra(void) { } int leak;' |
		gcc -shared -fPIC -x c -o a.so -
	run "$BATS_TEST_DIRNAME/symbols.py" a.so include
	assert_status 1
	assert_line_count 5
	assert_line "include/a.h: ms_bare has no comment"
	assert_line "leak is exported and does not begin with ms_"
	assert_line "ms_missing is declared, but not exported"
	assert_line "ms_extra is exported, but in no public header"
	assert_line "leak is exported, but in no public header"
}

@test "options.py sees an option that is missing on one side" {
	cd "$BATS_TEST_TMPDIR"
	cat >program <<-'END'
		#!/bin/sh
		if [ "$1" = --help ]; then
			printf 'Usage\n\nCommands:\n  do   Does.\n\nMore.\n'
		else
			printf 'Options:\n  -k, --key URI\n          Key.\n      --odd\n          Odd.\n'
			printf '  -h, --help\n          Help.\n'
		fi
	END
	chmod +x program
	mkdir man
	printf '.SH OPTIONS\n.TP\n\\fB\\-k\\fR, \\fB\\-\\-key\\fR \\fIURI\\fR\nKey.\n' >man/modseal-do.1
	printf '.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nIt is not\n.B \\-\\-even\n' >>man/modseal-do.1
	printf '.TP\n\\fB\\-\\-uneven\\fR\n' >>man/modseal-do.1
	printf '.B \\-\\-gone\n' >man/modseal.1
	run "$BATS_TEST_DIRNAME/options.py" ./program man
	assert_status 1
	assert_line_count 5
	assert_line "modseal-do.1: --odd is not explained"
	assert_line "modseal-do.1: modseal do has no --uneven"
	assert_line "modseal-do.1: no command has --even"
	assert_line "modseal.1: no command has --gone"
}

@test "headers.sh sees a header that needs another one, or is no C++" {
	cd "$BATS_TEST_TMPDIR"
	mkdir include
	echo 'int takes(size_t n);' >include/alone.h
	echo 'int takes(int class);' >include/c.h
	run "$BATS_TEST_DIRNAME/headers.sh" include
	assert_status 1
	assert_match '^alone.h, gcc '
	assert_match '^alone.h, clang '
	assert_match '^c.h, g\+\+ '
	refute_output 'c.h, gcc'
}

@test "sources.py sees long files, missing licenses and one machine's paths" {
	cd "$BATS_TEST_TMPDIR"
	mkdir tree
	(echo '/* SPDX-License-Identifier: Apache-2.0 */' && seq 600) >tree/long.c
	echo 'int x;' >tree/bare.c
	printf 'see /wo%s\n' 'rk/here' >tree/notes.md
	printf 'a \n' >tree/space.md
	run "$BATS_TEST_DIRNAME/sources.py" tree
	assert_status 1
	assert_line_count 4
	assert_line "long.c: 601 lines; over 600 is two ideas"
	assert_line "bare.c: no license line"
	assert_match '^notes.md:1: of one machine: '
	assert_line "space.md:1: white space at its end"
}
