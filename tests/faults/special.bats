#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What tokens do beside failing a call: they ask for a PIN in ways of their own, lack sessions or
# mechanisms, sign wrongly, vanish, never answer; and what a hostile configuration does.

load ../lib/common
load faults

setup_file() {
	faults_setup_file
	faults_setup_modules
}

setup() {
	fresh "$BATS_TEST_TMPDIR/run" 3
	export MODSEAL_PIN=1234
}

# A call that waits for the file go does so until it is told of.
go_once_told() {
	: >err
	(until_so says "waiting for token 'modseal'" && touch go) 3>&- &
}

# -- PINs -------------------------------------------------------------------------------------

@test "always-authenticate: the PIN is taken once and given at each signature" {
	export MODSEAL_SHIM_TOKEN=always-authenticate
	sign
	seen ended 0
	seen modules plain=0 signed=3
	seen called 1 'C_Login CKR_OK user'
	seen called 3 'C_Login CKR_OK context pin$'
	seen called 4 C_Login
}

@test "always-authenticate: a person is asked once" {
	unset MODSEAL_PIN
	export MODSEAL_SHIM_TOKEN=always-authenticate
	run "$TOP/tests/lib/at-terminal" 'PIN for [^:]*: ' 1234 \
		"$MODSEAL" sign --module "$FAULTS_SHIM" -k "$FAULTS_KEY" mods/m1.ko mods/m2.ko mods/m3.ko
	assert_status 0
	assert_output "asked 1 times"
	refute_output 1234
	modules plain=0 signed=3
	called 3 'C_Login CKR_OK context pin$'
}

@test "always-authenticate: a refused context PIN is not given again" {
	export MODSEAL_SHIM_TOKEN=always-authenticate MODSEAL_SHIM_FAIL=C_Login:2:CKR_PIN_INCORRECT
	sign
	seen ended 3
	seen says CKR_PIN_INCORRECT
	seen says "token 'modseal'"
	seen modules plain=3 signed=0
	seen called 2 C_Login
}

@test "always-authenticate: cancelled at the device" {
	export MODSEAL_SHIM_TOKEN=always-authenticate
	export MODSEAL_SHIM_FAIL=C_Login:3+:CKR_FUNCTION_CANCELED
	sign
	seen ended 3
	seen says CKR_FUNCTION_CANCELED
	seen modules plain=2 signed=1
	[ "$(logged C_Login)" -le 4 ] # another thread may have asked by then
}

@test "PIN pad: no PIN is sent, and a wait says what for" {
	export MODSEAL_SHIM_TOKEN=pin-pad MODSEAL_SHIM_PAD_PIN=1234 MODSEAL_SHIM_DELAY=C_Login:$PWD/go
	unset MODSEAL_PIN
	go_once_told
	sign
	seen ended 0
	seen modules plain=0 signed=3
	seen called 1 'C_Login CKR_OK user pad$'
	seen says "pad"
	seen says "token 'modseal'"
}

@test "PIN pad: also with a PIN in the environment" {
	export MODSEAL_SHIM_TOKEN=pin-pad MODSEAL_SHIM_PAD_PIN=1234
	sign
	seen ended 0
	seen called 1 'C_Login CKR_OK user pad$'
	seen called 1 C_Login
}

@test "PIN pad: a wrong PIN and a pressed cancel end it at once" {
	export MODSEAL_SHIM_TOKEN=pin-pad
	MODSEAL_SHIM_PAD_PIN=4321 sign
	seen ended 3
	seen says CKR_PIN_INCORRECT
	seen called 1 C_Login
	: >log
	sign
	seen ended 3
	seen says CKR_FUNCTION_CANCELED
	seen called 1 C_Login
	seen modules plain=3 signed=0
}

@test "PIN pad and always-authenticate together" {
	export MODSEAL_SHIM_TOKEN=pin-pad,always-authenticate MODSEAL_SHIM_PAD_PIN=1234
	sign
	seen ended 0
	seen modules plain=0 signed=3
	seen called 3 'C_Login CKR_OK context pad$'
}

@test "PIN count low is told, and the PIN tried" {
	MODSEAL_SHIM_TOKEN=count-low sign
	seen ended 0
	seen says "a wrong PIN was entered before"
	seen says "token 'modseal'"
	seen modules plain=0 signed=3
}

@test "the final try is refused, unless told to" {
	export MODSEAL_SHIM_TOKEN=final-try
	sign
	seen ended 3
	seen says --pin-final-try
	seen says "token 'modseal'"
	seen called 0 C_Login
	seen modules plain=3 signed=0
	shimmed keys --login "${FAULTS_KEY%;*}"
	seen called 0 C_Login
	sign --pin-final-try
	seen ended 0
	seen modules plain=0 signed=3
}

