# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The commands of a guide in docs/, as they stand there: `load ../lib/guide` behind common.

# Prints the blocks of that kind under a heading. What is printed when there are none is no command,
# either: whoever runs it fails.
blocks() { # GUIDE KIND HEADING
	awk -v kind="$2" -v heading="## $3" '/^## / { there = $0 == heading }
		/^ *```/ { block = there && $1 == "```" kind; next } block' "$TOP/docs/$1" >block
	[ -s block ] || { echo "nothing under $3"; return 1; }
	cat block
}
