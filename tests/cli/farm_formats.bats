#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The farm flow in the formats of others: Debian's files.json, and the archives of the Open Build
# Service, made here by cpio(1) as pesign-obs-integration makes them.

load ../lib/common
load cli
load farm

setup_file() {
	common_setup_file || return 1
	bare_modules 3 "$BATS_FILE_TMPDIR/bare" || return 1
	cp -a "$BATS_FILE_TMPDIR/bare" "$BATS_FILE_TMPDIR/signed"
	sign -q "$BATS_FILE_TMPDIR/signed"
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w"
	cp -a "$BATS_FILE_TMPDIR/bare" "$BATS_FILE_TMPDIR/signed" .
	mapfile -t files < <(cd bare && find . -name '*.ko' -printf '%P\n' | sort)
}

# The archive of what is below DIR, made there by find and cpio.
pack() { # DIR ARCHIVE
	(cd "$1" && find . -type f | sort | cpio --quiet -H newc -o) >"$2"
}

unpack() { # ARCHIVE DIR
	mkdir "$2"
	(cd "$2" && cpio --quiet -idm --no-absolute-filenames) <"$1"
}

# What a farm of sign-files would answer: a module's bare signature, by openssl.
openssl_signature() { # MODULE
	openssl dgst -sha256 -sign "$MODSEAL_FIXTURES/soft/rsa2048.key.pem" "$1"
}

soft_sign() { # OPTION...
	modseal sign -k "$MODSEAL_FIXTURES/soft/rsa2048.combined.pem" "$@"
}

@test "cpio: bare signatures of the modules, as cpio -i takes them" {
	pack bare kernel.cpio.rsasign
	run --separate-stderr soft_sign --digests kernel.cpio.rsasign -o kernel.cpio.rsasign.sig
	assert_status 0
	[ -z "$output" ]
	assert_stderr "3 of 3 signed"
	[[ $stderr != *"bare digest"* ]]
	[ "$(head -c 6 kernel.cpio.rsasign.sig)" = 070701 ]
	[ $(($(stat -c %s kernel.cpio.rsasign.sig) % 512)) -eq 0 ]
	[ "$(cpio --quiet -t <kernel.cpio.rsasign.sig)" = "$(cpio --quiet -t <kernel.cpio.rsasign | sed 's/$/.sig/')" ]
	unpack kernel.cpio.rsasign.sig sigs
	assert_files sigs "${files[@]/%/.sig}"
	for file in "${files[@]}"; do
		openssl_signature "bare/$file" | cmp - "sigs/$file.sig"
	done
}

@test "cpio: attach --raw gives what signing in place gives" {
	pack bare kernel.cpio.rsasign
	run sign --digests kernel.cpio.rsasign -o kernel.cpio.rsasign.sig
	assert_status 0
	run attach --signatures kernel.cpio.rsasign.sig bare
	assert_status 2
	assert_output "--raw"
	run attach --raw --signatures kernel.cpio.rsasign.sig bare
	assert_status 0
	diff -r bare signed
}

@test "cpio: standard input and output" {
	pack bare archive
	run --separate-stderr bash -c '
		"$0" sign -k "$MODSEAL_FIXTURES/soft/rsa2048.combined.pem" --digests - <archive >answer &&
		"$0" attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures - bare <answer' "$MODSEAL"
	assert_status 0
	modseal verify -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" bare
}

@test "cpio: another digest, another kind of key" {
	pack bare archive
	run modseal sign -k "$MODSEAL_FIXTURES/soft/p256.combined.pem" --hash sha512 \
		--digests archive -o answer
	assert_status 0
	run modseal attach --raw --hash sha512 -c "$MODSEAL_FIXTURES/soft/p256.pem" \
		--signatures answer bare
	assert_status 0
	modseal verify -c "$MODSEAL_FIXTURES/soft/p256.pem" bare
}

