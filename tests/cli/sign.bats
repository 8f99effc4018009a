#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# modseal sign: what it does to which files. Where keys come from is in uri.bats, PINs in pin.bats,
# input that is no module in bad_input.bats, compression in compressed.bats.

load ../lib/common
load cli

setup() {
	mkdir "$BATS_TEST_TMPDIR/w" # bats puts files of its own beside it
	cd "$BATS_TEST_TMPDIR/w"
	bare_module dummy "$PWD/m.ko" >/dev/null
	cp m.ko bare
}

@test "a module is signed in place, and openssl and modinfo agree" {
	run --separate-stderr sign m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256)"
	[ -z "$stderr" ]
	cmp -n "$(stat -c %s bare)" m.ko bare
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	[ "$(modinfo -F signer ./m.ko)" = "modseal rsa2048" ]
	[ "$(modinfo -F sig_hashalgo ./m.ko)" = sha256 ]
	assert_files . m.ko bare
}

@test "-o FILE leaves the module alone" {
	run sign -o out.ko m.ko
	assert_status 0
	assert_same m.ko bare
	verify out.ko
	assert_files . m.ko bare out.ko
}

@test "-o FILE replaces what is there, also by way of a link" {
	echo old >out.ko
	ln -s out.ko link.ko
	run sign -o link.ko m.ko
	assert_status 0
	[ -L link.ko ]
	verify out.ko
}

@test "-o that is no place for a file" {
	mkfifo pipe
	run sign -o pipe m.ko
	assert_status 4
	assert_output "pipe"
	run sign -o nowhere/m.ko m.ko
	assert_status 4
	assert_output "nowhere/m.ko"
	assert_output "No such file or directory"
	run sign -o /dev/null m.ko
	assert_status 4
	[ -c /dev/null ]
	assert_same m.ko bare
}

@test "-o DIR takes several modules" {
	cp m.ko n.ko
	run sign -o out m.ko n.ko
	assert_status 0
	assert_files out m.ko n.ko
	verify out
	assert_same m.ko bare
	assert_same n.ko bare
}

@test "-o DIR/ is made for one module, too" {
	run sign -o new/deep/ m.ko
	assert_status 0
	assert_files new deep/m.ko
	verify new
}

@test "-o DIR keeps the layout of a tree" {
	bare_modules 5 "$PWD/tree"
	touch tree/modules.dep
	cp -a tree before
	run sign -o out tree
	assert_status 0
	assert_line "5 modules: 5 signed, 0 failed"
	diff -r tree before
	assert_files out $(cd tree && find . -name '*.ko' -printf '%P\n')
	run verify out
	assert_status 0
	assert_line "5 modules: 5 valid, 0 not valid, 0 failed"
}

@test "a directory: all modules below it, and nothing else" {
	mkdir -p tree/a/b tree/.hidden tree/not.ko
	for f in a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko a/x.ko.bak a/note.txt ko; do
		cp m.ko "tree/$f"
	done
	cp tree/a/note.txt text
	run sign tree
	assert_status 0
	assert_line "4 modules: 4 signed, 0 failed"
	for f in a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko; do
		verify "tree/$f"
	done
	for f in a/x.ko.bak a/note.txt ko; do
		assert_same "tree/$f" bare
	done
	assert_files tree a/x.ko a/b/y.ko .hidden/z.ko not.ko/w.ko a/x.ko.bak a/note.txt ko
}

@test "a directory without modules is an error" {
	mkdir empty
	run sign empty
	assert_status 1
	assert_output "empty holds no kernel module"
	run sign empty m.ko
	assert_status 1
	verify m.ko
}

@test "links in a tree: only to files beneath it, never to directories" {
	mkdir -p tree/sub outside elsewhere
	cp m.ko outside/o.ko
	cp m.ko outside/plain
	cp m.ko tree/sub/real.ko
	cp m.ko tree/sub/data
	ln -s ../outside/o.ko tree/out.ko
	ln -s ../../outside/plain tree/sub/out2.ko
	ln -s ../outside tree/build
	ln -s sub tree/again
	ln -s sub/data tree/inside.ko
	ln -s sub/real.ko tree/twice.ko
	ln -s nowhere tree/dangling.ko
	ln -s loop.ko tree/loop.ko
	ln -s . tree/self
	run sign tree
	assert_status 0
	assert_line "2 modules: 2 signed, 0 failed"
	assert_same outside/o.ko bare
	assert_same outside/plain bare
	verify tree/sub/real.ko
	verify tree/sub/data
	for link in out.ko sub/out2.ko build again inside.ko twice.ko dangling.ko loop.ko self; do
		[ -L "tree/$link" ]
	done
}

