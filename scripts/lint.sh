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

warnings() { # compiler, optimisation: every source compiles without a word, and the programs link
    make -s -j2 objects all CC="$1" B="$build/lint-$1" OPT="$2" CFLAGS=-Werror
}
format() {
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $c_files
}
# The analyser, most of the time spent here, gets a third of the states that it would by default. In test programs it
# follows no calls either: assertions multiply its paths, and those programs run under the sanitizers.
tidy() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    echo "$sources" | xargs -P 2 -n 1 sh -c 'effort=max-nodes=75000
        case $1 in tests/test_*) effort=mode=shallow ;; esac
        out=$(clang-tidy --quiet "$1" -- -std=c11 -D_POSIX_C_SOURCE=200809L -DLOCUS_VERSION=\"lint\" -fopenmp -I. \
            -Xclang -analyzer-config -Xclang $effort 2>/dev/null)
        [ -z "$out" ] || { echo "$out" | grep -A 2 "error:"; exit 1; }' sh
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
step "warnings: gcc" warnings gcc -O1 # some of its warnings need the optimiser; none of clang's does
step "warnings: clang" warnings clang -O0
step "clang-tidy" tidy
step "cppcheck" cpp
step "shellcheck" shell
exit $bad
