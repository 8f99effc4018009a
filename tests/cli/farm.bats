#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The farm flow in modseal's own format: digest, sign --digests, attach --signatures. Formats of
# others are in farm_formats.bats, what is refused in farm_refused.bats.

load ../lib/common
load cli
load farm

setup_file() {
	common_setup_file || return 1
	farm_tree "$BATS_FILE_TMPDIR" || return 1
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	cp -a "$BATS_FILE_TMPDIR/bare" "$BATS_FILE_TMPDIR/signed" .
}

@test "signed apart, the modules are what signing in place makes, byte for byte" {
	run --separate-stderr modseal digest -o digests.jsonl bare
	assert_status 0
	mkdir elsewhere
	cd elsewhere
	run --separate-stderr sign_digests ../digests.jsonl -o signatures.jsonl
	assert_status 0
	[ -z "$output" ]
	assert_stderr "signing 4 bare digests"
	assert_stderr "4 of 4 signed"
	assert_files . signatures.jsonl
	cd ..
	run --separate-stderr attach --signatures elsewhere/signatures.jsonl bare
	assert_status 0
	assert_line "4 modules: 4 attached, 0 failed"
	diff -r bare signed
}

@test "answers: what was asked in its order, a CMS and its signature" {
	digests_and_signatures
	[ "$(jq -c '[.path, .hash, .digest]' digests.jsonl)" = "$(jq -c '[.path, .hash, .digest]' signatures.jsonl)" ]
	jq -e 'keys == ["cms", "digest", "hash", "path", "signature"]' signatures.jsonl >/dev/null
	file=$(find bare -name '*.ko' -printf '%P\n' -quit)
	jq -r "select(.path == \"$file\").cms" signatures.jsonl | base64 -d >cms
	jq -r "select(.path == \"$file\").signature" signatures.jsonl | base64 -d >raw
	openssl cms -verify -binary -inform DER -in cms -content "bare/$file" -nointern -noverify \
		-certfile "$MODSEAL_FIXTURES/rsa2048.pem" -out /dev/null
	openssl x509 -in "$MODSEAL_FIXTURES/rsa2048.pem" -noout -pubkey >pub
	openssl dgst -sha256 -verify pub -signature raw "bare/$file"
}

@test "standard input and output; lines in any order, also a part of them" {
	modseal digest bare | shuf >digests
	run --separate-stderr bash -c 'MODSEAL_PIN=1234 timeout 60 "$0" sign --module "$MODSEAL_P11" \
		-k "$1" --allow-digests --digests - <digests' "$MODSEAL" "$KEY"
	assert_status 0
	[ "$(jq -r .path <<<"$output")" = "$(jq -r .path digests)" ]
	shuf <<<"$output" >signatures
	run --separate-stderr bash -c 'timeout 60 "$0" attach -c "$MODSEAL_FIXTURES/rsa2048.pem" \
		--signatures - bare <signatures' "$MODSEAL"
	assert_status 0
	diff -r bare signed
	head -n 2 digests >some
	run --separate-stderr sign_digests some
	assert_status 0
	[ "${#lines[@]}" -eq 2 ]
}

@test "every digest and key type: it verifies" {
	for key in rsa2048 p256 p384; do
		for hash in sha256 sha512 sha3-384; do
			modseal digest --hash $hash -o digests.jsonl bare
			run modseal sign -k "$MODSEAL_FIXTURES/soft/$key.key.pem" \
				-c "$MODSEAL_FIXTURES/soft/$key.pem" --allow-digests \
				--digests digests.jsonl -o signatures.jsonl
			assert_status 0
			run modseal attach -c "$MODSEAL_FIXTURES/soft/$key.pem" \
				--signatures signatures.jsonl -o out bare
			assert_status 0
			run modseal verify -c "$MODSEAL_FIXTURES/soft/$key.pem" out
			assert_status 0
			assert_line "4 modules: 4 valid, 0 not valid, 0 failed"
			run modseal inspect --json out
			assert_json "[.[] | select(.module)] | length == 4"
			rm -r out
		done
	done
}

