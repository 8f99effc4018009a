#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Requests to shim's MokManager: what they hold, compared with mokutil's, and what is refused.

load ../lib/common
load efi

setup_file() {
	enrol_setup_file
}

setup() {
	enrol_setup
}

# The same machine with mokutil at work.
theirs() {
	[ -d theirs ] || cp -a ours theirs
}

# -- as mokutil --------------------------------------------------------------------------------

@test "a request is byte for byte mokutil's, whatever the hash" {
	printf '$2y$10$abcdefghijklmnopqrstuuS5VfOJZzI6P3CbQ7QpvFTTO0bZqz0VO' >bcrypt
	openssl passwd -6 -salt 'rounds=7777$0123456789abcdef' secret >rounds
	for hash in "$BATS_FILE_TMPDIR/sha512" "$BATS_FILE_TMPDIR/sha256" bcrypt rounds; do
		rm -rf theirs ours
		machine ours
		theirs
		mokutil_on theirs --import "$CERTS/good.der" --hash-file "$hash"
		run enrol "$CERTS/good.der" --hash-file "$hash"
		assert_status 0
		assert_same_variables ours theirs
		[ -s "$VARS/MokNew-$SHIM" ]
		[ "$(stat -c %s "$VARS/MokAuth-$SHIM")" -eq 176 ]
		[ "$(stat -c %a "$VARS/MokNew-$SHIM")" = 600 ]
	done
}

@test "EFIVARFS_PATH says where this machine's variables are" {
	theirs
	mokutil_on theirs --import "$CERTS/good.der" --hash-file "$HASH"
	EFIVARFS_PATH=$PWD/$VARS/ run modseal trust enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	assert_same_variables ours theirs
}

# As MokManager shows it.
fingerprint() { # NAME
	openssl x509 -in "$CERTS/$1.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/:/ /g; s/.*/\L&/'
}

@test "several certificates, and further ones behind a request that is pending" {
	theirs
	mokutil_on theirs --import "$CERTS/good.der" "$CERTS/ca.der" --hash-file "$HASH"
	mokutil_on theirs --import "$CERTS/boots.der" --hash-file "$BATS_FILE_TMPDIR/sha256"
	enrol "$CERTS/good.der" "$CERTS/ca.der" --hash-file "$HASH"
	run enrol "$CERTS/boots.der" --hash-file "$BATS_FILE_TMPDIR/sha256"
	assert_status 0
	assert_line "  fingerprint, as MokManager shows it: $(fingerprint boots)"
	assert_same_variables ours theirs
	run enrol --pending
	assert_status 0
	[ "${#lines[@]}" -eq 3 ]
	assert_line "to enrol: CN=Test boots, fingerprint $(fingerprint boots)"
	assert_match '^to enrol: CN=Test good, '
}

@test "PEM, a key's certificate on a token and a certificate's URI are DER in the request" {
	enrol "$CERTS/good.pem" --hash-file "$HASH"
	theirs
	mokutil_on theirs --revoke-import
	mokutil_on theirs --import "$CERTS/good.der" --hash-file "$HASH"
	assert_same_variables ours theirs

	mokutil_on theirs --revoke-import
	mokutil_on theirs --import "$MODSEAL_FIXTURES/rsa2048.der" --hash-file "$HASH"
	for cert in "-k pkcs11:token=modseal;object=rsa2048" \
		"pkcs11:token=modseal;object=rsa2048;type=cert"; do
		rm "$VARS"/Mok{New,Auth}-*
		# shellcheck disable=SC2086 # words
		MODSEAL_PIN=1234 run enrol $cert --module "$MODSEAL_P11" --hash-file "$HASH"
		assert_status 0
		assert_same_variables ours theirs
	done
}

@test "--delete, as mokutil's" {
	enrolled ours MokListRT $SHIM good boots
	theirs
	mokutil_on theirs --delete "$CERTS/good.der" --hash-file "$HASH"
	mokutil_on theirs --delete "$CERTS/boots.der" --hash-file "$HASH"
	enrol --delete "$CERTS/good.der" --hash-file "$HASH"
	run enrol --delete "$CERTS/boots.der" --hash-file "$HASH"
	assert_status 0
	assert_output 'Choose "Delete MOK"'
	assert_same_variables ours theirs
	run enrol --pending
	assert_match '^to delete: CN=Test good, '
}