@test "the final try is refused at a PIN pad too" {
	export MODSEAL_SHIM_TOKEN=final-try,pin-pad MODSEAL_SHIM_PAD_PIN=1234
	sign
	seen ended 3
	seen called 0 C_Login
	sign --pin-final-try
	seen ended 0
	seen modules plain=0 signed=3
}

@test "a locked PIN" {
	MODSEAL_SHIM_TOKEN=locked sign
	seen ended 3
	seen says locked
	seen says "token 'modseal'"
	[ "$(logged C_Login)" -le 1 ]
	seen modules plain=3 signed=0
}

@test "a wrong PIN is tried once, not once a module or thread" {
	fresh "$BATS_TEST_TMPDIR/run" 8
	MODSEAL_PIN=9999 sign
	seen ended 3
	seen says CKR_PIN_INCORRECT
	seen called 1 C_Login
	seen modules plain=8 signed=0
	: >log
	echo 8888 >pin
	unset MODSEAL_PIN
	sign --pin-source pin
	seen ended 3
	seen called 1 C_Login
	seen modules plain=8 signed=0
	: >log
	MODSEAL_PIN=9999 shimmed keys --login "${FAULTS_KEY%;*}"
	seen called 1 C_Login
}

@test "no PIN: nothing is tried" {
	unset MODSEAL_PIN
	sign
	seen ended 3
	seen says MODSEAL_PIN
	seen called 0 C_Login
	seen modules plain=3 signed=0
}

# -- what the token can do --------------------------------------------------------------------

@test "one session is enough" {
	export MODSEAL_SHIM_SESSIONS=1
	sign
	seen ended 0
	seen modules plain=0 signed=3
}

@test "two sessions are enough" {
	MODSEAL_SHIM_SESSIONS=2 sign
	seen ended 0
	seen modules plain=0 signed=3
}

@test "a token without CKM_RSA_PKCS gets the message" {
	local variable
	for variable in MODSEAL_SHIM_MECHANISMS MODSEAL_SHIM_TOKEN_MECHANISMS; do
		fresh "$BATS_TEST_TMPDIR/$variable" 3
		export "$variable=CKM_SHA256_RSA_PKCS"
		sign
		seen ended 0
		seen modules plain=0 signed=3
		unset "$variable"
	done
}

@test "a token without CKM_ECDSA gets the message" {
	local variable
	for variable in MODSEAL_SHIM_MECHANISMS MODSEAL_SHIM_TOKEN_MECHANISMS; do
		fresh "$BATS_TEST_TMPDIR/$variable"
		export "$variable=CKM_ECDSA_SHA256"
		shimmed sign -k 'pkcs11:token=modseal;object=p256' mods/m1.ko
		seen ended 0
		run modseal verify --cert "$MODSEAL_FIXTURES/p256.der" mods/m1.ko
		assert_status 0
		unset "$variable"
	done
}

@test "a digest that the key does not allow" {
	export MODSEAL_SHIM_MECHANISMS=CKM_SHA256_RSA_PKCS
	sign --hash sha512
	seen ended 3
	seen says sha512
	seen says token=modseal
	seen called 0 C_Sign
	seen modules plain=3 signed=0
}

@test "a wrong signature is not written" {
	MODSEAL_SHIM_FLIP=1+ sign
	seen ended 3
	seen says "token 'modseal'"
	seen modules plain=3 signed=0
	MODSEAL_SHIM_CUT=1+ sign
	seen ended 3
	seen modules plain=3 signed=0
	MODSEAL_SHIM_FLIP=2+ sign
	seen ended 3
	seen says "token 'modseal'"
	seen modules plain=2 signed=1
}

@test "a wrong ECDSA signature is not written" {
	local spoil
	for spoil in MODSEAL_SHIM_FLIP MODSEAL_SHIM_CUT; do
		export $spoil=1
		shimmed sign -k 'pkcs11:token=modseal;object=p256' mods/m1.ko
		seen ended 3
		seen says "token 'modseal'"
		seen modules plain=3 signed=0
		unset $spoil
	done
}

# csr, as it signs without a certificate, which would have to be of that modulus, too.
@test "a modulus longer than any signature has room for" {
	local bytes
	for bytes in 1000000 8193; do
		MODSEAL_SHIM_MODULUS=$bytes shimmed csr -k "$FAULTS_KEY" --subject CN=long -o csr.der
		seen ended 3
		seen says "object=rsa2048"
		seen says "$((8 * bytes)) bits"
		seen called 0 "C_Sign "
	done
	# for this there is room; it is found out when the signature is checked
	MODSEAL_SHIM_MODULUS=8192 shimmed csr -k "$FAULTS_KEY" --subject CN=long -o csr.der
	seen ended 3
	seen says "token 'modseal'"
	seen called 1 "C_Sign "
}