@test "--key-id, --embed-certs, --hash are as in place" {
	module=$(cd bare && find . -name '*.ko' -printf '%P\n' -quit)
	for options in "--key-id ski" "--hash sha512" "--embed-certs $MODSEAL_FIXTURES/rsa2048.pem"; do
		hash=()
		[[ $options != --hash* ]] || hash=($options)
		modseal digest "${hash[@]}" -o digests.jsonl "bare/$module"
		run sign_digests digests.jsonl $options -o signatures.jsonl
		assert_status 0
		attach -q --signatures signatures.jsonl -o out "bare/$module"
		sign -q $options -o reference.ko "bare/$module"
		assert_same "out/${module##*/}" reference.ko
		rm -r out
	done
}

@test "--raw builds the CMS here" {
	digests_and_signatures
	jq -c 'del(.cms)' signatures.jsonl >raw.jsonl
	run attach --signatures raw.jsonl bare
	assert_status 2
	assert_output "raw.jsonl holds bare signatures"
	run attach --raw --signatures raw.jsonl bare
	assert_status 0
	diff -r bare signed
}

@test "--stack: above the signatures that are there" {
	cp -a signed twice
	sign -q --stack --hash sha512 twice
	modseal digest --stack --hash sha512 -o digests.jsonl signed
	sign_digests digests.jsonl -o signatures.jsonl
	run attach --signatures signatures.jsonl signed
	assert_status 6
	assert_output "--stack"
	run attach --stack --signatures signatures.jsonl signed
	assert_status 0
	diff -r signed twice
}

@test "what is signed already is signed again, to the same bytes" {
	modseal digest -o digests.jsonl signed
	modseal digest bare | cmp - digests.jsonl
	sign_digests digests.jsonl -o signatures.jsonl
	cp -a signed before
	run attach --signatures signatures.jsonl signed
	assert_status 0
	diff -r signed before
}

@test "attach -o DIR leaves the modules alone and keeps the layout" {
	digests_and_signatures
	cp -a bare before
	run attach --signatures signatures.jsonl -o out/new bare
	assert_status 0
	diff -r out/new signed
	diff -r bare before
}

@test "attach: single modules go by their names; the other lines are for others" {
	digests_and_signatures
	module=$(find bare -name '*.ko' -print -quit)
	jq -c '.path |= sub(".*/"; "")' signatures.jsonl >flat.jsonl
	run attach --signatures flat.jsonl "$module"
	assert_status 0
	assert_line "$module: signature attached"
	assert_same "$module" "signed/${module#bare/}"
}

@test "attach --json" {
	digests_and_signatures
	run --separate-stderr attach --json --signatures signatures.jsonl bare
	assert_status 0
	assert_json '.[-1].summary | .attached == 4 and .failed == 0'
	assert_json '[.[] | select(.result == "attached" and (.module | startswith("bare/")) and
		.written == .module)] | length == 4'
}

@test "a module without a signature, and a signature without a module" {
	digests_and_signatures
	mapfile -t names < <(jq -r .path signatures.jsonl)
	rm "bare/${names[1]}" "signed/${names[1]}"
	sed -i 1d signatures.jsonl
	run attach --signatures signatures.jsonl bare
	assert_status 1
	assert_output "signatures.jsonl has no signature for bare/${names[0]}"
	assert_output "signatures.jsonl:1: there is no module ${names[1]}"
	assert_line "4 modules: 2 attached, 2 failed"
	assert_same "bare/${names[2]}" "signed/${names[2]}"
	assert_same "bare/${names[3]}" "signed/${names[3]}"
	assert_same "bare/${names[0]}" "$BATS_FILE_TMPDIR/bare/${names[0]}"
}

@test "a module that changed since, and a signature that is another's, are told apart" {
	digests_and_signatures
	mapfile -t names < <(jq -r .path signatures.jsonl)
	bare_module bonding "$PWD/bare/${names[0]}" >/dev/null
	change_line signatures.jsonl 2 ".cms = \"$(jq -rs '.[2].cms' signatures.jsonl)\""
	cp -a bare before
	run attach --signatures signatures.jsonl bare
	assert_status 1
	assert_output "signatures.jsonl:1: bare/${names[0]} is not what the digest was made of"
	assert_output "signatures.jsonl:2: the signature: it is not a signature of bare/${names[1]}"
	assert_same "bare/${names[0]}" "before/${names[0]}"
	assert_same "bare/${names[1]}" "before/${names[1]}"
	assert_same "bare/${names[2]}" "signed/${names[2]}"
}

