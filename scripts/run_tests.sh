#!/bin/sh
# Run test programs and end-to-end scripts one after the other; say at the end how many passed.
# usage: run_tests.sh BUILD_DIR TEST...   A test that exits 77 is counted as skipped.
build=$1
shift
passed=0 failed=0 skipped=0 failures=
export OMP_WAIT_POLICY=passive # see nn/base/calm_start.h
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-120}"
for t in "$@"; do
    case $t in *.sh) sh "$t" "$build" ;; *) "$t" ;; esac
    case $? in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) failures="$failures $t" ;;
    esac
done
[ -z "$failures" ] || echo "failed:$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