@test "cpio of digests: taken as they are, as bare digests" {
	for file in "${files[@]}"; do
		mkdir -p "digests/${file%/*}"
		openssl dgst -sha256 -binary "bare/$file" >"digests/$file"
	done
	pack digests archive
	run soft_sign --digests archive -o answer
	assert_status 2
	assert_output "--allow-digests"
	[ ! -e answer ]
	run --separate-stderr soft_sign --allow-digests --digests archive -o answer
	assert_status 0
	assert_stderr "signing 3 bare digests"
	unpack answer sigs
	for file in "${files[@]}"; do
		openssl_signature "bare/$file" | cmp - "sigs/$file.sig"
	done
	run modseal attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures answer bare
	assert_status 0
}

@test "cpio: EFI attributes and other things are told and passed over" {
	mkdir bare/boot
	printf '\x31\x30\x06some attributes of an EFI program, more than a digest has' >bare/boot/vmlinuz
	echo text >bare/boot/note
	ln -s vmlinuz bare/boot/link
	: >bare/boot/empty
	(cd bare && find . | sort | cpio --quiet -H newc -o) >archive
	run --separate-stderr soft_sign --digests archive -o answer
	assert_status 0
	assert_stderr "boot/vmlinuz: not signed: the attributes of an EFI program"
	assert_stderr "boot/note: not signed: neither a kernel module nor a digest"
	assert_stderr "boot/link: not signed: not a regular file"
	assert_stderr "3 of 3 signed, 4 skipped"
	[ "$(cpio --quiet -t <answer | wc -l)" -eq 3 ]
	run soft_sign --any-file --digests archive -o other
	assert_status 2
	assert_output "--allow-digests"
	run soft_sign --any-file --allow-digests --digests archive -o other
	assert_status 0
	unpack other sigs
	openssl_signature bare/boot/note | cmp - sigs/boot/note.sig
}

@test "cpio: an answer's member that is not named like a module is passed over" {
	mkdir -p sigs/boot
	for file in "${files[@]}"; do
		mkdir -p "sigs/${file%/*}"
		openssl_signature "bare/$file" >"sigs/$file.sig"
	done
	cp "sigs/$file.sig" sigs/boot/vmlinuz.sig
	cp "sigs/$file.sig" sigs/gone.ko.sig
	pack sigs answer
	run modseal attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures answer bare
	assert_status 1
	assert_output "boot/vmlinuz: passed over: not named like a module"
	assert_output "there is no module gone.ko"
	assert_line "4 modules: 3 attached, 1 failed"
}

@test "cpio: nothing for us" {
	mkdir -p other/boot
	printf '\x31\x30\x06some attributes of an EFI program, more than a digest has' >other/boot/vmlinuz
	pack other archive
	run soft_sign --digests archive -o answer
	assert_status 0
	assert_output "0 of 0 signed, 1 skipped"
	[ ! -e answer ]
	mkdir empty
	pack empty archive
	run soft_sign --digests archive -o answer
	assert_status 1
	assert_output "archive: there is nothing in it"
}

@test "cpio: a module that is signed already is refused" {
	pack signed archive
	run soft_sign --digests archive -o answer
	assert_status 1
	assert_output "${files[0]} is signed already"
	[ ! -e answer ]
}

# An archive whose only member has this name, which cpio would not pack.
renamed() { # NAME ARCHIVE
	mkdir -p one
	cp "bare/${files[0]}" "one/$(printf 'x%.0s' $(seq ${#1}))"
	pack one "$2"
	sed -i "0,/xx*/s||$1|" "$2"
	rm -r one
}

@test "cpio: names that lead elsewhere refuse the archive" {
	for name in /etc/x.ko ../x.ko a/../../x.ko a//x.ko; do
		renamed "$name" archive
		run soft_sign --digests archive -o answer
		assert_status 1
		assert_output "archive: entry 1: the name '$name' is refused"
		[ ! -e answer ]
	done
	renamed ./x.ko archive
	run soft_sign --digests archive -o answer
	assert_status 0
	[ "$(cpio --quiet -t <answer)" = x.ko.sig ]
}