@test "a tree that is named by a link is walked" {
	mkdir tree
	cp m.ko tree/
	ln -s tree link
	run sign link
	assert_status 0
	verify tree/m.ko
}

@test "a link on the command line: what it leads to is signed" {
	mkdir real
	mv m.ko real/
	ln -s real/m.ko one.ko
	ln -s one.ko two.ko
	run sign two.ko
	assert_status 0
	[ -L two.ko ] && [ -L one.ko ] && [ ! -L real/m.ko ]
	verify real/m.ko
	assert_files . bare one.ko two.ko real/m.ko
}

@test "a module that is named twice has one signature" {
	ln -s m.ko link.ko
	run sign m.ko ./m.ko link.ko
	assert_status 0
	verify m.ko
	take_apart m.ko
	assert_same m.ko.bare bare
}

@test "hard links that are all named: signed once, and names of one file as before" {
	mkdir tree
	mv m.ko tree/a.ko
	for name in b c d; do
		ln tree/a.ko tree/$name.ko
	done
	cp tree/a.ko other.ko
	ln other.ko second.ko
	run sign -j 1 tree other.ko second.ko
	assert_status 0
	assert_line "6 modules: 6 signed, 0 failed"
	verify tree other.ko second.ko
	[ "$(stat -c %i tree/* | sort -u | wc -l)" -eq 1 ]
	[ other.ko -ef second.ko ]
	[ "$(stat -c %h tree/a.ko other.ko | xargs)" = "4 2" ]
	# Whichever came first tells nothing of another.
	[ "$(grep -c ': signed (sha256)$' <<<"$output")" -eq 2 ]
	[ "$(grep -cE ': signed \(sha256\), the same file as (tree/[a-d]|other|second).ko$' <<<"$output")" -eq 4 ]
	run sign --json --keep-existing tree
	assert_json '[.[] | select(.module and .result == "kept")] | length == 4'
}

@test "-o: each path to the same file is written" {
	mkdir tree
	cp m.ko tree/a.ko
	ln tree/a.ko tree/hard.ko
	cp m.ko tree/data
	ln -s data tree/soft.ko
	ln -s data tree/soft2.ko
	run sign -o out tree
	assert_status 0
	assert_files out a.ko hard.ko soft.ko soft2.ko
	[ out/a.ko -ef out/hard.ko ]
	verify out
}

@test "a hard link: the other name keeps the old content" {
	ln m.ko other.ko
	run sign m.ko
	assert_status 0
	verify m.ko
	assert_same other.ko bare
	[ "$(stat -c %h other.ko)" -eq 1 ]
}

@test "signing again replaces the signature" {
	sign m.ko
	cp m.ko once
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed again (sha256)"
	assert_same m.ko once
}

@test "Debian's signature is replaced, too" {
	real_module dummy "$PWD/debian.ko" >/dev/null
	run sign debian.ko
	assert_status 0
	sign m.ko
	assert_same debian.ko m.ko
}

@test "--stack adds one, and without it all are replaced" {
	sign m.ko
	cp m.ko once
	run sign --stack --hash sha512 m.ko
	assert_status 0
	cp m.ko twice
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	take_apart m.ko
	assert_same m.ko.bare once
	sign --stack m.ko
	verify m.ko
	take_apart m.ko
	assert_same m.ko.bare twice
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed again (sha256), 3 signatures replaced"
	assert_same m.ko once
}

@test "--stack on a module without signature signs it" {
	run sign --stack m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256)"
	cp m.ko stacked
	cp bare m.ko
	sign m.ko
	assert_same m.ko stacked
}

@test "--keep-existing leaves alone what verifies" {
	sign m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%i %Y %s' m.ko >before
	run sign --keep-existing --hash sha512 m.ko
	assert_status 0
	assert_line "m.ko: kept (its signature verifies)"
	stat -c '%i %Y %s' m.ko | cmp - before
}

