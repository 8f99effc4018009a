#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal keys beside libp11, a PKCS#11 reader of others, on the same tokens.
load ../lib/common

@test "modseal keys --login sees the objects that libp11 sees" {
	local flags
	flags=$(pkg-config --cflags --libs libp11 libcrypto)
	# shellcheck disable=SC2086
	cc -std=gnu17 -Wall -Wextra -Werror "$TOP/tests/peers/libp11.c" -o "$BATS_TEST_TMPDIR/libp11" $flags
	timeout 60 "$BATS_TEST_TMPDIR/libp11" "$MODSEAL_P11" 1234 | sort >"$BATS_TEST_TMPDIR/theirs"
	[ "$(cut -f1 "$BATS_TEST_TMPDIR/theirs" | uniq | wc -l)" -eq 4 ]

	# A PIN serves one token only, so each is asked by itself.
	for token in modseal soft twins odd empty; do
		modseal_pin keys --module "$MODSEAL_P11" --login --json "pkcs11:token=$token"
	done >"$BATS_TEST_TMPDIR/keys.json"
	python3 - <<-'EOF' "$BATS_TEST_TMPDIR/keys.json" | sort >"$BATS_TEST_TMPDIR/ours"
		import json, sys

		kinds = {"private key": "private", "public key": "public", "certificate": "certificate"}
		curves = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
		for line in open(sys.argv[1]):
		    token = json.loads(line)
		    for o in token["objects"]:
		        print(token["token"], kinds[o["kind"]], o["label"], o["id"],
		              curves.get(o["type"], o["type"]), o["bits"], o.get("subject") or "", sep="\t")
	EOF
	diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}