@test "the opposite request is taken back instead, without a password, as mokutil does" {
	# of one: both variables go
	enrolled ours MokListRT $SHIM good
	enrol --delete "$CERTS/good.der" --hash-file "$HASH"
	theirs
	mokutil_on theirs --import "$CERTS/good.der"
	run enrol "$CERTS/good.der"
	assert_status 0
	assert_line "no longer asked to delete: CN=Test good"
	refute_output "next boot"
	assert_same_variables ours theirs
	! variables_of ours | grep MokDel

	# of several: the others stay
	enrol "$CERTS/boots.der" "$CERTS/ca.der" --hash-file "$HASH"
	rm -r theirs
	theirs
	mokutil_on theirs --delete "$CERTS/boots.der"
	run enrol --delete "$CERTS/boots.der" --json
	assert_status 0
	[ "$(jq -r .outcome <<<"$output")" = "taken back" ]
	# libefivar leaves it to efivarfs to cut what became shorter.
	truncate -r "$VARS/MokNew-$SHIM" "theirs/sys/firmware/efi/efivars/MokNew-$SHIM"
	assert_same_variables ours theirs
	run enrol --pending
	assert_match '^to enrol: CN=Test ca, '
	[ "${#lines[@]}" -eq 1 ]
}

@test "--mokx: into the list of what is refused and out of it, as mokutil's" {
	echo CONFIG_SYSTEM_REVOCATION_LIST=y >>ours/boot/config-6.12.1
	enrolled ours MokListXRT $SHIM boots
	theirs
	mokutil_on theirs --mokx --import "$CERTS/good.der" --hash-file "$HASH"
	mokutil_on theirs --mokx --delete "$CERTS/boots.der" --hash-file "$HASH"
	run --separate-stderr enrol --mokx "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	[ -z "$stderr" ]
	assert_line "asked to revoke: CN=Test good"
	assert_output 'Choose "Enroll MOKX"'
	enrol --mokx --delete "$CERTS/boots.der" --hash-file "$HASH"
	assert_same_variables ours theirs
	[ -s "$VARS/MokXNew-$SHIM" ] && [ -s "$VARS/MokXDelAuth-$SHIM" ]
	run enrol --pending
	assert_match '^to revoke: CN=Test good, '
	assert_match '^to unrevoke: CN=Test boots, '

	# taken back
	mokutil_on theirs --mokx --delete "$CERTS/good.der"
	run enrol --mokx --delete "$CERTS/good.der"
	assert_status 0
	assert_line "no longer asked to revoke: CN=Test good"
	assert_same_variables ours theirs
	enrol --revoke-pending
	! variables_of ours | grep -e MokX.*New -e Auth

	run enrol --mokx "$CERTS/boots.der" --hash-file "$HASH"
	assert_status 1
	assert_output "MokListXRT holds it already"
	sed -i '/REVOCATION/d' ours/boot/config-6.12.1
	run enrol --mokx "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	assert_output "warning: \"CN=Test good\": this kernel revokes no certificates"
}

@test "the same certificate twice is one request" {
	theirs
	mokutil_on theirs --import "$CERTS/good.der" --hash-file "$HASH"
	run enrol "$CERTS/good.der" "$CERTS/good.pem" --hash-file "$HASH"
	assert_status 0
	assert_same_variables ours theirs
}

@test "--revoke-pending leaves nothing" {
	variables_of ours >before
	enrolled ours MokListRT $SHIM boots
	enrol "$CERTS/good.der" --hash-file "$HASH"
	enrol --delete "$CERTS/boots.der" --hash-file "$HASH"
	[ "$(variables_of ours | grep -c -e MokNew -e MokAuth -e MokDel -e MokDelAuth)" -eq 4 ]
	run enrol --revoke-pending
	assert_status 0
	assert_line "what was asked for is taken back"
	variables_of ours | diff before -
	run enrol --revoke-pending
	assert_status 0
	assert_line "nothing is asked for"
	run enrol --pending
	assert_status 0
	assert_line "nothing is asked for"
}

@test "--pending shows what mokutil asked for: hashes, an unreadable certificate, a reset" {
	mokutil_on ours --import-hash "$(printf 'a%.0s' {1..64})" --hash-file "$HASH"
	run enrol --pending
	assert_line "to enrol: sha256 $(printf 'a%.0s' {1..64})"
	run enrol --pending --json
	[ "$(jq -c . <<<"$output")" = "{\"action\":\"enrol\",\"subject\":null,\"key_id\":null,\"fingerprint\":null,\"text\":\"sha256 $(printf 'a%.0s' {1..64})\"}" ]
	enrol --revoke-pending
	mokutil_on ours --reset --hash-file "$HASH"
	run enrol --pending
	assert_output "all machine owner keys"
	run enrol --pending --json
	[ "$(jq -r .action <<<"$output")" = reset ]
	enrol --revoke-pending
	mokutil_on ours --reset --mokx --hash-file "$HASH"
	run enrol --pending
	assert_output "all of MokListX"
	enrol --revoke-pending
	! variables_of ours | grep MokAuth
}