@test "--keep-existing signs what does not: unsigned, altered, of another key" {
	cp m.ko foreign.ko
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.combined.pem" foreign.ko
	cp m.ko altered.ko
	sign altered.ko
	tampered altered.ko 100
	cp m.ko good.ko
	sign good.ko
	run sign --keep-existing m.ko foreign.ko altered.ko good.ko
	assert_status 0
	assert_line "4 modules: 3 signed, 1 kept, 0 failed"
	verify m.ko foreign.ko altered.ko good.ko
}

@test "--keep-existing -o: what is kept is copied" {
	sign m.ko
	run sign --keep-existing -o out/ m.ko
	assert_status 0
	assert_same out/m.ko m.ko
}

@test "--keep-existing against a leaf of a CA: the CA's other leaf is not kept" {
	odd_leaf m.ko
	cp m.ko leaf.ko
	run sign --keep-existing m.ko
	assert_status 0
	assert_output "signed again"
	run odd_leaf --keep-existing leaf.ko
	assert_output "kept"
}

odd_leaf() {
	modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=leaf' "$@"
}

@test "--embed-certs: a kernel that trusts only the CA can follow" {
	odd_leaf -o without.ko m.ko
	odd_leaf --embed-certs "$MODSEAL_FIXTURES/leaf.pem" -o with.ko m.ko
	odd_leaf --embed-certs "$MODSEAL_FIXTURES/chain.pem" --key-id ski -o chain.ko m.ko
	run modseal verify -c "$MODSEAL_FIXTURES/ca.pem" without.ko
	assert_status 1
	assert_output "without.ko: unknown key"
	run modseal verify -c "$MODSEAL_FIXTURES/ca.pem" with.ko chain.ko
	assert_status 0
	assert_output "with.ko: valid (O=modseal fixtures,CN=odd leaf, sha256)"
	run modseal verify -c "$MODSEAL_FIXTURES/leaf.pem" without.ko with.ko chain.ko
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/rsa2048.pem" with.ko
	assert_status 1
	assert_output "with.ko: unknown key"
	run modseal inspect --json with.ko chain.ko
	assert_json '.[0].signatures[0].certificates == ["O=modseal fixtures,CN=odd leaf"]'
	assert_json '.[1].signatures[0].certificates | length == 2'
	# openssl follows it by itself
	take_apart with.ko
	openssl cms -verify -binary -inform DER -in with.ko.cms -content with.ko.bare \
		-CAfile "$MODSEAL_FIXTURES/ca.pem" -purpose any -out /dev/null
}

@test "--embed-certs with a file that holds none" {
	run sign --embed-certs bare m.ko
	assert_status 3
	assert_output bare
	run sign --embed-certs missing.pem m.ko
	assert_status 3
	assert_output missing.pem
	assert_same m.ko bare
}

@test "--key-id ski names the signer by key identifier" {
	run sign --key-id ski m.ko
	assert_status 0
	verify m.ko
	assert_openssl m.ko "$MODSEAL_FIXTURES/rsa2048.pem"
	run modseal inspect --json m.ko
	ski=$(openssl x509 -in "$MODSEAL_FIXTURES/rsa2048.pem" -noout -ext subjectKeyIdentifier |
		sed -n 's/^ *\([0-9A-F:]*\)$/\1/p' | tr -d : | tr A-F a-f)
	assert_json ".[0].signatures[0] | .key_id == \"$ski\" and .serial == null and .issuer == null"
}

@test "--key-id ski with a certificate that has none" {
	openssl req -new -x509 -key "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -subj /CN=plain -out c.pem \
		-config <(printf '[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n')
	run modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -c c.pem --key-id ski m.ko
	assert_status 3
	assert_output "no subject key identifier"
	assert_same m.ko bare
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" -c c.pem m.ko
	modseal verify -c c.pem m.ko
}

