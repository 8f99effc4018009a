#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where, and that it is of use there: the program starts, and a little
# program in C and in C++ is built against the library by pkg-config.
#
# usage: install.sh BUILD-DIRECTORY
set -uo pipefail

build=${1:?usage: install.sh BUILD-DIRECTORY}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/there
failed=0

wrong() {
	echo "$*"
	failed=1
}

one() { # PATTERN: the one file below the prefix whose path is like this
	local found
	found=$(find "$prefix" -path "$prefix/$1")
	[ "$(wc -l <<<"$found")" -eq 1 ] && [ -n "$found" ] || { wrong "not one file $1: $found"; return 1; }
	echo "$found"
}

install_all() {
	cmake --install "$build" --prefix "$prefix" >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

library() {
	local lib soname
	one 'lib*/libmodseal.so' >/dev/null
	lib=$(one 'lib*/libmodseal.so.*.*') || return
	soname=$(readelf -d "$lib" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
	[[ $soname =~ ^libmodseal\.so\.[0-9]+$ ]] || wrong "soname '$soname'"
	[ -e "$(dirname "$lib")/$soname" ] || wrong "no $soname beside the library"
}

program() {
	local version
	version=$("$prefix/bin/modseal" --version 2>&1) || wrong "bin/modseal: $version"
	[[ $version =~ ^modseal\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || wrong "--version says '$version'"
	"$prefix/libexec/modseal/sign-file" --help 2>&1 | grep -q 'HASH KEY CERT MODULE' ||
		wrong "libexec/modseal/sign-file is not the kernel's command line"
	[ "$(pkg-config --modversion modseal)" = "${version#modseal }" ] ||
		wrong "pkg-config's version is not $version"
}

man_pages() {
	local command
	for command in $("$prefix/bin/modseal" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\).*/-\1/p') ''; do
		[ -s "$prefix/share/man/man1/modseal$command.1" ] || wrong "no page modseal$command(1)"
	done
}

headers() {
	local header
	for header in "$(dirname "$0")"/../../include/modseal/*.h; do
		[ -e "$prefix/include/modseal/${header##*/}" ] || wrong "${header##*/} is not installed"
	done
}

nothing_else() {
	local others
	others=$(cd "$prefix" && find . ! -type d ! -path './bin/modseal' ! -path './lib*/libmodseal.so*' \
		! -path './lib*/pkgconfig/modseal.pc' ! -path './include/modseal/*.h' \
		! -path './share/man/man1/modseal*.1' ! -path './libexec/modseal/sign-file')
	[ -z "$others" ] || wrong "also installed: $others"
}

# Calls into the library from a program that knows what pkg-config tells it.
used_from() { # COMPILER SUFFIX
	local flags said
	cat >"$work/user.$2" <<-'END'
		#include <modseal/modseal.h>
		#include <stdio.h>

		int main(void)
		{
			struct ms_inspection *inspection;
			struct ms_error err;
			struct ms_context *ctx = ms_context_new();

			if (!ctx || ms_inspect("/nowhere.ko", 0, &inspection, &err) != MS_ERR_IO)
				return 1;
			ms_context_free(ctx);
			puts(ms_version());
			return 0;
		}
	END
	read -ra flags < <(pkg-config --cflags --libs modseal)
	said=$("$1" -Wall -Wextra -Werror -o "$work/user" "$work/user.$2" "${flags[@]}" 2>&1) || {
		wrong "$1: $said"
		return
	}
	said=$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir modseal) "$work/user" 2>&1) ||
		wrong "a program built by $1 fails: $said"
	[ "modseal $said" = "$("$prefix/bin/modseal" --version)" ] || wrong "ms_version() is $said"
}

install_all
pc=$(one 'lib*/pkgconfig/modseal.pc') || exit 1
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
library
program
man_pages
headers
nothing_else
used_from gcc c
used_from g++ cc
exit $failed
