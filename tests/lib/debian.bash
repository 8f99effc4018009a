# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016 # $(REPO_URI) is apt's
# Debian packages by name, from this machine's release or another one: downloaded and unpacked
# below $debian_dir, never installed. To be sourced; the caller sets debian_dir first.
# Everything needs root or a writable $debian_dir, and what apt is configured with.

# The code name of this machine's release.
debian_here() {
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# Sets the array debian_apt to the options that make apt-get and apt-cache look at a release.
# Other releases come from the mirror that this machine uses; their lists are fetched once.
debian_use() { # RELEASE
	local dir=$debian_dir/apt-$1 mirror
	debian_apt=(-q -o APT::Sandbox::User=root -o Acquire::Retries=2)
	if [ "$1" = "$(debian_here)" ]; then
		# A machine that was just made knows no packages yet.
		apt-cache show linux-image-amd64 >/dev/null 2>&1 || timeout 300 apt-get -qq update
		return
	fi
	debian_apt+=(-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir")
	[ ! -e "$dir/complete" ] || return 0
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | head -n 1)
	[ -n "$mirror" ] || { echo "apt's lists name no Debian mirror" >&2; return 1; }
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" \
		>"$dir/sources.list"
	# A list that could not be fetched is only a warning to apt.
	if ! timeout 300 apt-get "${debian_apt[@]}" update >"$dir/update.log" 2>&1 ||
		grep '^[EW]:' "$dir/update.log" >&2; then
		echo "no package lists of Debian's release $1, see $dir/update.log" >&2
		return 1
	fi
	touch "$dir/complete"
}

# Names of the packages that one package of the release in use depends on.
debian_depends() { # PACKAGE
	apt-cache "${debian_apt[@]}" depends --important "$1" 2>/dev/null |
		sed -n 's/^ *|\? *\(Pre\)\?Depends: \([^<].*\)$/\2/p'
}

# Downloads a package of the release in use, unless that version is there already, and unpacks it
# into a directory, over what is there.
debian_unpack() { # DIR PACKAGE
	local uri file
	uri=$(apt-get "${debian_apt[@]}" download --print-uris "$2" | sed -n 's/^[^ ]* \([^ ]*\) .*/\1/p')
	[ -n "$uri" ] || { echo "no package $2" >&2; return 1; }
	file=$debian_dir/archives/$uri
	mkdir -p "$debian_dir/archives" "$1"
	[ -e "$file" ] || (cd "$debian_dir/archives" &&
		timeout 600 apt-get "${debian_apt[@]}" -qq download "$2") || return 1
	dpkg-deb -x "$file" "$1"
}
