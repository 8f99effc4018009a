# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the farm flow share; loaded behind ../lib/common and cli.

# A tree of four modules, two of them compressed, bare; and the same as it is when signed in place.
farm_tree() { # DIR: DIR/bare and DIR/signed
	bare_modules 4 "$1/bare"
	mapfile -t files < <(cd "$1/bare" && find . -name '*.ko' -printf '%P\n' | sort)
	xz --check=crc32 --lzma2=dict=1MiB "$1/bare/${files[1]}"
	zstd -q --rm "$1/bare/${files[2]}"
	cp -a "$1/bare" "$1/signed"
	sign -q "$1/signed"
}

# digests.jsonl and signatures.jsonl of the tree `bare`.
digests_and_signatures() {
	modseal digest -o digests.jsonl bare
	sign_digests digests.jsonl -o signatures.jsonl
}

# With the RSA-2048 key, whose certificate is not for modules only.
sign_digests() { # FILE OPTION...
	sign --allow-digests --digests "$@"
}

# Begins to sign digests, until the third signature waits; sets `batch`.
begin_until_third() { # OPTION...
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:3:$PWD/go \
		MODSEAL_SHIM_LOG=$PWD/log \
		"$MODSEAL" sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" -k "$KEY" \
		--jobs 1 --token-timeout 50 "$@" </dev/null 2>err 3>&- &
	batch=$!
	until_so grep -q WAITS log
}

# Interrupts it there, and waits for its end: sets what `run` does.
interrupt() {
	kill -INT "$batch"
	until_so grep -q "once more" err
	: >go
	status=0
	wait "$batch" || status=$?
	stderr=$(cat err)
}

attach() { # OPTION... DIR
	modseal attach -c "$MODSEAL_FIXTURES/rsa2048.pem" "$@"
}

# A certificate of the token key soft/rsa2048 that is for signing modules only.
module_only_cert() { # FILE.der
	printf '[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\n%s\n' \
		'extendedKeyUsage=1.3.6.1.4.1.2312.16.1.2' 'subjectKeyIdentifier=hash' >req.cnf
	openssl req -new -x509 -config req.cnf -subj '/CN=modules only' -days 36500 \
		-key "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -outform DER -out "$1"
	rm req.cnf
}

# One line of lines that come as numbers from 1.
change_line() { # FILE NUMBER JQ-EXPRESSION
	jq -c "if input_line_number == $2 then $3 else . end" "$1" >"$1.new"
	mv "$1.new" "$1"
}
