#!/bin/sh
# Fail if an #include points upwards, if a file name is used twice, or if cblas.h or stb are included elsewhere.
bad=0

# folder, then the folders it may include besides itself
while read -r dir allowed; do
    for f in "$dir"/*.[ch]; do
        [ -f "$f" ] || continue
        for inc in $(sed -n 's/^ *# *include "\([^"]*\)".*/\1/p' "$f"); do
            case " $dir $allowed " in
            *" ${inc%/*} "*) ;;
            *) echo "$f: must not include $inc"; bad=1 ;;
            esac
        done
    done
done <<END
nn/base
nn/core     nn/base
nn/ops      nn/base nn/core
nn/model    nn/base nn/core nn/ops
data        nn/base
train       nn/base nn/core nn/ops nn/model data
eval        nn/base nn/core nn/ops nn/model data
tests       nn/base nn/core nn/ops nn/model data train eval
tests/bench nn/base nn/core nn/ops nn/model data train tests
tests/lesson nn/base nn/core nn/ops nn/model data train eval
END

only() { # header, the one file that may include it
    for f in $(grep -rlE "^ *# *include *<(stb/)?$1" --include='*.[ch]' nn data train eval tests); do
        [ "$f" = "$2" ] || { echo "$f: only $2 may include <$1>"; bad=1; }
    done
}
only cblas.h nn/base/blas.c
only 'stb_image[a-z_]*.h' data/stb.c

twice=$(find nn data train eval tests -name '*.[ch]' | sed 's|.*/||' | sort | uniq -d)
[ -z "$twice" ] || { echo "file names used twice: $twice"; bad=1; }
exit $bad
