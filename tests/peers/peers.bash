# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of this directory share beside ../lib/common: the sign-files of several kernels,
# as $PEERS/sign-file-VERSION (from Debian's linux-kbuild-VERSION), made once a run. With
# MODSEAL_LONG=1 those of trixie and sid are among them.

# For setup_file, after common_setup_file.
peers_setup() {
	export PEERS=$BATS_SUITE_TMPDIR/peers
	mkdir -p "$PEERS"
	( # several files may run at the same time
		flock 9
		[ -e "$PEERS/complete" ] || { get_sign_files && touch "$PEERS/complete"; }
	) 9>"$PEERS/lock"
}

get_sign_files() {
	local release kbuild debian_dir=${MODSEAL_CACHE:-$TOP/.cache}/debian
	# shellcheck source=tests/lib/debian.bash
	. "$TOP/tests/lib/debian.bash"
	if [ -n "${MODSEAL_LONG-}" ]; then
		for release in trixie sid; do
			debian_use "$release" && get_sign_file "$(newest_kbuild '[0-9.]+')" foreign || return 1
		done
	fi
	debian_use "$(debian_here)" && get_sign_file "$(newest_kbuild 6[.]1)" || return 1
	kbuild=$(newest_kbuild 6[.]12[.0-9]*) # Debian 12 has it among its updates
	[ -z "$kbuild" ] || get_sign_file "$kbuild"
}

# The newest linux-kbuild-VERSION* of the release in use, if there is one.
newest_kbuild() { # VERSION, a regular expression
	apt-cache "${debian_apt[@]}" search --names-only "^linux-kbuild-$1" | cut -d' ' -f1 |
		grep -E "^linux-kbuild-$1([+]|$)" | sort -V | tail -n 1
}

# Makes sign-file-VERSION of a package; with `foreign` it runs on that release's own libraries.
get_sign_file() { # PACKAGE [foreign]
	local dir=$PEERS/kbuild/$1 run lib
	debian_unpack "$dir" "$1" || return 1
	run=$(find "$dir" -name sign-file -type f)
	if [ "${2-}" = foreign ]; then
		for lib in libc6 libssl3t64 zlib1g libzstd1; do
			debian_unpack "$dir" $lib || return 1
		done
		lib=$(dirname "$(find "$dir" -name libcrypto.so.3)")
		run="$(find "$dir" -name 'ld-linux*' -type f -print -quit) --library-path $lib $run"
	fi
	printf '#!/bin/sh\nexec %s "$@"\n' "$run" >"$PEERS/sign-file-${1#linux-kbuild-}"
	chmod +x "$PEERS/sign-file-${1#linux-kbuild-}"
}

token_key() { # LABEL
	echo "pkcs11:token=soft;object=$1;type=private?pin-value=1234"
}

# openssl's word on the last signature of a module, by the certificate that it is given.
openssl_verifies() { # MODULE CERT.pem
	cp "$1" "$BATS_TEST_TMPDIR/content"
	"$TOP/tests/lib/unsign" --last "$BATS_TEST_TMPDIR/content" "$BATS_TEST_TMPDIR/cms"
	openssl cms -verify -binary -inform DER -in "$BATS_TEST_TMPDIR/cms" \
		-content "$BATS_TEST_TMPDIR/content" -certfile "$2" -nointern -noverify -purpose any \
		-out /dev/null
}