@test "a certificate of another key attaches nothing" {
	digests_and_signatures
	cp -a bare before
	run modseal attach -c "$MODSEAL_FIXTURES/rsa3072.pem" --signatures signatures.jsonl bare
	assert_status 6
	assert_line "4 modules: 0 attached, 4 failed"
	diff -r bare before
}

@test "a link in the tree is never followed out of it" {
	digests_and_signatures
	mapfile -t names < <(jq -r .path signatures.jsonl)
	mkdir outside
	mv "bare/${names[0]}" outside/m.ko
	cp outside/m.ko before
	ln -s "$PWD/outside/m.ko" "bare/${names[0]}"
	run attach --signatures signatures.jsonl bare
	assert_status 1
	assert_output "signatures.jsonl:1: ${names[0]} in bare leads through a symbolic link"
	assert_same outside/m.ko before
	rm "bare/${names[0]}"
	ln -s "$PWD/outside" bare/out
	change_line signatures.jsonl 1 '.path = "out/m.ko"'
	run attach --signatures signatures.jsonl bare
	assert_status 1
	assert_output "signatures.jsonl:1: out/m.ko in bare leads through a symbolic link"
	assert_same outside/m.ko before
}

@test "--dry-run opens the key and signs nothing" {
	modseal digest -o digests.jsonl bare
	run --separate-stderr sign_digests digests.jsonl -n -o signatures.jsonl
	assert_status 0
	assert_stderr "4 of 4 would be signed"
	[ -z "$output" ]
	[ ! -e signatures.jsonl ]
	run modseal sign -n --module "$MODSEAL_P11" -k "$KEY" --digests digests.jsonl
	assert_status 3
}

@test "bare digests: told each time, and refused unless allowed" {
	modseal digest -o digests.jsonl bare
	run --separate-stderr sign --digests digests.jsonl
	assert_status 2
	[ -z "$output" ]
	assert_stderr "may be good for more than modules"
	assert_stderr "--allow-digests"
	assert_stderr "1.3.6.1.4.1.2312.16.1.2"
	run --separate-stderr sign -n --digests digests.jsonl
	assert_status 2
	module_only_cert only.der
	run --separate-stderr modseal_pin sign --module "$MODSEAL_P11" \
		-k 'pkcs11:token=soft;object=rsa2048' -c only.der --digests digests.jsonl
	assert_status 0
	[ "${#lines[@]}" -eq 4 ]
	assert_stderr "signing 4 bare digests"
	run --separate-stderr sign_digests digests.jsonl
	assert_status 0
	assert_stderr "signing 4 bare digests"
}

@test "--progress" {
	modseal digest -o digests.jsonl bare
	run --separate-stderr sign_digests digests.jsonl --progress json -o signatures.jsonl
	assert_status 0
	jq -e '.progress.done == 4 and .progress.total == 4' \
		<<<"$(grep '^{' <<<"$stderr" | tail -n 1)" >/dev/null
}

# Enough digests that some are signed before the token fails.
many_digests() { # COUNT
	jq -n -c --argjson n "$1" 'range($n) | {path: "m/\(.).ko", hash: "sha256",
		digest: ("\("0" * 64)\(.)" | .[-64:])}'
}

@test "a token that is lost in the middle: what was signed is answered" {
	many_digests 20 >digests.jsonl
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_REMOVE=C_Sign:8 \
		run --separate-stderr modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k "$KEY" --jobs 1 --allow-digests --digests digests.jsonl -o signatures.jsonl
	assert_status 3
	assert_stderr "token 'modseal'"
	assert_stderr "7 of 20 signed"
	assert_stderr "stopped before the end"
	jq -c '[.path, .digest]' digests.jsonl >asked
	jq -c '[.path, .digest]' signatures.jsonl >answered
	[ "$(wc -l <answered)" -eq 7 ]
	grep -xFf answered asked | cmp - answered
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_REMOVE=C_Sign:1 \
		run --separate-stderr modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k "$KEY" --jobs 1 --allow-digests --digests digests.jsonl -o none.jsonl
	assert_status 3
	[ ! -e none.jsonl ]
}

