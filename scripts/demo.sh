#!/bin/sh
# The main job once, from nothing: train on the embedded data, evaluate, show the table.
# usage: demo.sh BUILD_DIR [extra options of train]
set -eu
build=$1
shift
out=$build/demo
rm -rf "$out"

say() { printf '\n== %s\n' "$*"; }
say "training: $build/train configs/lae.ini --out $out $*"
"$build/train" configs/lae.ini --out "$out" "$@"
say "evaluating: $build/eval $out"
"$build/eval" "$out"
