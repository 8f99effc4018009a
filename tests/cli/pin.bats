#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where PINs come from, in which order, and where they never go.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	own_fixtures # a token counts wrong PINs
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
	echo 1234 >right
	echo 4321 >wrong
	chmod 600 right wrong
}

# With no PIN in the environment; the key by default, or that of URI.
unlock() { # [-u URI] OPTION...
	local uri=$KEY
	[ "$1" != -u ] || { uri=$2; shift 2; }
	modseal sign --module "$MODSEAL_P11" -k "$uri" "$@" m.ko
}

signed() {
	assert_status 0
	verify m.ko
	cp bare m.ko
}

# The PIN was taken from there, and wrong.
wrong_one() { # ORIGIN
	assert_status 3
	assert_output "token 'modseal'"
	assert_output "the PIN is wrong"
	assert_output "it came from $1"
	refute_output 4321
	assert_same m.ko bare
	modseal_pin sign --module "$MODSEAL_P11" -k "$KEY" -n m.ko >/dev/null # the counter is reset
}

@test "none: what could be done is said" {
	run unlock
	assert_status 3
	assert_output "token 'modseal'"
	assert_output "a PIN is needed, and there is none"
	for way in --pin-source MODSEAL_PIN modseal.pin pin-source= terminal; do
		assert_output "$way"
	done
	assert_same m.ko bare
}

@test "pin-value in the URI" {
	run unlock -u "$KEY?pin-value=1234"
	signed
	run unlock -u "$KEY?pin-value=%31%32%33%34"
	signed
}

@test "pin-source in the URI: a path, a file: URI, percent encoding" {
	run unlock -u "$KEY?pin-source=$PWD/right"
	signed
	run unlock -u "$KEY?pin-source=file:$PWD/right"
	signed
	run unlock -u "$KEY?pin-source=file:%2e/r%69ght"
	signed
}

@test "pin-source that is a command is refused, whatever it is" {
	for source in '|touch%20ran' '|id>ran' '%7Ctouch%20ran' 'file:|touch%20ran'; do
		run unlock -u "$KEY?pin-source=$source"
		assert_status 3
		[ ! -e ran ]
		assert_same m.ko bare
		assert_output "attribute 'pin-source' is a command"
	done
}

@test "pin-source that cannot be read names the file" {
	for file in gone . /dev/null; do
		run unlock -u "$KEY?pin-source=$file"
		assert_status 3
		assert_output "$file"
		run unlock --pin-source $file
		assert_status 3
		assert_output "$file"
	done
}

@test "--pin-source: its first line, without the end of line" {
	for text in '1234' '1234\n' '1234\r\n' '1234\nmore\n'; do
		printf "$text" >file
		run unlock --pin-source file
		signed
	done
}

@test "--pin-source may be a pipe" {
	run unlock --pin-source <(echo 1234)
	signed
}

@test "MODSEAL_PIN and KBUILD_SIGN_PIN" {
	MODSEAL_PIN=1234 run unlock
	signed
	KBUILD_SIGN_PIN=1234 run unlock
	signed
	MODSEAL_PIN='' KBUILD_SIGN_PIN=1234 run unlock
	signed
}

@test "systemd's credential" {
	mkdir credentials
	cp right credentials/modseal.pin
	CREDENTIALS_DIRECTORY=$PWD/credentials run unlock
	signed
	mkdir empty
	CREDENTIALS_DIRECTORY=$PWD/empty run unlock
	assert_status 3
	assert_output "there is none"
}

@test "the order: URI, --pin-source, MODSEAL_PIN, KBUILD_SIGN_PIN, credential" {
	mkdir good bad
	cp right good/modseal.pin
	cp wrong bad/modseal.pin
	export CREDENTIALS_DIRECTORY=$PWD/bad
	MODSEAL_PIN=4321 KBUILD_SIGN_PIN=4321 run unlock -u "$KEY?pin-value=1234" --pin-source wrong
	signed
	MODSEAL_PIN=4321 KBUILD_SIGN_PIN=4321 run unlock -u "$KEY?pin-source=right" --pin-source wrong
	signed
	MODSEAL_PIN=4321 KBUILD_SIGN_PIN=4321 run unlock --pin-source right
	signed
	MODSEAL_PIN=1234 KBUILD_SIGN_PIN=4321 run unlock
	signed
	KBUILD_SIGN_PIN=1234 run unlock
	signed
	export CREDENTIALS_DIRECTORY=$PWD/good
	run unlock
	signed
	# and the other way round: the first is used, and named when it is wrong
	MODSEAL_PIN=1234 run unlock -u "$KEY?pin-value=4321" --pin-source right
	wrong_one "the URI's pin-value"
	MODSEAL_PIN=1234 run unlock -u "$KEY?pin-source=wrong" --pin-source right
	wrong_one "the URI's pin-source"
	MODSEAL_PIN=1234 run unlock --pin-source wrong
	wrong_one "PIN file wrong"
	MODSEAL_PIN=4321 KBUILD_SIGN_PIN=1234 run unlock
	wrong_one "MODSEAL_PIN"
	KBUILD_SIGN_PIN=4321 run unlock
	wrong_one "KBUILD_SIGN_PIN"
	CREDENTIALS_DIRECTORY=$PWD/bad run unlock
	wrong_one "systemd credential modseal.pin"
}