@test "a module whose slots grow without end" {
	MODSEAL_SHIM_FAIL=C_GetSlotList:2/2:CKR_BUFFER_TOO_SMALL sign
	seen ended 3
	seen says CKR_BUFFER_TOO_SMALL
	seen modules plain=3 signed=0
	# once is no fault
	MODSEAL_SHIM_FAIL=C_GetSlotList:2:CKR_BUFFER_TOO_SMALL sign
	seen ended 0
	seen modules plain=0 signed=3
}

# -- tokens that go away or never answer ------------------------------------------------------

@test "the token is taken away in the middle of a batch" {
	fresh "$BATS_TEST_TMPDIR/run" 6
	MODSEAL_SHIM_REMOVE=C_Sign:3 sign
	seen ended 3
	seen says "token 'modseal'"
	seen modules plain=4 signed=2
	seen grep -qE 'modules: 2 signed, [0-9]+ failed; stopped' out
}

@test "sessions that the token closes are opened again" {
	MODSEAL_SHIM_FAIL=C_SignInit:2:CKR_SESSION_HANDLE_INVALID sign
	seen ended 0
	seen modules plain=0 signed=3
}

@test "a call that never comes back ends in time, whatever it is" {
	local call start
	for call in C_GetFunctionList C_Initialize C_GetSlotList C_GetTokenInfo C_OpenSession C_Login \
		C_FindObjects C_Sign; do
		(
			fresh "$BATS_TEST_TMPDIR/$call" 2
			copy_fixtures "$PWD/fixtures"
			start=$EPOCHSECONDS
			MODSEAL_SHIM_DELAY=$call:forever sign --token-timeout 2
			seen ended 3 &&
				seen says "${call/C_GetFunctionList/load}" &&
				seen lasted_below 6 &&
				seen modules plain=2 signed=0 &&
				seen left_alone || echo "$call" >wrong
		) &
	done
	wait
	[ -z "$(cat "$BATS_TEST_TMPDIR"/*/wrong)" ]
}

@test "a call that never comes back in the middle of a batch" {
	local start jobs
	for jobs in 1 4; do
		fresh "$BATS_TEST_TMPDIR/run" 12
		start=$EPOCHSECONDS
		MODSEAL_SHIM_DELAY=C_Sign:6+:forever sign --token-timeout 1 --jobs $jobs
		seen ended 3
		seen lasted_below 5
		seen says "C_Sign"
		seen says "token 'modseal'"
		seen modules plain=7 signed=5
		seen left_alone
	done
}

@test "keys ends, too" {
	MODSEAL_SHIM_DELAY=C_GetSlotList:1:forever shimmed keys --token-timeout 1
	seen [ "$status" -ne 124 ]
	seen grep -q C_GetSlotList out err
	MODSEAL_SHIM_DELAY=C_OpenSession:2:forever shimmed keys --token-timeout 1
	seen [ "$status" -ne 124 ]
	seen grep -q C_OpenSession out err
}

@test "a slow signature is waited for and told of" {
	go_once_told
	MODSEAL_SHIM_DELAY=C_Sign:1:$PWD/go sign
	seen ended 0
	seen says "token 'modseal'"
	seen modules plain=0 signed=3
}

