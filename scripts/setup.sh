#!/bin/sh
# Look for what Locus needs and install what is missing with the system's package manager.
#
#   scripts/setup.sh         what building and testing need
#   scripts/setup.sh lint    also the tools of `make lint`
#   scripts/setup.sh media   also ffmpeg, for scripts/extract_frames and its tests (skipped where it is absent)
#
# Nothing is installed, and no root rights are needed, when everything is there.
set -eu

# need       apt               dnf                                     pacman       brew
packages() {
    cat <<END
compiler     gcc               gcc                                     gcc          gcc
make         make              make                                    make         make
pkg-config   pkg-config        pkgconf-pkg-config                      pkgconf      pkg-config
openblas     libopenblas-dev   openblas-devel                          openblas     openblas
stb          libstb-dev        stb_image-devel,stb_image_write-devel   stb          stb
zlib         zlib1g-dev        zlib-devel                              zlib         zlib
jansson      libjansson-dev    jansson-devel                           jansson      jansson
check        check             check-devel                             check        check
clang        clang,libomp-dev  clang,libomp-devel                      clang,openmp llvm,libomp
clang-format clang-format      clang-tools-extra                       clang        clang-format
clang-tidy   clang-tidy        clang-tools-extra                       clang        llvm
cppcheck     cppcheck          cppcheck                                cppcheck     cppcheck
shellcheck   shellcheck        ShellCheck                              shellcheck   shellcheck
ffmpeg       ffmpeg            ffmpeg-free                             ffmpeg       ffmpeg
END
}

# Does a program with these lines compile? First as is, then with the flags that pkg-config knows for the package.
compiles() { # package line...
    package=$1
    shift
    flags=$(pkg-config --cflags "$package" 2>/dev/null || true)
    # shellcheck disable=SC2086
    { printf '%s\n' "$@"; echo 'int main(void) { return 0; }'; } | ${CC:-cc} $flags -x c -fsyntax-only - 2>/dev/null
}

have() { # need
    case $1 in
    compiler) echo 'int main(void) { return 0; }' | ${CC:-cc} -x c -fopenmp -o /dev/null - 2>/dev/null ;;
    openblas) compiles openblas '#include <cblas.h>' ;;
    stb) compiles stb '#if __has_include(<stb/stb_image.h>)' '#include <stb/stb_image.h>' '#else' \
        '#include <stb_image.h>' '#endif' ;;
    zlib) compiles zlib '#include <zlib.h>' ;;
    jansson) compiles jansson '#include <jansson.h>' ;;
    check) compiles check '#include <check.h>' ;;
    clang) command -v clang >/dev/null && echo 'int main(void) { return 0; }' |
        clang -x c -fopenmp -o /dev/null - 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

manager() {
    for m in apt-get dnf pacman brew; do
        if command -v "$m" >/dev/null; then
            echo "$m"
            return
        fi
    done
}

column() {
    case $1 in apt-get) echo 2 ;; dnf) echo 3 ;; pacman) echo 4 ;; brew) echo 5 ;; esac
}

needs="compiler make pkg-config openblas stb zlib jansson check"
case ${1:-} in
lint) needs="$needs clang clang-format clang-tidy cppcheck shellcheck" ;;
media) needs="$needs ffmpeg" ;;
esac

missing=
for need in $needs; do have "$need" || missing="$missing $need"; done
if [ -z "$missing" ]; then
    echo "setup: everything is there"
    exit 0
fi
echo "setup: missing:$missing"

m=$(manager)
if [ -z "$m" ]; then
    echo "setup: found none of apt-get, dnf, pacman, brew; please install these by hand:$missing" >&2
    exit 1
fi
list=
for need in $missing; do
    names=$(packages | awk -v n="$need" -v c="$(column "$m")" '$1 == n { gsub(",", " ", $c); print $c }')
    list="$list $names"
done

sudo=
if [ "$m" != brew ] && [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: needs root to install:$list (run as root, or install sudo)" >&2
        exit 1
    fi
    sudo=sudo
fi
echo "setup: installing with $m:$list"
# shellcheck disable=SC2086
case $m in
apt-get)
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $list >/dev/null
    ;;
dnf) $sudo dnf install -y -q $list ;;
pacman) $sudo pacman -Sy --needed --noconfirm $list ;;
brew) brew install -q $list ;;
esac

for need in $missing; do
    have "$need" || {
        echo "setup: $need is still not usable after installing:$list" >&2
        exit 1
    }
done
echo "setup: done"
