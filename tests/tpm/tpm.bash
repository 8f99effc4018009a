# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the files of this folder share; loaded behind ../lib/common. Each file has a software TPM of its
# own, $TPM_DIR, and modules that are small.

# For setup_file.
tpm_setup_file() {
	common_setup_file
	export TPM_DIR=$BATS_FILE_TMPDIR/tpm XDG_STATE_HOME=$BATS_FILE_TMPDIR/state
	tpm_start "$TPM_DIR"
	# More wrong tries than all tests of a file make.
	tpm2 dictionarylockout --setup-parameters --max-tries=31 --recovery-time=600 \
		--lockout-recovery-time=600
	# Other programs' words.
	export TSS2_LOG=
	unset TSS2_LOG
}

teardown_file() {
	tpm_kill "$TPM_DIR"
}

tpm_start() { # DIR
	"$TOP/softhsm-fixtures/tpm" start "$1" || return 1
	. "$1/env"
}

# At once: what it holds is not needed any more.
tpm_kill() { # DIR
	[ ! -s "$1/pid" ] || kill -KILL "$(cat "$1/pid")"
	rm -f "$1/pid"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	module=$(bare_module nls_utf8)
	cp "$module" before.ko
}

# Nothing of ours stays in the TPM, whatever a test did.
teardown() {
	[ ! -s "$TPM_DIR/pid" ] || tpm_is_clean
}

tpm2() { # COMMAND...: quietly, unless it fails
	local said
	said=$(timeout 60 "tpm2_$1" "${@:2}" 2>&1 </dev/null) || { echo "$said"; return 1; }
}

tpm_is_clean() {
	local kind left
	for kind in transient loaded-session saved-session; do
		left=$(timeout 60 tpm2_getcap handles-$kind </dev/null)
		[ -z "$left" ] || { echo "$kind handles are left: $left"; return 1; }
	done
}

# The TCTI of a TPM that proxy.py stands before.
spoilt() { # COMMAND N ACTION
	echo "cmd:python3 $TOP/tests/tpm/proxy.py $MODSEAL_TCTI $*"
}

# Makes a key in FILE, with a certificate in it.
keygen() { # FILE TYPE [OPTION...]
	modseal keygen -k "$1" --type "$2" --subject "CN=test ${1##*/}" "${@:3}"
}

sign() { # KEY [OPTION...]
	modseal sign -k "$1" "${@:2}" "$module"
}

# The module is signed, by the certificate in a file, and OpenSSL says so.
assert_signed() { # CERT
	openssl x509 -in "$1" -out cert.pem
	run modseal verify -c cert.pem "$module"
	assert_status 0
	cp "$module" content
	"$TOP/tests/lib/unsign" --last content cms
	openssl cms -verify -binary -inform DER -in cms -content content -certfile cert.pem -nointern \
		-noverify -purpose any -out /dev/null
	cp before.ko "$module"
}

assert_untouched() {
	assert_same "$module" before.ko
}

# PCR 16 is for debugging and can be set back.
extend() {
	tpm2 pcrextend "16:sha256=$(printf '%064x' "${1:-1}")"
}

# Another program's key, as openssl makes it in the TPM: tpm2-openssl.
openssl_tpm2() {
	timeout 60 openssl "$1" -provider tpm2 -provider default -propquery '?provider=tpm2' "${@:2}" \
		</dev/null
}

# Some programs leave their sessions in the TPM (tpm2-openssl, tpm2_encodeobject).
flush_sessions() {
	tpm2 flushcontext --loaded-session
}