# -- passwords -----------------------------------------------------------------------------------

# The salt that a request has, 16 characters.
salt() {
	dd if="$VARS/MokAuth-$SHIM" bs=1 skip=16 count=16 status=none
}

# The request is confirmed by this password: mokutil makes the same of OpenSSL's hash with that salt.
confirmed_by() { # PASSWORD
	openssl passwd -6 -salt "$(salt)" "$1" >hash
	rm -rf theirs
	theirs
	rm theirs/sys/firmware/efi/efivars/Mok{New,Auth}-$SHIM
	mokutil_on theirs --import "$CERTS/good.der" --hash-file hash
	assert_same_variables ours theirs
}

@test "--password-file: hashed by crypt(3) with SHA-512 and a new salt each time" {
	echo 'correct horse' >password
	run enrol "$CERTS/good.der" --password-file password
	assert_status 0
	refute_output "correct horse"
	confirmed_by 'correct horse'
	first=$(salt)
	[[ $first =~ ^[./0-9A-Za-z]{16}$ ]]
	! confirmed_by 'wrong horse'
	enrol --revoke-pending
	enrol "$CERTS/good.der" --password-file password
	[ "$(salt)" != "$first" ]
}

@test "--password-file /dev/stdin; 256 characters" {
	long=$(printf 'x%.0s' {1..256})
	echo "$long" | timeout 60 "$MODSEAL" trust enrol --root ours "$CERTS/good.der" --password-file /dev/stdin
	confirmed_by "$long"
}

@test "asked for twice on the terminal" {
	run "$TOP/tests/lib/at-terminal" 'once at the next boot: |again: ' secret timeout 60 "$MODSEAL" trust enrol \
		--root ours "$CERTS/good.der"
	assert_status 0
	assert_output "asked 2 times"
	assert_output "taken for a US one"
	refute_output secret
	confirmed_by secret
}

@test "passwords that MokManager cannot read" {
	variables_of ours >before
	echo >empty
	printf 'x%.0s' {1..257} >long
	echo 'pässword' >umlaut
	printf 'tab\tulator\n' >tab
	wrong() { # FILE MESSAGE
		run enrol "$CERTS/good.der" --password-file "$1"
		assert_status 3
		assert_output "$2"
	}
	wrong empty "password file empty: its first line is empty"
	wrong long "257 characters; MokManager takes 256 at most"
	wrong umlaut "a character that MokManager cannot read"
	wrong tab "a character that MokManager cannot read"
	wrong gone "password file gone cannot be opened"
	run enrol "$CERTS/good.der"
	assert_status 3
	assert_output "no password was given"
	assert_output "--password-file"
	variables_of ours | diff before -
}

@test "hashes that MokManager does not know, or that are spoilt" {
	variables_of ours >before
	hash_of() { # HASH MESSAGE
		echo "$1" >hash
		run enrol "$CERTS/good.der" --hash-file hash
		assert_status 3
		assert_output "$2"
	}
	good=$(cat "$BATS_FILE_TMPDIR/sha512")
	hash_of "$(openssl passwd -1 -salt abcdefgh secret)" "of a kind that shim's MokManager does not know"
	hash_of '$y$j9T$abc$def' "of a kind"
	hash_of "secret" "of a kind"
	hash_of "${good%?}" "malformed"
	hash_of "${good}x" "malformed"
	hash_of "${good/abcdefgh/0123456789abcdefg}" "malformed"
	hash_of "${good%??}!x" "malformed"
	hash_of '$6$rounds=5$abcdefgh'"${good#*abcdefgh}" "malformed"
	hash_of '$6$rounds=x$abcdefgh'"${good#*abcdefgh}" "malformed"
	hash_of '$5$abcdefgh'"${good#*abcdefgh}" "malformed"
	hash_of '$2y$10$short' "malformed"
	hash_of '$2y$99$abcdefghijklmnopqrstuuS5VfOJZzI6P3CbQ7QpvFTTO0bZqz0VO' "malformed"
	variables_of ours | diff before -
}