@test "the second signal ends a wait for the token" {
	local pid start=$EPOCHSECONDS
	MODSEAL_SHIM_DELAY=C_Sign:forever "$MODSEAL" sign --module "$FAULTS_SHIM" -k "$FAULTS_KEY" \
		--token-timeout 20 mods/*.ko </dev/null >out 2>err 3>&- &
	pid=$!
	until grep -q HANGS log || ! lasted_below 10; do
		sleep 0.02
	done
	kill -TERM $pid
	until grep -q "once more" err || ! lasted_below 10; do
		sleep 0.02
	done
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	seen ended 143
	seen lasted_below 10
	seen modules plain=3 signed=0
	seen left_alone
}

@test "a token that was never initialised, alone" {
	mkdir tokens
	printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$PWD/tokens" >softhsm2.conf
	export SOFTHSM2_CONF=$PWD/softhsm2.conf
	sign
	seen ended 3
	seen says modseal
	seen modules plain=3 signed=0
	shimmed keys
	seen [ "$status" -ne 124 ]
	seen grep -q "not initialised" out
}

# -- configurations ---------------------------------------------------------------------------

hostile() { # MODULE: an openssl.cnf that loads it as a provider
	cat >openssl.cnf <<-END
		openssl_conf = init
		[init]
		providers = providers
		alg_section = algorithms
		[providers]
		default = default_provider
		hostile = hostile_provider
		[default_provider]
		activate = 1
		[hostile_provider]
		module = $1
		activate = 1
		[algorithms]
		default_properties = ?provider=hostile
	END
	export OPENSSL_CONF=$PWD/openssl.cnf MODSEAL_HOSTILE=$PWD/loaded
}

@test "an openssl.cnf that brings in a hostile provider" {
	hostile "$MODSEAL_BUILD/tests/faults/libmodseal_hostile.so"
	# it is one
	run timeout 2 openssl dgst -sha256 mods/m1.ko
	assert_status 124
	[ -e loaded ]
	rm loaded
	sign
	seen ended 0
	seen modules plain=0 signed=3
	[ ! -e loaded ]
	shimmed keys --login "${FAULTS_KEY%;*}"
	seen ended 0
	[ ! -e loaded ]
}

@test "an openssl.cnf that names what is not there, or is no configuration" {
	hostile /nonexistent/provider.so
	sign
	seen ended 0
	seen modules plain=0 signed=3
	echo '[[[ = no' >openssl.cnf
	fresh "$BATS_TEST_TMPDIR/run2" 3
	sign
	seen ended 0
	seen modules plain=0 signed=3
}

# Runs a command with p11-kit configured for two modules: the shim on a copy of SoftHSM, and SoftHSM
# itself. p11-kit reads root's configuration from /usr and /etc only, so in a mount namespace.
in_namespace() {
	if [ "$(id -u)" -eq 0 ]; then
		timeout 20 unshare -m "$@"
	else
		timeout 20 unshare -rm "$@"
	fi
}

two_modules() { # COMMAND...
	local configs=/usr/share/p11-kit/modules
	in_namespace true 2>/dev/null || skip "no mount namespace may be made here"
	mkdir -p configs
	cp "$MODSEAL_P11" softhsm-copy.so
	echo "module: $FAULTS_SHIM" >configs/a-shim.module
	echo "module: $MODSEAL_P11" >configs/b-softhsm.module
	status=0
	MODSEAL_SHIM_MODULE=$PWD/softhsm-copy.so in_namespace sh -c \
		'mount --bind "$0" "$1" && shift && exec setsid -w "$@"' "$PWD/configs" "$configs" \
		"$@" </dev/null >out 2>err || status=$?
}

@test "p11-kit's modules: one that fails is told of, the other serves" {
	local fault
	for fault in C_Initialize C_GetSlotList; do
		fresh "$BATS_TEST_TMPDIR/$fault" 3
		export MODSEAL_SHIM_FAIL=$fault:1+:CKR_GENERAL_ERROR
		two_modules "$MODSEAL" sign -k "$FAULTS_KEY" mods/m1.ko mods/m2.ko mods/m3.ko
		seen ended 0
		seen says shim
		seen modules plain=0 signed=3
		two_modules "$MODSEAL" keys "${FAULTS_KEY%;*}"
		seen grep -q "object=rsa2048" out
		seen grep -q shim out err
	done
}

@test "p11-kit's modules: one that hangs is told of" {
	export MODSEAL_SHIM_DELAY=C_Initialize:1:forever
	two_modules "$MODSEAL" keys --token-timeout 1 "${FAULTS_KEY%;*}"
	seen [ "$status" -ne 124 ]
	seen grep -q shim out err
	seen grep -q C_Initialize out err
	two_modules "$MODSEAL" sign --token-timeout 1 -k "$FAULTS_KEY" mods/m1.ko mods/m2.ko mods/m3.ko
	seen [ "$status" -ne 124 ]
	seen says shim
}

@test "one of two copies of a key hangs: the other does its work" {
	export MODSEAL_SHIM_DELAY=C_Sign:1+:forever
	two_modules "$MODSEAL" sign --token-timeout 1 --jobs 3 -k "$FAULTS_KEY?module-name=a-shim" \
		-k "$FAULTS_KEY?module-name=b-softhsm" mods/m1.ko mods/m2.ko mods/m3.ko
	seen ended 0
	seen says 'dropped out'
	seen says C_Sign
	seen modules plain=0 signed=3
}

@test "a token that two modules show" {
	two_modules "$MODSEAL" sign -k "$FAULTS_KEY" mods/m1.ko mods/m2.ko mods/m3.ko
	# either one of them, or an error that lists both
	seen [ "$status" -eq 0 ] || seen ended 3
	[ "$status" -eq 0 ] || seen says rsa2048
	seen [ "$status" -ne 124 ]
}