@test "a PIN that was wrong before is told of" {
	MODSEAL_PIN=4321 run unlock
	assert_status 3
	MODSEAL_PIN=1234 run --separate-stderr unlock
	assert_status 0
	assert_stderr "token 'modseal'"
	assert_stderr "a wrong PIN was entered before"
}

@test "a source serves the first token that asks, and no other" {
	MODSEAL_PIN=1234 run --separate-stderr modseal keys --json --module "$MODSEAL_P11" --login
	assert_status 1
	assert_json '[.[] | select(.logged_in)] | length == 1'
	served=$(jq -r 'select(.logged_in).token' <<<"$output")
	assert_json "[.[] | select(.initialised and (.logged_in | not))] |
		all(.problem | contains(\"MODSEAL_PIN was given to token '$served'\"))"
	# none of the others saw it, right or wrong
	run --separate-stderr modseal keys --json --module "$MODSEAL_P11"
	assert_json 'all(.pin_count_low == false)'
}

@test "two URIs with a PIN each: each token has its own" {
	run modseal sign --module "$MODSEAL_P11" -k "pkcs11:token=soft;object=rsa2048?pin-source=right" \
		-c "pkcs11:token=modseal;object=rsa2048;type=cert?pin-value=1234" m.ko
	assert_status 3
	assert_output "is not of the key"
}

@test "a URI with a PIN that several tokens match: it is tried on none" {
	for uri in pkcs11:?pin-source=wrong pkcs11:?pin-value=4321 pkcs11:?pin-source=right; do
		run --separate-stderr modseal keys --json --module "$MODSEAL_P11" --login "$uri"
		assert_status 1
		assert_json '[.[] | select(.initialised)] | length > 2 and all(.logged_in == false and
			(.problem | contains("several tokens match, so the PIN in the URI was tried on none")))'
		assert_json 'any(.[].objects[]; .kind == "certificate")'
		run --separate-stderr modseal keys --json --module "$MODSEAL_P11"
		assert_json 'all(.pin_count_low == false)'
	done
	run modseal keys --module "$MODSEAL_P11" --login "pkcs11:token=modseal?pin-source=right"
	assert_status 0
}

terminal() { # --at PROMPT TEXT... -- OPTION...
	local script=()
	while [ "$1" != -- ]; do
		script+=("$1")
		shift
	done
	shift
	timeout 60 "$BATS_TEST_DIRNAME/terminal.py" "${script[@]}" -- "$MODSEAL" sign \
		--module "$MODSEAL_P11" -k "$KEY" "$@" m.ko
}

@test "a question on the terminal, without echo" {
	run terminal --at "PIN for token 'modseal'" '1234\n' --
	assert_status 0
	assert_match "^PIN for token 'modseal' \(SoftHSM project, serial [0-9a-f]+\): $"
	assert_line "m.ko: signed (sha256)"
	assert_line "echo on"
	refute_output 1234
	verify m.ko
}

@test "a wrong answer is tried once" {
	run terminal --at "PIN for" '4321\n' --at "PIN for" '1234\n' --
	assert_status 3
	assert_output "the PIN is wrong"
	[ "$(grep -c 'PIN for' <<<"$output")" -eq 1 ]
	refute_output 4321
	assert_same m.ko bare
}

@test "no answer: Enter, ^D, ^C; the terminal echoes again" {
	run terminal --at "PIN for" '\n' --
	assert_status 3
	assert_line "echo on"
	run terminal --at "PIN for" '^D' --
	assert_status 3
	assert_line "echo on"
	run terminal --at "PIN for" '12^C' --
	assert_status 130
	assert_line "echo on"
	assert_same m.ko bare
	modseal keys --json --module "$MODSEAL_P11" 'pkcs11:token=modseal' >keys
	jq -e '.pin_count_low == false' keys
}

@test "results in a pipe: the question still goes to the terminal" {
	cat >pipe <<-END
		"$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" m.ko >out 2>err </dev/null
	END
	run timeout 60 "$BATS_TEST_DIRNAME/terminal.py" --at "PIN for" '1234\n' -- bash pipe
	assert_status 0
	assert_output "PIN for token"
	[ "$(cat out)" = "m.ko: signed (sha256)" ]
	[ ! -s err ]
}

@test "a passphrase is asked for by its name" {
	run timeout 60 "$BATS_TEST_DIRNAME/terminal.py" --at "Passphrase for" 'open-sesame\n' -- "$MODSEAL" \
		sign -k "$MODSEAL_FIXTURES/soft/rsa2048.p12" m.ko
	assert_status 0
	assert_output "rsa2048.p12"
	refute_output sesame
}

@test "with another source nobody is asked" {
	run terminal -- --pin-source right
	assert_status 0
	refute_output "PIN for"
}

# Starts the program, which then waits for its certificate; sets `pid`.
waiting() { # VARIABLE=VALUE...
	mkfifo cert
	env "$@" "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" -c cert m.ko </dev/null >log 2>&1 &
	pid=$!
	until_so has_begun
}

has_begun() {
	[ "$(readlink "/proc/$pid/exe")" = "$MODSEAL" ] && grep -q libsofthsm2 "/proc/$pid/maps"
}

@test "a PIN from the environment is not seen in /proc" {
	waiting MODSEAL_PIN=1234 KBUILD_SIGN_PIN=98765432
	tr '\0' '\n' <"/proc/$pid/environ" >environ
	tr '\0' '\n' <"/proc/$pid/cmdline" >cmdline
	cat "$MODSEAL_FIXTURES/rsa2048.pem" >cert
	wait "$pid"
	rm cert
	verify m.ko
	[ -s environ ] && grep -q MODSEAL "$MODSEAL_FIXTURES/env"
	! grep -E '1234|98765432' environ cmdline
}

@test "a PIN is in no message, whatever goes wrong" {
	pin=correct-horse-battery
	for uri in "$KEY?pin-value=$pin" "pkcs11:token=nowhere?pin-value=$pin" \
		"pkcs11:token=twins?pin-value=$pin" "pkcs11:object=rsa2048?pin-value=$pin" \
		"pkcs11:token=modseal;frob=1?pin-value=$pin" "pkcs11:token=modseal?pin-value=$pin&frob=1" \
		"pkcs11:token=modseal?pin-value=$pin%zz" "$KEY?pin-value=$pin;object=x" \
		"$KEY?pin-value=$pin&module-path=/nowhere.so" "$KEY?pin-value=$pin&pin-value=$pin"; do
		run unlock -u "$uri" --json
		assert_status 3
		refute_output "$pin"
	done
	MODSEAL_PIN=$pin run unlock --json
	assert_status 3
	refute_output "$pin"
	run modseal keys --module "$MODSEAL_P11" --login "pkcs11:token=modseal?pin-value=$pin"
	assert_status 1
	refute_output "$pin"
	run modseal keys --json --module "$MODSEAL_P11" 'pkcs11:token=modseal?pin-value=1234' --login
	assert_status 0
	refute_output pin-value
}

@test "a PIN of 1024 bytes is a PIN, a longer one is told" {
	local file=$BATS_TEST_TMPDIR/pin long
	long=$(printf '%01024d' 0)
	printf '%s' "$long" >"$file"
	run modseal sign --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=p256' \
		--pin-source "$file" "$(bare_module af_key)"
	assert_status 3
	refute_output 'longer'
	printf 0 >>"$file"
	run modseal sign --module "$MODSEAL_P11" -k 'pkcs11:token=modseal;object=p256' \
		--pin-source "$file" "$(bare_module af_key)"
	assert_status 3
	assert_output "token 'modseal'"
	assert_output 'longer than 1024 bytes'
	MODSEAL_PIN=${long}0 run modseal sign --module "$MODSEAL_P11" \
		-k 'pkcs11:token=modseal;object=p256' "$(bare_module af_key)"
	assert_status 3
	assert_output 'MODSEAL_PIN cannot be used: it is longer than 1024 bytes'
}
