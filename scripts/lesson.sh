#!/bin/sh
# Lessons: train a toy twice, with one term off and on, and show what the term does.
# usage: lesson.sh BUILD_DIR LESSON...   Everything goes to BUILD_DIR/lessons/. LESSON_ARGS: more options for both runs.
set -eu
build=$1
shift

# The key that switches a lesson's term off.
off_of() {
    case $1 in
    interpretation) echo loss.mask=0 ;;
    latent) echo loss.latent=0 ;;
    regions) echo regions.remove=none ;;
    blur) echo blur.kind=none ;;
    *)
        echo "lesson: no lesson \"$1\"; known: interpretation latent regions blur" >&2
        exit 2
        ;;
    esac
}

train() { # folder, options of train...
    run=$1
    shift
    rm -rf "$run"
    echo "  $build/train $* --out $run"
    "$build/train" "$@" --out "$run" >"$run.log" 2>&1 || { tail -n 5 "$run.log" >&2; exit 1; }
}

lessons=$*
for lesson in $lessons; do
    switch=$(off_of "$lesson")
    out=$build/lessons/$lesson
    begin=$(date +%s)
    rm -rf "$out"
    mkdir -p "$out"
    echo "== lesson: $lesson"
    set -- "configs/lessons/$lesson.ini"
    if [ "$lesson" = regions ]; then # its images are made for it
        "$build/lesson" watermark configs/lessons/toy.ini "$out/images"
        set -- "$@" --set "data.path=$out/images/list.csv"
    fi
    # shellcheck disable=SC2086
    set -- "$@" ${LESSON_ARGS:-}
    train "$out/off" "$@" --set "$switch"
    train "$out/on" "$@"
    "$build/lesson" "$lesson" "$out/off" "$out/on" "$out"
    echo "  $(($(date +%s) - begin)) s"
done
