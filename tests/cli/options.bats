#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, versions, and what is wrong usage. That options and man pages agree
# is seen to by tests/lint.

load ../lib/common
load cli

commands=(sign verify inspect keys strip detach attach sign-file)

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "--help and help: all commands, on standard output" {
	for how in --help -h help; do
		run --separate-stderr modseal $how
		assert_status 0
		[ -z "$stderr" ]
		for command in "${commands[@]}"; do
			assert_match "^  $command +[A-Z]"
		done
	done
}

@test "no command: the same on standard error, exit status 2" {
	run --separate-stderr modseal
	assert_status 2
	[ -z "$output" ]
	assert_stderr "Commands:"
}

@test "--version" {
	run modseal --version
	assert_status 0
	assert_match '^modseal [0-9]+\.[0-9]+\.[0-9]+$'
	[ "${#lines[@]}" -eq 1 ]
}

@test "help of each command, three ways" {
	for command in "${commands[@]}"; do
		run modseal help "$command"
		assert_status 0
		help=$output
		assert_match "^Usage: modseal $command "
		assert_match '^  -h, --help$'
		for how in --help -h; do
			run --separate-stderr modseal "$command" $how
			assert_status 0
			[ "$output" = "$help" ]
			[ -z "$stderr" ]
		done
		# also in the middle, and before anything is done
		run modseal "$command" gone.ko --help gone.ko
		assert_status 0
		[ "$output" = "$help" ]
	done
}

@test "help fits a terminal" {
	for command in "${commands[@]}"; do
		modseal help "$command"
	done >help
	modseal help >>help
	modseal help trust >>help
	! grep -E '^.{81}' help
}

@test "a command that has commands of its own" {
	for how in "help trust" "trust --help" "trust -h" "trust help"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr modseal $how
		assert_status 0
		[ -z "$stderr" ]
		assert_match '^  enrol +[A-Z]'
	done
	run --separate-stderr modseal trust
	assert_status 2
	[ -z "$output" ]
	assert_stderr "Commands:"
	for how in "help trust enrol" "trust enrol --help"; do
		# shellcheck disable=SC2086 # words
		run modseal $how
		assert_status 0
		assert_match '^Usage: modseal trust enrol '
		assert_output "More in modseal-trust-enrol(1)."
	done
	run modseal trust enrol --frobnicate
	assert_status 2
	assert_output "modseal trust enrol: unrecognized option"
	for how in "trust seal" "help trust seal"; do
		# shellcheck disable=SC2086 # words
		run modseal $how
		assert_status 2
		assert_output "there is no command 'trust seal'; 'modseal trust --help' lists them"
	done
}

@test "an unknown command" {
	run --separate-stderr modseal seal
	assert_status 2
	[ -z "$output" ]
	assert_stderr "modseal: there is no command 'seal'"
	assert_stderr "modseal --help"
	run modseal help seal
	assert_status 2
}

@test "an unknown option, in each command" {
	for command in "${commands[@]}"; do
		run modseal "$command" --frobnicate
		assert_status 2
		assert_output "modseal $command: unrecognized option '--frobnicate'"
		assert_output "modseal $command --help"
		run modseal "$command" -Z
		assert_status 2
		assert_output "modseal $command: invalid option -- 'Z'"
	done
}

@test "something is missing, in each command that needs it" {
	for command in sign verify inspect strip detach attach sign-file; do
		run modseal "$command"
		assert_status 2
		assert_output "modseal $command: something is missing"
	done
}

@test "too many arguments" {
	run modseal keys pkcs11: pkcs11:
	assert_status 2
	assert_output "too many arguments"
	run modseal sign-file a b c d e f
	assert_status 2
}

@test "an option without its argument, a flag with one" {
	run modseal sign --key
	assert_status 2
	assert_output "option '--key' requires an argument"
	run modseal sign --stack=yes m.ko
	assert_status 2
	assert_output "doesn't allow an argument"
}

@test "values that are none" {
	for value in abc -1 1x '' 99999999999 0x10; do
		run modseal keys --token-timeout "$value"
		assert_status 2
		assert_output "--token-timeout: '$value' is not a whole number"
	done
	run modseal sign --hash sha99 -k x m.ko
	assert_status 2
	assert_output "--hash: 'sha99' is none of sha256, sha384"
	run modseal sign --key-id issue -k x m.ko
	assert_status 2
	assert_output "--key-id: 'issue' is none of issuer, ski"
}

@test "options behind operands, joined values, unique beginnings" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	key=$MODSEAL_FIXTURES/soft/rsa2048.combined.pem
	modseal sign m.ko -k"$key" --hash=sha512
	modseal verify m.ko --cer "$MODSEAL_FIXTURES/soft/rsa2048.pem"
	run modseal sign --ke "$key" m.ko # --key, --key-id, --keep-existing
	assert_status 2
	assert_output "ambiguous"
}

@test "options that a command does not have" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	run modseal strip -k x m.ko
	assert_status 2
	run modseal inspect -o out m.ko
	assert_status 2
	run modseal verify -o out -c x m.ko
	assert_status 2
}

@test "errors go to standard error, results to standard output" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	run --separate-stderr modseal inspect m.ko gone.ko
	assert_status 1
	assert_output "m.ko: unsigned"
	refute_output "gone.ko"
	assert_stderr "modseal: gone.ko: No such file or directory"
}

@test "no openssl.cnf is read" {
	bare_module dummy "$PWD/m.ko" >/dev/null
	cat >openssl.cnf <<-END
		openssl_conf = all
		[all]
		providers = providers
		alg_section = properties
		[providers]
		legacy = legacy
		[legacy]
		activate = 1
		[properties]
		default_properties = provider=none
	END
	OPENSSL_CONF=$PWD/openssl.cnf run sign m.ko
	assert_status 0
	verify m.ko
}