@test "cpio: a name that comes twice" {
	(cd bare && printf '%s\n' "${files[0]}" "${files[0]}" | cpio --quiet -H newc -o) >archive
	run soft_sign --digests archive
	assert_status 1
	assert_output "archive: entry 2: '${files[0]}' is there already, at 1"
}

@test "cpio: cut off at any place, or another kind of archive" {
	pack bare whole
	for size in 6 7 109 110 120 200 70000 $(($(stat -c %s whole) / 512 * 512 - 512)); do
		head -c "$size" whole >archive
		run soft_sign --digests archive -o answer
		assert_status 1
		assert_output "archive is cut off within its member"
		[ ! -e answer ]
	done
	for format in odc crc bin; do
		(cd bare && find . -type f | cpio --quiet -H $format -o) >archive
		run soft_sign --format cpio --digests archive -o answer
		assert_status 1
		assert_output "none of a newc archive"
	done
}

@test "cpio: answers that are none" {
	pack bare archive
	run modseal attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures archive bare
	assert_status 1
	assert_output "is not named *.sig"
	mkdir -p sigs/a
	: >sigs/a/x.ko.sig
	pack sigs archive
	run modseal attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures archive bare
	assert_status 1
	assert_output "a/x.ko.sig has 0 bytes, which no signature has"
	cp "bare/${files[0]}" sigs/a/x.ko.sig
	pack sigs archive
	run modseal attach --raw -c "$MODSEAL_FIXTURES/soft/rsa2048.pem" --signatures archive bare
	assert_status 1
	assert_output "which no signature has"
	diff -r bare "$BATS_FILE_TMPDIR/bare"
}

# Packages as Debian's signing service unpacks them, and their files.json: two modules in one, one
# in the other.
debian_packages() { # [JQ-EXPRESSION]
	mkdir -p root/image-a root/image-b
	cp -a bare/. root/image-a
	cp -a bare/. root/image-b
	jq -n --args '{packages: {
		"image-a": {trusted_certs: [], files: [
			{sig_type: "efi", file: "boot/vmlinuz"},
			{sig_type: "linux-module", file: $ARGS.positional[0]},
			{sig_type: "linux-module", file: $ARGS.positional[1]}]},
		"image-b": {trusted_certs: [], files: [
			{sig_type: "linux-module", file: $ARGS.positional[2]}]}}}'" | ${1-.}" "${files[@]}" >files.json
}

debian_sign() { # OPTION...
	run soft_sign --digests files.json --root root "$@"
}

@test "debian: a detached CMS for each module, as sign-file -d makes it" {
	debian_packages
	debian_sign -o debian/signatures
	assert_status 0
	assert_output "image-a/boot/vmlinuz: not signed: an EFI program"
	assert_output "3 of 3 signed, 1 skipped"
	refute_output "bare digest"
	assert_files debian/signatures "image-a/${files[0]}.sig" "image-a/${files[1]}.sig" "image-b/${files[2]}.sig"
	for file in "image-a/${files[0]}" "image-b/${files[2]}"; do
		cp "root/$file" m.ko
		soft_sign -q m.ko
		take_apart m.ko
		assert_same m.ko.cms "debian/signatures/$file.sig"
	done
	diff -r root/image-a bare
}

@test "debian: what a module carries is signed along, as sign-file does" {
	debian_packages
	rm -r root/image-a
	cp -a signed root/image-a
	debian_sign -o out
	assert_status 0
	soft_sign -q --stack "signed/${files[0]}"
	take_apart "signed/${files[0]}"
	assert_same "signed/${files[0]}.cms" "out/image-a/${files[0]}.sig"
}

@test "debian: files.json on one line, on many, and without \"packages\"" {
	debian_packages
	jq -c . files.json >one && mv one files.json
	debian_sign -o out
	assert_status 0
	debian_packages '.packages | map_values(del(.trusted_certs))'
	debian_sign -o old
	assert_status 0
	diff -r out old
}

@test "debian: nothing but EFI programs, as Debian 12 has it" {
	jq -n -c '{packages: {"linux-image-6.1.0-56-amd64-unsigned": {trusted_certs: [],
		files: [{sig_type: "efi", file: "boot/vmlinuz-6.1.0-56-amd64"}]}}}' >files.json
	mkdir root
	debian_sign -o out
	assert_status 0
	assert_output "0 of 0 signed, 1 skipped"
	[ ! -e out ]
}

