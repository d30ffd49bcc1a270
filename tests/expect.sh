#!/bin/sh
# expect.sh -- what end-to-end scripts share. A script sets `dir`, a folder of its own, sources this, and ends with
# `[ $failures -eq 0 ]` or the like.
failures=0

fail() {
    echo "$(basename "$0" .sh): $*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the exit code, and TEXT somewhere in what is printed, which stays in $dir/said.
expect() {
    code=$1 text=$2
    shift 2
    "$@" >"${dir:?}/said" 2>&1
    got=$?
    [ "$got" -eq "$code" ] || fail "exit code $got, expected $code: $*: $(cat "$dir/said")"
    grep -qF -- "$text" "$dir/said" || fail "no \"$text\" in the output of $*: $(cat "$dir/said")"
}
