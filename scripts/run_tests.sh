#!/bin/sh
# Run test programs and end-to-end scripts, as many at once as there are CPUs (JOBS=1: one after the other). What a test
# prints comes in one piece when it has ended; at the end stand the slowest, and how many passed.
# usage: run_tests.sh BUILD_DIR TEST...   A test that exits 77 is counted as skipped.
export OMP_WAIT_POLICY=passive # see nn/base/calm_start.h
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-120}"

if [ "$1" = --one ]; then # BUILD_DIR RESULTS TEST: this script calls itself for each test
    log=$3/$(basename "$4").log
    began=$(date +%s)
    case $4 in *.sh) sh "$4" "$2" ;; *) "$4" ;; esac >"$log" 2>&1
    echo "$? $(($(date +%s) - began)) $4" >>"$3/ended"
    cat "$log"
    exit 0
fi

build=$1
shift
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
: >"$results/ended"
printf '"%s"\n' "$@" | xargs -P "${JOBS:-$(nproc 2>/dev/null || echo 2)}" -n 1 sh "$0" --one "$build" "$results"
# Lines of `ended` are: exit code, seconds, test.
sort -k 2 -n -r "$results/ended" | awk '
    NR <= 8 && $2 { s = $2; sub(/^[^ ]* [^ ]* /, ""); printf "%s%s %d s", n++ ? ", " : "slowest: ", $0, s }
    END { if (n) print "" }'
awk -v wanted=$# '
    $1 == 0 { passed++; next }
    $1 == 77 { skipped++; next }
    { failed++; sub(/^[^ ]* [^ ]* /, ""); names = names " " $0 }
    END {
        if (names) print "failed:" names
        print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"
        if (NR != wanted) print wanted - NR " never ended"
        exit failed || !passed || NR != wanted
    }' "$results/ended"