@test "--force on what is asked for already sets a new password, no more" {
	enrol "$CERTS/good.der" --hash-file "$HASH"
	cp "$VARS/MokNew-$SHIM" before
	echo other >password
	run enrol "$CERTS/good.der" --password-file password --force
	assert_status 0
	assert_same before "$VARS/MokNew-$SHIM"
	confirmed_by other
}

# -- faults ------------------------------------------------------------------------------------------

@test "a spoilt MokNew or MokListRT: nothing is written" {
	printf '\7\0\0\0spoilt' >"$VARS/MokNew-$SHIM"
	run enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 4
	assert_output "MokNew is no list of signatures: at byte 0"
	run enrol --pending
	assert_status 4
	run enrol --revoke-pending
	assert_status 0
	printf 'x' >>"$VARS/MokListRT-$SHIM"
	run enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 4
	assert_output "MokListRT is no list of signatures"
	! variables_of ours | grep -e MokNew -e MokAuth
}

# Runs a script with the variables in a small file system of its own: pages of 4 KiB, a file takes at
# least one.
in_store() { # PAGES SCRIPT
	unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
	timeout 60 unshare -m bash -c '
		mv "$1" vars && mkdir "$1" && mount -t tmpfs -o size=$((4096 * $2)) none "$1" &&
			cp vars/* "$1" && eval "$3"' - "$VARS" "$1" "$2" </dev/null
}

@test "a store that is full: the half request is taken back" {
	rm "$VARS"/{SecureBoot,SetupMode,MokListTrustedRT}-*
	# MokListRT and MokNew have a place, MokAuth has none.
	run in_store 2 '"$MODSEAL" trust enrol --root ours "$CERTS/good.der" --hash-file '"$HASH"'
		echo "status $?"; ls "$1"'
	assert_line "status 4"
	assert_output "MokAuth-$SHIM cannot be written: No space left on device"
	assert_output "The firmware's store of variables is full"
	assert_line "MokListRT-$SHIM"
	! grep -x "Mok\(New\|Auth\)-.*" <<<"$output"
}

@test "an earlier request stays as it was when its new password cannot be written" {
	enrol "$CERTS/ca.der" --hash-file "$HASH"
	cp -a ours before
	chmod 400 "$VARS/MokAuth-$SHIM"
	run powerless timeout 60 "$MODSEAL" trust enrol --root ours "$CERTS/good.der" --hash-file "$HASH"
	assert_status 4
	assert_output "MokAuth-$SHIM cannot be written: Permission denied"
	refute_output "could not be taken back"
	assert_same_variables ours before
}

@test "variables that are mounted read-only" {
	run in_store 9 'mount -o remount,ro "$1"
		"$MODSEAL" trust enrol --root ours "$CERTS/good.der" --hash-file '"$HASH"'
		echo "status $?"'
	assert_line "status 1"
	assert_output "mounted read-only"
	assert_output "remount,rw"
}

@test "without root" {
	chmod 555 "$VARS"
	run powerless timeout 60 "$MODSEAL" trust enrol --root ours "$CERTS/good.der" --hash-file "$HASH"
	assert_status 1
	assert_output "only root may write UEFI variables"
}

@test "efivarfs protects variables (immutable): they are opened up, and gone afterwards" {
	enrol "$CERTS/ca.der" --hash-file "$HASH"
	chattr +i "$VARS"/Mok{New,Auth}-* || skip "no file can be made immutable here"
	run enrol "$CERTS/good.der" --hash-file "$HASH"
	assert_status 0
	chattr +i "$VARS"/Mok{New,Auth}-*
	run enrol --revoke-pending
	assert_status 0
	! variables_of ours | grep -e MokNew -e MokAuth
}

@test "a request that was spoilt: a certificate that is none, and a variable that is no file" {
	enrol "$CERTS/good.der" --hash-file "$HASH"
	printf '\x99' | dd of="$VARS/MokNew-$SHIM" bs=1 seek=48 conv=notrunc status=none
	for command in 'enrol --pending' 'list'; do
		run modseal trust $command --root ours
		assert_status 0
	done
	run enrol --pending --json
	assert_status 0
	jq -e '.fingerprint == null and (.text | contains("cannot be read"))' <<<"$output"
	run modseal doctor --root ours
	assert_output "a certificate that cannot be read"
	rm "$VARS/MokNew-$SHIM"
	mkfifo "$VARS/MokNew-$SHIM"
	run timeout 20 "$MODSEAL" trust enrol --pending --root ours
	assert_status 4
	assert_output "MokNew"
}