@test "debian: trusted_certs" {
	ours=$(openssl x509 -in "$MODSEAL_FIXTURES/soft/rsa2048.pem" -outform DER | sha256sum | cut -d' ' -f1)
	other=$(printf '%064d' 5)
	debian_packages ".packages[\"image-b\"].trusted_certs = [\"$other\"]"
	debian_sign -o out
	assert_status 3
	assert_output "package image-b trusts certificates that this one is not among"
	[ ! -e out ]
	debian_packages ".packages[\"image-b\"].trusted_certs = [\"$other\", \"$ours\"]"
	debian_sign -o out
	assert_status 0
	debian_packages ".packages[\"image-b\"].trusted_certs = [\"$other\"] |
		.packages[\"image-b\"].files[0].sig_type = \"efi\""
	debian_sign -o efi
	assert_status 0
	debian_packages '.packages["image-b"].trusted_certs = ["05"]'
	debian_sign -o out
	assert_status 1
	assert_output "\"trusted_certs\" holds what is no SHA-256"
}

@test "debian: a certificate that is embedded counts for trusted_certs" {
	ca=$(sha256sum <"$MODSEAL_FIXTURES/ca.der" | cut -d' ' -f1)
	debian_packages ".packages[].trusted_certs = [\"$ca\"]"
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=leaf' \
		--digests files.json --root root -o out
	assert_status 3
	run modseal_pin sign --module "$MODSEAL_P11" -k 'pkcs11:token=odd;object=leaf' \
		--embed-certs "$MODSEAL_FIXTURES/chain.pem" --digests files.json --root root -o out
	assert_status 0
}

@test "debian: names that lead elsewhere refuse the file" {
	for name in /etc/m.ko ../m.ko lib/../../m.ko ./m.ko; do
		debian_packages ".packages[\"image-b\"].files[0].file = \"$name\""
		debian_sign -o out
		assert_status 1
		assert_output "'"
		assert_output "is refused"
		[ ! -e out ]
	done
	debian_packages '.packages["image-a"].files[0].file = "../efi"'
	debian_sign -o out
	assert_status 1
	for package in .. a/b '' /a; do
		debian_packages ".packages[\"$package\"] = .packages[\"image-a\"]"
		debian_sign -o out
		assert_status 1
		assert_output "is refused"
	done
}

@test "debian: what is not of its form" {
	for change in '.packages = 5' '.packages["image-a"] = []' 'del(.packages["image-a"].files)' \
		'.packages["image-a"].files = {}' '.packages["image-a"].files[0] = 5' \
		'del(.packages["image-a"].files[0].file)' 'del(.packages["image-a"].files[0].sig_type)' \
		'.packages["image-a"].files[0].sig_type = "gpg"' '.packages["image-a"].trusted_certs = "a"' \
		'.packages["image-a"].files += .packages["image-a"].files'; do
		debian_packages "$change"
		run soft_sign --format debian --digests files.json --root root -o out
		assert_status 1
		assert_output "files.json:"
		[ ! -e out ]
	done
	printf '{"packages": {\n"a": {\n}\n' >files.json
	run soft_sign --format debian --digests files.json --root root -o out
	assert_status 1
	assert_output "files.json: it is not one JSON object: see line 4"
}

@test "debian: links are followed neither from the root nor to the answers" {
	debian_packages
	mkdir elsewhere
	cp "bare/${files[2]}" elsewhere/m.ko
	ln -sf "$PWD/elsewhere/m.ko" "root/image-b/${files[2]}"
	debian_sign -o out
	assert_status 1
	assert_output "image-b/${files[2]} in root leads through a symbolic link"
	assert_output "2 of 3 signed, 1 failed, 1 skipped"
	rm -r root out
	debian_packages
	mkdir out
	ln -s "$PWD/elsewhere" out/image-a
	debian_sign -o out
	assert_status 1
	assert_output "image-a/${files[0]}.sig in out leads through a symbolic link"
	assert_output "1 of 3 signed, 2 failed, 1 skipped"
	assert_files elsewhere m.ko
}

@test "debian: a file that is not there, and one that is no module" {
	debian_packages
	rm "root/image-a/${files[0]}"
	echo text >"root/image-a/${files[1]}"
	debian_sign -o out
	assert_status 1
	assert_output "root/image-a/${files[0]}: No such file or directory"
	assert_output "${files[1]} is not a kernel module"
	assert_output "1 of 3 signed, 2 failed, 1 skipped"
	assert_files out "image-b/${files[2]}.sig"
}

@test "debian: --dry-run looks at the files" {
	debian_packages
	debian_sign -o out -n
	assert_status 0
	assert_output "3 of 3 would be signed, 1 skipped"
	rm "root/image-a/${files[0]}"
	echo text >"root/image-a/${files[1]}"
	debian_sign -o out -n
	assert_status 1
	assert_output "root/image-a/${files[0]}: No such file or directory"
	assert_output "${files[1]} is not a kernel module"
	assert_output "1 of 3 would be signed, 2 failed, 1 skipped"
	[ ! -e out ]
}

@test "debian: a key that has to see the module sees it" {
	debian_packages
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS \
		run modseal sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" -k "$KEY" \
		--digests files.json --root root -o out
	assert_status 0
	assert_output "3 of 3 signed"
}

@test "debian: --fail-fast stops nothing when the last one fails" {
	debian_packages
	: >"root/image-b/${files[2]}"
	debian_sign -o out --fail-fast -j 1
	assert_status 1
	assert_output "2 of 3 signed, 1 failed"
	refute_output "stopped"
	debian_packages 'del(.packages["image-a"])'
	: >"root/image-b/${files[2]}"
	debian_sign -o none --fail-fast
	assert_status 1
	assert_output "0 of 1 signed, 1 failed"
	refute_output "stopped"
}

# The token makes the others wait until the first has failed.
@test "debian: --fail-fast stops what is left" {
	debian_packages
	: >"root/image-a/${files[0]}"
	for i in {1..100}; do
		ln "root/image-b/${files[2]}" "root/image-b/m$i.ko"
	done
	jq '.packages["image-b"].files = [range(1; 101) | {sig_type: "linux-module", file: "m\(.).ko"}]' \
		files.json >many
	MODSEAL_PIN=1234 MODSEAL_SHIM_MODULE=$MODSEAL_P11 MODSEAL_SHIM_DELAY=C_Sign:$PWD/go \
		"$MODSEAL" sign --module "$MODSEAL_BUILD/tests/faults/libmodseal_shim.so" -k "$KEY" \
		--token-timeout 50 --jobs 1 --fail-fast --digests many --root root -o out </dev/null 2>err 3>&- &
	until_so grep -q "is empty" err
	: >go
	status=0
	wait $! || status=$?
	stderr=$(cat err)
	[ $status -eq 1 ] || assert_status 6
	assert_stderr "stopped at the first failure"
	assert_stderr "1 failed, 1 skipped; stopped before the end"
}

# The one before may still be on its way there.
no_directory() { # NAME
	rm -rf "$1" && : >"$1"
}

@test "debian: signatures that did not reach the disk decide the status of a run that was stopped" {
	debian_packages
	for i in {1..100}; do
		ln "root/image-b/${files[2]}" "root/image-b/m$i.ko"
	done
	jq '.packages["image-b"].files = [range(1; 101) | {sig_type: "linux-module", file: "m\(.).ko"}]' \
		files.json >many
	begin_until_third --digests many --root root -o out
	until_so no_directory out
	interrupt
	assert_status 4
	assert_stderr "what was written to out: Not a directory"
	assert_stderr "stopped before the end"
}

@test "debian: --root and -o are needed" {
	debian_packages
	run soft_sign --digests files.json -o out
	assert_status 2
	assert_output "--root"
	debian_sign
	assert_status 2
	assert_output "-o"
}
