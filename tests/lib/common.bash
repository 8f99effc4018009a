# SPDX-License-Identifier: Apache-2.0
# What bats files share: `load ../lib/common` at the top of each. tests/run sets MODSEAL,
# MODSEAL_FIXTURES and MODSEAL_CORPUS; a file that is run by hand finds or makes them itself.
#
# Variables: TOP (the checkout), MODSEAL (the program), MODSEAL_BUILD (its build directory),
# MODSEAL_FIXTURES and MODSEAL_P11 (softhsm-fixtures/README.md), MODSEAL_CORPUS (real modules).
# A file with a setup_file() of its own calls common_setup_file first.

bats_require_minimum_version 1.5.0

TOP=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
MODSEAL_BUILD=$(readlink -f "${MODSEAL_BUILD:-$TOP/build}")
MODSEAL=${MODSEAL:-$MODSEAL_BUILD/src/cli/modseal}
MODSEAL_CORPUS=${MODSEAL_CORPUS:-$TOP/build/corpus}
export TOP MODSEAL_BUILD MODSEAL MODSEAL_CORPUS LC_ALL=C
# What the user or the system has set up must not matter.
unset MODSEAL_PIN KBUILD_SIGN_PIN CREDENTIALS_DIRECTORY
export OPENSSL_CONF=/dev/null

common_setup_file() {
	[ -x "$MODSEAL" ] || { echo "$MODSEAL is not built" >&2; return 1; }
	"$TOP/tests/lib/corpus" >/dev/null || return 1
	common_fixtures
}

# Each file has tokens of its own, since files run at the same time: SoftHSM writes to a token's
# file at each login, and a process that reads it just then is told CKR_GENERAL_ERROR.
common_fixtures() {
	local dir=$BATS_FILE_TMPDIR/fixtures
	if [ -n "${MODSEAL_FIXTURES-}" ]; then
		. "$MODSEAL_FIXTURES/env"
		copy_fixtures "$dir"
	else
		"$TOP/softhsm-fixtures/make" "$dir" || return 1
		. "$dir/env"
	fi
}

setup_file() {
	common_setup_file
}

# The program: it can ask nobody and hang for a minute at most.
modseal() {
	setsid -w timeout -k 5 60 "$MODSEAL" "$@" </dev/null
}

# The same with the fixtures' PIN.
modseal_pin() {
	MODSEAL_PIN=1234 modseal "$@"
}

# Copies the fixtures and sets the variables to the copy.
copy_fixtures() { # DIR
	cp -a "$MODSEAL_FIXTURES" "$1" || return 1
	sed -i "s|^directories.tokendir = .*|directories.tokendir = $1/tokens|" "$1/softhsm2.conf"
	export MODSEAL_FIXTURES=$1 SOFTHSM2_CONF=$1/softhsm2.conf
}

# A copy of the fixtures that a test may change.
own_fixtures() {
	copy_fixtures "$BATS_TEST_TMPDIR/fixtures"
}

# real_module NAME [FILE]: a copy of a Debian module as it is shipped (one signature, Debian's);
# prints its path, by default NAME.ko in the test's directory.
real_module() {
	local to=${2:-$BATS_TEST_TMPDIR/$1.ko} from
	from=$(find "$MODSEAL_CORPUS" -name "$1.ko" -print -quit)
	[ -n "$from" ] || { echo "no module $1 in $MODSEAL_CORPUS" >&2; return 1; }
	cp "$from" "$to"
	echo "$to"
}

# The same without its signature.
bare_module() {
	local file
	file=$(real_module "$@") || return 1
	"$TOP/tests/lib/unsign" "$file"
	echo "$file"
}

# bare_modules COUNT DIR: that many bare modules of different sizes, in directories as a kernel has
# them, below DIR.
bare_modules() {
	local files
	mapfile -t files < <(cd "$MODSEAL_CORPUS" && find . -name '*.ko' | sort |
		awk -v count="$1" '{ line[NR] = $0 }
			END { for (i = 0; i < count; i++) print line[1 + int(i * NR / count)] }')
	mkdir -p "$2"
	(cd "$MODSEAL_CORPUS" && cp --parents "${files[@]}" "$2") || return 1
	find "$2" -name '*.ko' -exec "$TOP/tests/lib/unsign" {} +
}

tampered() { # FILE OFFSET: changes the byte there
	local byte
	byte=$(od -An -tu1 -j "$2" -N1 "$1")
	printf '%b' "\\x$(printf '%02x' $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Runs a command that may not pass over file permissions, whoever runs the tests.
powerless() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

# Waits until a command succeeds, which it must do some day.
until_so() { # COMMAND...
	local end=$((EPOCHSECONDS + 60))
	until "$@"; do
		[ $EPOCHSECONDS -lt $end ] || { echo "it never became so: $*"; return 1; }
		sleep 0.01
	done
}

# Whether a process has a lock on it.
locked() { # FILE
	! flock -n "$1" true
}

# Asserts on the last `run`; they say what was there instead.

assert_status() { # STATUS
	[ "$status" -eq "$1" ] || { said "exit status $status instead of $1"; return 1; }
}

assert_output() { # TEXT: it is somewhere in the output
	[[ $output == *"$1"* ]] || { said "no '$1' in the output"; return 1; }
}

refute_output() { # TEXT
	[[ $output != *"$1"* ]] || { said "'$1' in the output"; return 1; }
}

assert_line() { # TEXT: one line is just this
	grep -qxF -- "$1" <<<"$output" || { said "no line '$1'"; return 1; }
}

assert_match() { # EXTENDED REGULAR EXPRESSION, matches within a line
	grep -qE -- "$1" <<<"$output" || { said "nothing matches '$1'"; return 1; }
}

assert_stderr() { # TEXT; after `run --separate-stderr`
	[[ $stderr == *"$1"* ]] || { said "no '$1' on standard error"; return 1; }
}

assert_same() { # FILE FILE
	cmp "$1" "$2" || { echo "$1 and $2 differ"; return 1; }
}

said() {
	echo "$1; it said:"
	echo "$output"
	[ -z "${stderr-}" ] || printf 'and on standard error:\n%s\n' "$stderr"
}
