#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal beside the kernel's own sign-file: the same arguments give the same files.
load ../lib/common
load peers

setup_file() {
	common_setup_file
	peers_setup
}

setup() {
	soft=$MODSEAL_FIXTURES/soft
	cd "$BATS_TEST_TMPDIR"
	mkdir start
	bare_module nls_utf8 start/m.ko >/dev/null
}

# Runs a sign-file and the drop-in with the same arguments, each in a copy of the directory
# `start`; @KEY in the arguments becomes the key of each. Leaves the exit statuses in theirs and
# ours, the directories in a and b.
run_both() { # SIGN_FILE THEIR_KEY OUR_KEY ARGUMENT...
	local sign_file=$1 their_key=$2 our_key=$3
	shift 3
	rm -rf a b
	cp -a start a
	cp -a start b
	theirs=0 ours=0
	(cd a && timeout 60 "$sign_file" "${@/#@KEY/$their_key}") >theirs.log 2>&1 </dev/null || theirs=$?
	(cd b && modseal sign-file "${@/#@KEY/$our_key}") >ours.log 2>&1 || ours=$?
}

complain() {
	echo "$*: theirs ended with $theirs, ours with $ours"
	cat theirs.log ours.log
	return 1
}

# Both succeed and leave the same files, byte for byte.
same() { # SIGN_FILE THEIR_KEY OUR_KEY ARGUMENT...
	run_both "$@"
	[ $theirs -eq 0 ] && [ $ours -eq 0 ] && diff -r a b || complain "$@"
}

# Both fail with that status, and ours leaves everything as it was (theirs may not).
both_fail() { # STATUS ARGUMENT...
	local sign_file
	for sign_file in "$PEERS"/sign-file-*; do
		run_both "$sign_file" '' '' "${@:2}"
		[ $theirs -eq "$1" ] && [ $ours -eq "$1" ] && diff -r start b ||
			complain "$sign_file" "${@:2}"
	done
}

@test "sign-files to compare with" {
	# shellcheck disable=SC2012
	ls "$PEERS" | sed -n 's/^sign-file-/# /p' >&3
	[ -x "$PEERS/sign-file-6.1" ]
}

@test "the same bytes: RSA keys in files, every size, hash and option" {
	local sign_file size hash options
	for sign_file in "$PEERS"/sign-file-*; do
		for size in 2048 3072 4096; do
			for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
				for options in '' -k -p -d -dk -pk; do
					# shellcheck disable=SC2086
					same "$sign_file" "$soft/rsa$size.key.pem" "$soft/rsa$size.key.pem" \
						$options $hash @KEY "$soft/rsa$size.der" m.ko
				done
			done
		done
	done
}

@test "the same bytes: RSA keys in a token" {
	local sign_file size hash options
	for sign_file in "$PEERS"/sign-file-*; do
		for size in 2048 3072 4096; do
			for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
				for options in '' -k; do
					# shellcheck disable=SC2086
					same "$sign_file" "$soft/rsa$size.key.pem" "$(token_key rsa$size)" \
						$options $hash @KEY "$soft/rsa$size.der" m.ko
				done
			done
		done
	done
}

@test "the same bytes: modseal sign" {
	local sign_file size hash
	for sign_file in "$PEERS"/sign-file-*; do
		for size in 2048 3072 4096; do
			for hash in sha256 sha384 sha512; do
				cp start/m.ko issuer.ko
				cp start/m.ko ski.ko
				"$sign_file" $hash "$soft/rsa$size.key.pem" "$soft/rsa$size.der" issuer.ko
				"$sign_file" -k $hash "$soft/rsa$size.key.pem" "$soft/rsa$size.der" ski.ko
				cp start/m.ko ours.ko
				modseal sign -k "$(token_key rsa$size)" --hash $hash ours.ko
				cmp issuer.ko ours.ko
				# Signed again: the old signature is replaced.
				modseal sign -k "$(token_key rsa$size)" --hash $hash --key-id ski ours.ko
				cmp ski.ko ours.ko
			done
		done
	done
}

@test "the same bytes: all modules of a kernel" {
	local key=$soft/rsa2048.key.pem cert=$soft/rsa2048.der
	cp -a "$MODSEAL_CORPUS" theirs
	find theirs -name '*.ko' -exec "$TOP/tests/lib/unsign" {} +
	cp -a theirs ours
	find theirs -name '*.ko' -print0 |
		xargs -0 -n 1 -P 2 "$PEERS/sign-file-6.1" sha256 "$key" "$cert"
	modseal sign --quiet -k "$(token_key rsa2048)" ours
	diff -r theirs ours
	[ "$(find ours -name '*.ko' | wc -l)" -gt 1000 ]
}

