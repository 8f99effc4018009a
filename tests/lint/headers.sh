#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles by itself, as C17 and as C++17, with every compiler that is here and
# without a warning.
#
# usage: headers.sh INCLUDE-DIRECTORY
set -uo pipefail

dir=${1:?usage: headers.sh INCLUDE-DIRECTORY}
warnings=(-Wall -Wextra -Wpedantic -Werror)
failed=0

compile() { # HEADER COMMAND...
	local header=$1 said
	shift
	said=$(echo "#include <$header>" | "$@" "${warnings[@]}" -fsyntax-only -I "$dir" - 2>&1) && return
	printf '%s, %s:\n%s\n' "$header" "$*" "$said"
	failed=1
}

headers=$(cd "$dir" && find . -name '*.h' -printf '%P\n')
[ -n "$headers" ] || { echo "no header below $dir"; exit 1; }
for header in $headers; do
	compile "$header" gcc -std=c17 -x c -Wstrict-prototypes
	compile "$header" clang -std=c17 -x c -Wstrict-prototypes
	compile "$header" g++ -std=c++17 -x c++
done
exit $failed
