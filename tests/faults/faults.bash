# SPDX-License-Identifier: Apache-2.0
# What the tests of this folder share: `load ../lib/common`, then `load faults`.

# The shim, and tokens for it.
faults_setup_file() {
	export FAULTS_SHIM=$MODSEAL_BUILD/tests/faults/libmodseal_shim.so
	[ -e "$FAULTS_SHIM" ] || { echo "$FAULTS_SHIM is not built" >&2; return 1; }
	common_fixtures || return 1
	export MODSEAL_SHIM_MODULE=$MODSEAL_P11
}

# For the files that run modseal: a module, and what it is once signed. RSA signatures are the same
# each time, so every run must leave one or the other.
faults_setup_modules() {
	export FAULTS_KEY='pkcs11:token=modseal;object=rsa2048'
	export FAULTS_PLAIN=$BATS_FILE_TMPDIR/plain.ko FAULTS_SIGNED=$BATS_FILE_TMPDIR/signed.ko
	cc -x c -c -o "$FAULTS_PLAIN" - <<-'END'
		const char info[] __attribute__((section(".modinfo"))) = "license=GPL";
	END
	cp "$FAULTS_PLAIN" "$FAULTS_SIGNED"
	modseal_pin sign --module "$MODSEAL_P11" -k "$FAULTS_KEY" "$FAULTS_SIGNED" || return 1
	modseal verify --cert "$MODSEAL_FIXTURES/rsa2048.der" "$FAULTS_SIGNED"
}

# A directory of its own for a run: N modules as m1.ko, m2.ko ... in mods/, and the log's place.
fresh() { # DIR [N]
	local i
	rm -rf "$1"
	mkdir -p "$1/mods"
	for ((i = 1; i <= ${2:-1}; i++)); do
		cp "$FAULTS_PLAIN" "$1/mods/m$i.ko"
	done
	cd "$1" || return 1
	export MODSEAL_SHIM_LOG=$1/log
	: >log
}

# Runs modseal on the shim in the directory that fresh() made, without a terminal: sets `status`,
# and leaves what it says in the files out and err.
shimmed() { # COMMAND [ARGUMENT...]
	status=0
	timeout 20 setsid -w "$MODSEAL" "$1" --module "$FAULTS_SHIM" "${@:2}" \
		</dev/null >out 2>err || status=$?
}

sign() { # [ARGUMENT...]
	shimmed sign -k "$FAULTS_KEY" "$@" mods/*.ko
}

# How often a line of the shim's log matches.
logged() { # REGEX
	grep -cE "^$1" "$MODSEAL_SHIM_LOG" || true
}

# "plain", "signed" or "spoilt"
state() { # MODULE
	if cmp -s "$1" "$FAULTS_PLAIN"; then
		echo plain
	elif cmp -s "$1" "$FAULTS_SIGNED"; then
		echo signed
	else
		echo spoilt
	fi
}

# What mods/ holds: sets `plain` and `signed` to how many; fails if anything else is there.
count_modules() {
	local f
	plain=0 signed=0
	for f in mods/* mods/.[!.]*; do
		[ -e "$f" ] || continue
		case $(state "$f") in
		plain) plain=$((plain + 1)) ;;
		signed) signed=$((signed + 1)) ;;
		*) echo "$f is neither what it was nor well signed"; return 1 ;;
		esac
	done
}

# Whether mods/ holds N plain and N signed modules and nothing else.
modules() { # plain=N signed=N
	local plain signed
	count_modules || return 1
	[ "plain=$plain signed=$signed" = "$1 $2" ] || {
		echo "plain=$plain signed=$signed instead of $1 $2: $(ls -A mods)"
		return 1
	}
}

# The same where threads decide how many: some of each.
modules_mixed() {
	local plain signed
	count_modules || return 1
	[ "$plain" -gt 0 ] && [ "$signed" -gt 0 ] || {
		echo "plain=$plain signed=$signed instead of some of each"
		return 1
	}
}

# Nothing may be given back, finalised or unloaded behind a call that never came back.
left_alone() {
	grep -q ' HANGS$' log || { echo "nothing hangs"; return 1; }
	! sed '1,/ HANGS$/d' log | grep -E '^(C_Finalize|unloaded) ' ||
		{ echo "behind the call that hangs"; return 1; }
}

# For a test that fails: what was seen.
show() {
	echo "status $status"
	sed 's/^/out: /' out
	sed 's/^/err: /' err
	tail -n 5 log
}

# show, then fail, when a command fails: for a list of what must be true of a run.
seen() {
	"$@" || { echo "not so: $*"; show; return 1; }
}

ended() { # STATUS
	[ "$status" -eq "$1" ]
}

says() { # TEXT: on standard error
	grep -qF -- "$1" err
}

called() { # TIMES REGEX
	[ "$(logged "$2")" -eq "$1" ]
}

lasted_below() { # SECONDS, since `start`
	[ $((EPOCHSECONDS - start)) -lt "$1" ]
}