@test "all six digests, with RSA and ECDSA keys on the token" {
	for key in rsa2048 rsa3072 rsa4096 p256 p384; do
		for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
			cp bare "$key-$hash.ko"
		done
	done
	for key in rsa2048 rsa3072 rsa4096 p256 p384; do
		for hash in sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; do
			modseal_pin sign -q --module "$MODSEAL_P11" -k "pkcs11:token=modseal;object=$key" \
				--hash $hash $key-$hash.ko
		done
		run modseal verify -c "$MODSEAL_FIXTURES/$key.der" $key-*.ko
		assert_status 0
		assert_line "6 modules: 6 valid, 0 not valid, 0 failed"
		assert_openssl $key-sha512.ko "$MODSEAL_FIXTURES/$key.pem"
	done
	run modseal inspect --json ./*-*.ko
	assert_json '.[:-1] | length == 30'
	assert_json '.[:-1] | all(.signatures[0].hash as $h | .module | endswith("-" + $h + ".ko"))'
}

@test "a digest that nobody knows" {
	run sign --hash md5 m.ko
	assert_status 2
	assert_output "'md5' is none of sha256, sha384, sha512, sha3-256, sha3-384, sha3-512"
	run sign --hash sha1 m.ko
	assert_status 2
	assert_same m.ko bare
}

@test "--dry-run writes nothing" {
	cp m.ko again.ko
	sign again.ko
	mkdir tree
	cp m.ko again.ko tree/
	ls -lRi --time-style=full-iso tree >before
	run sign --dry-run tree
	assert_status 0
	assert_output "tree/m.ko: would be signed (sha256)"
	assert_output "tree/again.ko: would be signed again (sha256)"
	assert_line "2 modules: 2 would be signed, 0 failed"
	run sign -n -o out/deep tree
	assert_status 0
	[ ! -e out ]
	run sign --dry-run --keep-existing tree
	assert_output "tree/again.ko: kept"
	run sign --dry-run --keep-existing -o out/deep tree
	assert_status 0
	[ ! -e out ]
	ls -lRi --time-style=full-iso tree | cmp - before
}

@test "--dry-run says what would fail" {
	echo text >text.ko
	run sign --dry-run m.ko text.ko
	assert_status 1
	assert_output "text.ko is not a kernel module"
}

@test "--json: one object a line, documented fields" {
	cp m.ko two.ko
	sign two.ko
	sign --stack two.ko
	echo text >text.ko
	run --separate-stderr sign --json m.ko two.ko text.ko
	assert_status 1
	while read -r line; do
		python3 -m json.tool >/dev/null <<<"$line"
	done <<<"$output"
	[ "${#lines[@]}" -eq 4 ]
	size=$(stat -c %s m.ko)
	assert_json "any(.[]; . == {module: \"m.ko\", result: \"signed\", written: \"m.ko\",
		hash: \"sha256\", key_type: \"RSA-2048\", replaced: 0, mended: false, size: $size,
		cms_size: ($size - $(stat -c %s bare) - 40)})"
	assert_json 'any(.[]; .module == "two.ko" and .result == "signed again" and .replaced == 2)'
	assert_json 'any(.[]; .module == "text.ko" and .result == "failed" and
		.error.code == "module" and (.error.message | contains("not a kernel module")))'
	assert_json '.[-1].summary | .modules == 3 and .signed == 2 and .failed == 1'
	assert_stderr "text.ko is not a kernel module"
}

@test "--json says where it was written, or that it was not" {
	run --separate-stderr sign --json -o out.ko m.ko
	assert_json '.[0] | .module == "m.ko" and .written == "out.ko"'
	run --separate-stderr sign --json --dry-run m.ko
	assert_json '.[0] | .result == "would be signed" and .written == null'
	run --separate-stderr sign --json --keep-existing out.ko
	assert_json '.[0] | .result == "kept" and .written == null'
	run --separate-stderr sign --json --keep-existing -o copy.ko out.ko
	assert_json '.[0] | .result == "kept" and .written == "copy.ko"'
	assert_json '.[1].summary | .signed == 0 and .kept == 1'
}

@test "--json with a name that JSON has to escape" {
	name=$'q"uo\\te\n\t.ko'
	cp m.ko "$name"
	run --separate-stderr sign --json "$name"
	assert_status 0
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -rj .module <<<"${lines[0]}")" = "$name" ]
}

@test "--quiet: only what went wrong, and the summary" {
	cp m.ko two.ko
	run --separate-stderr sign -q m.ko two.ko
	assert_status 0
	[ "$output" = "2 modules: 2 signed, 0 failed" ]
	run --separate-stderr sign -q m.ko
	[ -z "$output" ]
	[ -z "$stderr" ]
	run sign -q m.ko gone.ko
	assert_output "gone.ko: No such file or directory"
}

@test "no summary for one module" {
	run sign m.ko
	[ "${#lines[@]}" -eq 1 ]
}

@test "some fail: the others are signed, exit status 1" {
	cp m.ko last.ko
	echo text >text.ko
	run sign m.ko gone.ko text.ko last.ko
	assert_status 1
	assert_output "gone.ko: No such file or directory"
	assert_output "text.ko is not a kernel module"
	assert_line "4 modules: 2 signed, 2 failed"
	verify m.ko last.ko
}

@test "all fail: the exit status of the first failure" {
	echo text >text.ko
	run sign gone.ko text.ko
	assert_status 4
	run sign text.ko gone.ko
	assert_status 1
	run sign -o out text.ko gone.ko
	assert_status 1
}

@test "usage errors: exit status 2 and no key opened" {
	run modseal sign m.ko
	assert_status 2
	assert_output "-k"
	run sign
	assert_status 2
	assert_output "something is missing"
	run sign --stack --keep-existing m.ko
	assert_status 2
	assert_output "--stack and --keep-existing"
	run sign --key-id name m.ko
	assert_status 2
	assert_same m.ko bare
}

@test "two inputs for one output: the second is refused" {
	mkdir a b
	cp m.ko a/
	real_module bonding "$PWD/b/m.ko" >/dev/null
	run sign -o out a/m.ko b/m.ko
	assert_status 1
	assert_output "a/m.ko and b/m.ko would both be written to out/m.ko"
	sign m.ko
	assert_same out/m.ko m.ko
	run sign -o both a b
	assert_status 1
	assert_output "would both be written to both/m.ko"
	assert_same both/m.ko m.ko
	assert_same a/m.ko bare
}

@test "a certificate of another key is refused before anything is touched" {
	cp m.ko n.ko
	touch -d 2001-01-01 m.ko
	run sign -c "$MODSEAL_FIXTURES/rsa3072.pem" -o out m.ko n.ko
	assert_status 3
	assert_output 'the certificate "O=modseal fixtures,CN=modseal rsa3072" is not of the key'
	[ ! -e out ]
	run sign -c "$MODSEAL_FIXTURES/p256.der" m.ko n.ko
	assert_status 3
	assert_same m.ko bare
	[ "$(stat -c %Y m.ko)" -eq "$(date -d 2001-01-01 +%s)" ]
}

@test "the certificate beside the key is another key's" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=mismatch' m.ko
	assert_status 3
	assert_output "is not of the key"
	assert_same m.ko bare
}

@test "no certificate beside the key" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=nocert' m.ko
	assert_status 3
	assert_output "certificate"
	assert_output "-c"
	assert_same m.ko bare
}

@test "-c takes PEM, DER and a PKCS#11 URI" {
	for cert in "$MODSEAL_FIXTURES/rsa2048.pem" "$MODSEAL_FIXTURES/rsa2048.der" \
		'pkcs11:token=modseal;object=rsa2048;type=cert' 'pkcs11:token=modseal;id=%01'; do
		cp bare m.ko
		run sign -c "$cert" m.ko
		assert_status 0
		verify m.ko
	done
}

@test "-c that is no certificate" {
	for cert in bare missing.pem . "$MODSEAL_FIXTURES/pin" 'pkcs11:token=modseal;object=gone'; do
		run sign -c "$cert" m.ko
		assert_status 3
		assert_output "${cert#pkcs11:}"
		assert_same m.ko bare
	done
}

@test "an expired certificate signs; kernels do not look" {
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=expired' m.ko
	assert_status 0
	run modseal verify -c "$MODSEAL_FIXTURES/odd/expired.pem" m.ko
	assert_status 0
	assert_output "expired"
}

@test "mode and owner are kept, times as a careful tool does" {
	chmod 640 m.ko
	[ "$(id -u)" -ne 0 ] || chown 1234:2345 m.ko
	touch -d 2001-01-01 m.ko
	stat -c '%a %u %g' m.ko >before
	start=$(date +%s)
	sign m.ko
	stat -c '%a %u %g' m.ko | cmp - before
	[ "$(stat -c %Y m.ko)" -ge "$start" ]
	sign -o out.ko m.ko
	stat -c '%a %u %g' out.ko | cmp - before
}

# setfattr and getfattr are in a package of their own.
xattr() { # PYTHON-EXPRESSION FILE
	python3 -c "import os, sys; f = sys.argv[1]; print($1)" "$2"
}

@test "extended attributes are kept, but not what covers the old content" {
	run xattr 'os.setxattr(f, "user.origin", b"here")' m.ko
	[[ $output != *"not supported"* ]] || skip "no extended attributes on this file system"
	assert_status 0
	[ "$(id -u)" -ne 0 ] || xattr 'os.setxattr(f, "security.ima", b"old")' m.ko
	sign m.ko
	run xattr 'os.listxattr(f), os.getxattr(f, "user.origin")' m.ko
	assert_line "['user.origin'] b'here'"
}

@test "a module that may not be read" {
	cp m.ko n.ko
	chmod 0 n.ko
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		n.ko m.ko
	assert_status 1
	assert_output "n.ko cannot be opened: Permission denied"
	chmod 600 n.ko
	assert_same n.ko bare
	verify m.ko
}

@test "a directory that may not be read" {
	mkdir -p tree/closed
	cp m.ko tree/
	cp m.ko tree/closed/
	chmod 0 tree/closed
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" tree
	chmod 700 tree/closed
	assert_status 1
	assert_output "tree/closed cannot be read: Permission denied"
	verify tree/m.ko
	assert_same tree/closed/m.ko bare
}

@test "a directory that may not be written" {
	mkdir dir
	cp m.ko dir/
	chmod 555 dir
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		dir/m.ko
	assert_status 4
	assert_output "dir/m.ko cannot be written"
	assert_output "Permission denied"
	assert_same dir/m.ko bare
	MODSEAL_PIN=1234 run powerless timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" \
		-o dir/new/ m.ko
	assert_status 4
	assert_output "dir/new cannot be made: Permission denied"
	chmod 755 dir
	assert_files dir m.ko
}

@test "no space left" {
	mkdir full
	mount -t tmpfs -o size=32k,mode=755 tmpfs full 2>/dev/null || skip "no tmpfs can be mounted"
	cp m.ko full/
	MODSEAL_PIN=1234 run timeout 60 "$MODSEAL" sign --module "$MODSEAL_P11" -k "$KEY" full/m.ko
	cp -a full seen
	umount full
	assert_status 4
	assert_output "full/m.ko cannot be written"
	assert_output "No space left on device"
	assert_output "Free some space"
	assert_same seen/m.ko bare
	assert_files seen m.ko
}

@test "a file that may not grow so large" {
	limited() {
		trap '' XFSZ
		ulimit -f 8
		sign m.ko
	}
	run limited
	assert_status 4
	assert_output "m.ko cannot be written"
	assert_output "File too large"
	assert_same m.ko bare
	assert_files . m.ko bare
}

@test "--any-file signs what is no module" {
	echo "a kexec image" >image
	cp image before
	run sign image
	assert_status 1
	assert_output "image is not a kernel module"
	assert_same image before
	run sign --any-file image
	assert_status 0
	assert_openssl image "$MODSEAL_FIXTURES/rsa2048.pem"
	run verify image
	assert_status 1
	run verify --any-file image
	assert_status 0
	assert_output "image: valid"
}

@test "what is left of a broken signature is cut off" {
	sign m.ko
	cp m.ko good
	truncate -s -20 m.ko
	run sign m.ko
	assert_status 0
	assert_line "m.ko: signed (sha256), the rest of a broken signature cut off"
	assert_same m.ko good
	tampered m.ko $(($(stat -c %s m.ko) - 28 - 10)) # id_type
	run --separate-stderr sign --json m.ko
	assert_status 0
	assert_json '.[0] | .mended and .result == "signed"'
	assert_same m.ko good
}

@test "standard output that cannot be written is an error" {
	full() {
		modseal inspect m.ko >/dev/full
	}
	run full
	assert_status 4
	assert_output "No space left on device"
}

@test "names that look like options, have spaces or no directory" {
	mkdir 'a dir'
	cp m.ko 'a dir/b c.ko'
	cp m.ko ./-q.ko
	run sign 'a dir' -- -q.ko
	assert_status 0
	assert_line "a dir/b c.ko: signed (sha256)"
	assert_line "-q.ko: signed (sha256)"
	verify 'a dir/b c.ko' -- -q.ko
}
