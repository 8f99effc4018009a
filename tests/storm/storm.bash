# SPDX-License-Identifier: Apache-2.0
# What the files of this folder share: `load ../lib/common`, `load ../faults/faults`, `load storm`.

storm_setup_file() {
	export STORM_CALLS=$MODSEAL_BUILD/tests/storm/libmodseal_calls.so
	[ -e "$STORM_CALLS" ] || { echo "$STORM_CALLS is not built" >&2; return 1; }
	faults_setup_file
}

# Memory is fast and knows kills as well as a disk does.
storm_in_memory() {
	if [ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 100000 ]; then
		export TMPDIR=/dev/shm
	fi
}

# COUNT of the corpus' smaller modules, of them PACKED as .ko.xz, and one that has two names.
storm_tree() { # DIR COUNT PACKED
	local files file i=0
	mapfile -t files < <(find "$MODSEAL_CORPUS" -name '*.ko' -size -64k | sort |
		awk -v count="$2" '{ line[NR] = $0 }
			END { for (i = 0; i < count; i++) print line[1 + int(i * NR / count)] }')
	mkdir -p "$1/deep/er"
	for file in "${files[@]}"; do
		i=$((i + 1))
		if [ $((i % 3)) -eq 0 ]; then
			cp "$file" "$1/deep/er"
		else
			cp "$file" "$1"
		fi
	done
	find "$1" -name '*.ko' -exec "$TOP/tests/lib/unsign" {} +
	find "$1" -name '*.ko' | sort -r | head -n "$3" | xargs xz --check=crc32 --lzma2=dict=1MiB
	ln "$(find "$1" -name '*.ko' | sort | head -n 1)" "$1/deep/second-name.ko"
}

# Runs a driver of this folder on a tree with the token's key; what it counted is shown.
storm() { # DRIVER OPTION... TREE
	local module=${STORM_MODULE:-$MODSEAL_P11} seconds=300
	[ -z "${MODSEAL_LONG-}" ] || seconds=3000
	timeout -k 5 $seconds "$BATS_TEST_DIRNAME/$1" --cert "$MODSEAL_FIXTURES/rsa2048.pem" "${@:2}" \
		"$MODSEAL" sign --module "$module" -k 'pkcs11:token=modseal;object=rsa2048' \
		>"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null || { local r=$?; cat "$BATS_TEST_TMPDIR/said"; return $r; }
	sed "s/^/# $BATS_TEST_DESCRIPTION: /" "$BATS_TEST_TMPDIR/said" >&3
}

# Waits until the process does nothing any more. SIGSTOP reaches its threads one after the other, the
# sender does not wait for that, and the state of the process is that of its first thread alone.
until_stopped() { # PID
	until_so all_threads_stopped "$1"
}

all_threads_stopped() { # PID
	! grep -hq '^State:[[:space:]]*[^T[:space:]]' /proc/"$1"/task/*/status
}

temporary_files() { # DIR
	find "$1" -name '.*.modseal-??????' | wc -l
}