@test "the same bytes: into another file, over a file, and over itself by name" {
	local sign_file dest
	echo "something else" >start/there.ko
	for sign_file in "$PEERS"/sign-file-*; do
		for dest in new.ko there.ko m.ko; do
			same "$sign_file" "$soft/rsa2048.key.pem" "$(token_key rsa2048)" \
				sha256 @KEY "$soft/rsa2048.der" m.ko $dest
			same "$sign_file" "$soft/rsa2048.key.pem" "$soft/rsa2048.key.pem" \
				-p sha256 @KEY "$soft/rsa2048.der" m.ko $dest
		done
	done
}

@test "the same bytes: a module that carries a signature gets another one behind it" {
	local sign_file
	real_module nls_utf8 start/m.ko >/dev/null
	for sign_file in "$PEERS"/sign-file-*; do
		same "$sign_file" "$soft/rsa2048.key.pem" "$(token_key rsa2048)" \
			sha256 @KEY "$soft/rsa2048.der" m.ko
	done
	modseal verify --cert "$soft/rsa2048.der" b/m.ko
}

@test "the same bytes: files that are no modules" {
	local sign_file
	printf 'a kexec image, say' >start/image
	cp /bin/true start/program
	for sign_file in "$PEERS"/sign-file-*; do
		for file in image program; do
			same "$sign_file" "$soft/rsa2048.key.pem" "$(token_key rsa2048)" \
				sha256 @KEY "$soft/rsa2048.der" $file
		done
	done
}

@test "the same bytes: certificates in PEM, key and certificate in one file, encrypted key" {
	local sign_file key
	export KBUILD_SIGN_PIN
	KBUILD_SIGN_PIN=$(cat "$soft/passphrase")
	for sign_file in "$PEERS"/sign-file-*; do
		same "$sign_file" "$soft/rsa2048.key.pem" "$(token_key rsa2048)" \
			sha256 @KEY "$soft/rsa2048.pem" m.ko
		same "$sign_file" "$soft/rsa2048.combined.pem" "$soft/rsa2048.combined.pem" \
			sha256 @KEY "$soft/rsa2048.combined.pem" m.ko
		for key in enc tradenc trad; do
			same "$sign_file" "$soft/rsa2048.$key.pem" "$soft/rsa2048.$key.pem" \
				sha256 @KEY "$soft/rsa2048.pem" m.ko
		done
	done
}

@test "the same bytes: KBUILD_SIGN_PIN opens the token" {
	local sign_file
	export KBUILD_SIGN_PIN=1234
	for sign_file in "$PEERS"/sign-file-*; do
		same "$sign_file" "$soft/rsa2048.key.pem" 'pkcs11:token=soft;object=rsa2048;type=private' \
			sha256 @KEY "$soft/rsa2048.der" m.ko
	done
}

@test "the same bytes: a finished signature appended with -s" {
	local sign_file
	modseal sign-file -d sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der" start/m.ko
	mv start/m.ko.p7s start/signature
	head -c 1000 /dev/urandom >start/nonsense
	for sign_file in "$PEERS"/sign-file-*; do
		same "$sign_file" '' '' -s signature sha256 "$soft/rsa2048.der" m.ko
		same "$sign_file" '' '' -s signature sha256 "$soft/rsa2048.der" m.ko new.ko
		same "$sign_file" '' '' -s nonsense sha256 "$soft/rsa2048.der" m.ko
	done
}

@test "ECDSA: what both make differs in nothing but the value of the signature, and verifies" {
	local sign_file name hash options
	for sign_file in "$PEERS"/sign-file-*; do
		for name in p256 p384; do
			for hash in sha256 sha384 sha512; do
				for options in '' -k; do
					alike_ecdsa "$soft/$name.key.pem" $options
				done
			done
			hash=sha256 alike_ecdsa "$(token_key $name)"
			hash=sha256 alike_ecdsa "$(token_key $name)" -pk
		done
	done
}

# Uses sign_file, name and hash.
alike_ecdsa() { # OUR_KEY [OPTION]
	local dir
	run_both "$sign_file" "$soft/$name.key.pem" "$1" ${2-} "$hash" @KEY "$soft/$name.der" m.ko
	[ $theirs -eq 0 ] && [ $ours -eq 0 ] && [ "$(ls a)" = "$(ls b)" ] ||
		complain "$sign_file" "$name" "$hash" "${2-}"
	for dir in a b; do
		openssl_verifies $dir/m.ko "$soft/$name.pem"
		openssl cms -cmsout -print -noout -inform DER -in cms | sed '/ signature:/,$d' >$dir.text
	done
	cmp a.text b.text
	[ -s a.text ]
	modseal verify --cert "$soft/$name.der" a/m.ko b/m.ko
}