@test "signatures that are lost at the end of a run that was stopped decide its status" {
	many_digests 20 >digests.jsonl
	begin_until_third --allow-digests --digests digests.jsonl -o gone/signatures.jsonl
	interrupt
	assert_status 4
	[[ $stderr =~ gone/signatures.jsonl.*"No such file or directory ("([0-9]+)" signatures lost)" ]]
	[ "${BASH_REMATCH[1]}" -lt 20 ]
	assert_stderr "${BASH_REMATCH[1]} of 20 signed; stopped before the end"
}

@test "signatures that are lost behind a key are told with it" {
	many_digests 20 >digests.jsonl
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_REMOVE=C_Sign:8 \
		run --separate-stderr modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k "$KEY" --jobs 1 --allow-digests --digests digests.jsonl -o gone/signatures.jsonl
	assert_status 3
	assert_stderr "token 'modseal'"
	assert_stderr "  and gone/signatures.jsonl"
	assert_stderr "No such file or directory (7 signatures lost)"
}

@test "a token that does not answer in the middle" {
	many_digests 20 >digests.jsonl
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:8:forever \
		run --separate-stderr modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k "$KEY" --jobs 2 --token-timeout 1 --allow-digests --digests digests.jsonl \
		-o signatures.jsonl
	assert_status 3
	assert_stderr "token 'modseal'"
	assert_stderr "C_Sign"
	assert_stderr "stopped before the end"
	jq -c '[.path, .digest]' digests.jsonl >asked
	jq -c '[.path, .digest]' signatures.jsonl >answered
	[ "$(wc -l <answered)" -ge 7 ]
	grep -xFf answered asked | cmp - answered
}

@test "a signature that is wrong is not given out" {
	many_digests 3 >digests.jsonl
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_FLIP=1+ \
		run --separate-stderr modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
		-k "$KEY" --allow-digests --digests digests.jsonl
	assert_status 3
	[ -z "$output" ]
	assert_stderr "does not fit its own public key"
}

@test "a key that has to see the module says so, in a dry run, too" {
	many_digests 1 >digests.jsonl
	for option in --progress=none -n; do
		MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 \
			MODSEAL_SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS run --separate-stderr modseal sign \
			--module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" \
			-k "$KEY" --allow-digests --digests digests.jsonl $option
		assert_status 3
		[ -z "$output" ]
		assert_stderr "signs what it hashes itself, no digests"
	done
}

@test "2,000 digests, answered in their order" {
	many_digests 2000 >digests.jsonl
	run --separate-stderr modseal sign -k "$MODSEAL_FIXTURES/soft/p256.combined.pem" \
		--allow-digests --jobs 8 --digests digests.jsonl -o signatures.jsonl
	assert_status 0
	jq -c '[.path, .digest]' digests.jsonl >asked
	jq -c '[.path, .digest]' signatures.jsonl | cmp - asked
}

@test "standard output that cannot be written is an error" {
	many_digests 1 >digests.jsonl
	full() {
		sign_digests digests.jsonl >/dev/full
	}
	run full
	assert_status 4
	assert_output "standard output cannot be written"
}

@test "attach -o DIR: a link in the place of a directory or a module there is not followed" {
	digests_and_signatures
	mapfile -t names < <(jq -r .path signatures.jsonl)
	mkdir -p outside "out/${names[0]%/*}"
	echo before >outside/m.ko
	ln -s "$PWD/outside/m.ko" "out/${names[0]}"
	run attach --signatures signatures.jsonl -o out bare
	assert_status 1
	assert_output "${names[0]} in out leads through a symbolic link"
	assert_line "4 modules: 3 attached, 1 failed"
	[ "$(cat outside/m.ko)" = before ]
	rm -r out
	mkdir out
	ln -s "$PWD/outside" "out/${names[0]%%/*}"
	run attach --signatures signatures.jsonl -o out bare
	assert_status 6
	assert_output "${names[0]} in out leads through a symbolic link"
	assert_files outside m.ko
}
