#!/bin/sh
# Everything that can be said of the source without running it. Prints what is wrong; fails if anything is.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
step() { # title, command...
    title=$1
    shift
    if out=$("$@" 2>&1); then echo "ok    $title"; else
        echo "FAIL  $title"
        echo "$out" | head -200
        bad=1
    fi
}

c_files=$(find nn data train eval tests -name '*.[ch]' | sort)
sources=$(find nn data train eval tests -name '*.c' | sort)
build=${B:-build}

warnings() { # compiler: every source compiles without a word; -O1 is enough for the warnings that need the optimiser
    make -s -j2 objects CC="$1" B="$build/lint-$1" OPT=-O1 CFLAGS=-Werror
}
format() {
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $c_files
}
tidy() {
    # shellcheck disable=SC2086
    echo "$sources" | xargs -P 2 -n 1 sh -c 'out=$(clang-tidy --quiet "$@" -- -std=c11 -D_POSIX_C_SOURCE=200809L \
        -DLOCUS_VERSION=\"lint\" -fopenmp -I. 2>/dev/null); [ -z "$out" ] || { echo "$out" | grep -A 2 "error:"; exit 1; }' sh
}
cpp() {
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 -j 2 \
        --suppress=missingIncludeSystem --suppress=checkersReport --suppress=unknownMacro -I. nn data train eval
}
shell() {
    # shellcheck disable=SC2046 # names of ours, without blanks
    shellcheck -S warning .ci/run $(grep -rlE '^#!/bin/sh' scripts tests)
}

# A raw size multiplication in an allocation is how overflows begin: sizes go through nn/base/size.h.
raw_sizes() {
    ! grep -rnE '\b(malloc|realloc|calloc)\(' --include='*.c' nn data train eval | grep -vE '^(nn/base/size|data/stb)\.c'
}

step "layers: includes point downwards" sh scripts/check_layers.sh
step "sizes: allocations go through nn/base/size.h" raw_sizes
step "format: clang-format" format
step "warnings: gcc" warnings gcc
step "warnings: clang" warnings clang
step "clang-tidy" tidy
step "cppcheck" cpp
step "shellcheck" shell
exit $bad