@test "ECDSA with SHA-3, which OpenSSL 3.0 does not do: beside those that can, and by ourselves" {
	local sign_file name
	for name in p256 p384; do
		for sign_file in "$PEERS"/sign-file-*; do
			run_both "$sign_file" "$soft/$name.key.pem" "$soft/$name.key.pem" sha3-256 @KEY \
				"$soft/$name.der" m.ko
			[ $ours -eq 0 ] || complain "$name"
			modseal verify --cert "$soft/$name.der" b/m.ko
			[ $theirs -ne 0 ] || modseal verify --cert "$soft/$name.der" a/m.ko
		done
	done
}

@test "wrong usage ends as sign-file's does" {
	both_fail 2
	both_fail 2 sha256
	both_fail 2 sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der"
	both_fail 2 sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der" m.ko new.ko more.ko
	both_fail 2 -x sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der" m.ko
	both_fail 2 -s signature sha256 "$soft/rsa2048.der"
}

@test "what cannot be done ends as sign-file's does and leaves no file behind" {
	local good=("$soft/rsa2048.key.pem" "$soft/rsa2048.der")
	both_fail 1 sha257 "${good[@]}" m.ko
	both_fail 1 '' "${good[@]}" m.ko
	both_fail 1 sha256 missing.pem "$soft/rsa2048.der" m.ko
	both_fail 1 sha256 "$soft/rsa2048.key.pem" missing.der m.ko
	both_fail 1 sha256 "${good[@]}" missing.ko
	both_fail 1 sha256 "${good[@]}" m.ko missing/m.ko
	both_fail 1 -d sha256 "${good[@]}" missing.ko
	both_fail 1 -p sha256 "${good[@]}" missing.ko new.ko
	both_fail 1 -s missing sha256 "$soft/rsa2048.der" m.ko
	# a certificate for a key, a key for a certificate, a certificate of another key
	both_fail 1 sha256 "$soft/rsa2048.der" "$soft/rsa2048.der" m.ko
	both_fail 1 sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.key.pem" m.ko
	both_fail 1 sha256 "$soft/rsa2048.key.pem" "$soft/rsa3072.der" m.ko
	both_fail 1 sha256 "$soft/rsa2048.key.pem" "$soft/p256.der" m.ko
	# a key that is encrypted: no passphrase, a wrong one
	both_fail 1 sha256 "$soft/rsa2048.enc.pem" "$soft/rsa2048.der" m.ko
	KBUILD_SIGN_PIN=wrong both_fail 1 sha256 "$soft/rsa2048.enc.pem" "$soft/rsa2048.der" m.ko
}

@test "a module that cannot be read" {
	local sign_file
	chmod 0 start/m.ko
	# root reads what it may not, unless it cannot have that right
	without=(setpriv --bounding-set=-dac_override,-dac_read_search)
	for sign_file in "$PEERS"/sign-file-*; do
		cp -a start b
		theirs=0 ours=0
		"${without[@]}" "$sign_file" sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der" start/m.ko ||
			theirs=$?
		"${without[@]}" "$MODSEAL" sign-file sha256 "$soft/rsa2048.key.pem" "$soft/rsa2048.der" \
			b/m.ko </dev/null || ours=$?
		[ $theirs -eq 1 ]
		[ $ours -eq 1 ]
		diff -r start b
		rm -r b
	done
}

@test "a token that says no ends with 1 and leaves no file behind" {
	local uri
	for uri in 'pkcs11:token=soft;object=rsa2048?pin-value=9999' \
		'pkcs11:token=soft;object=nothing?pin-value=1234' \
		'pkcs11:token=nothing;object=rsa2048?pin-value=1234' \
		'pkcs11:token=soft;object=rsa2048;type=private' \
		'pkcs11:token=soft;objekt=rsa2048?pin-value=1234' \
		'pkcs11:token=soft;object=rsa3072?pin-value=1234' \
		'pkcs11:token=twins;object=twin?pin-value=1234'; do
		cp -a start b
		run modseal sign-file -p sha256 "$uri" "$soft/rsa2048.der" b/m.ko b/new.ko
		echo "$uri: $status $output"
		[ "$status" -eq 1 ]
		diff -r start b
		rm -r b
	done
}
