#!/bin/sh
# Run a small ablation as a person would: stop it, go on, change a configuration, and check the tables.
# usage: e2e_ablate.sh BUILD_DIR
build=${1:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/expect.sh
. "$(dirname "$0")/expect.sh"
export B="$build"

mkdir "$dir/my configs"
cat >"$dir/my configs/plain.ini" <<'INI'
[data]
identities = 60
size = 16
forge = swap, inpaint, warp
val_fraction = 0.2
test_fraction = 0.5
[loss]
rec = 0
latent = 0
mask = 0
[train]
batch = 8
steps = 1500            # enough to be stopped on the way
validate_every = 10
INI
printf 'include = plain.ini\n[loss]\nmask = 1\n' >"$dir/my configs/with_mask.ini"
printf 'include = plain.ini\n[optim]\nlr = 1e30\n' >"$dir/my configs/wild.ini"
out=$dir/runs
ablate() { # options...
    scripts/ablate --out "$out" --seeds "1 2" "$dir/my configs/plain.ini" "$dir/my configs/with_mask.ini" "$@"
}

# ---- stopped, and gone on with; a configuration that fails is named and the others go on ----
scripts/ablate --out "$out" --jobs 2 --seeds "1 2" "$dir/my configs/plain.ini" "$dir/my configs/with_mask.ini" \
    "$dir/my configs/wild.ini" >"$dir/first" 2>&1 &
pid=$!
for tenth in $(seq 300); do
    [ ! -f "$out/plain-s1/last.safetensors" ] || break
    sleep 0.1
done
[ "$tenth" -lt 300 ] || fail "no run has begun after 30 s: $(cat "$dir/first")"
kill -TERM $pid
wait $pid
code=$?
[ $code -eq 143 ] || fail "stopped with exit code $code: $(cat "$dir/first")"
grep -q "go on with: scripts/ablate --out .*'$dir/my configs/plain.ini'" "$dir/first" ||
    fail "does not say how to go on: $(cat "$dir/first")"
[ ! -f "$out/comparison.md" ] || fail "a table of a stopped ablation"
expect 0 "plain, seed 1: stopped" ablate --list
expect 1 "wild, seed 1; wild, seed 2" ablate "$dir/my configs/wild.ini" --jobs 2
grep -q 'wild, seed 1: training failed: .*not finite\|wild, seed 1: training failed: train: ' "$dir/said" ||
    fail "does not say why wild failed: $(cat "$dir/said")"
grep -q '"first_step": [1-9]' "$out/plain-s1/run.json" || fail "plain, seed 1 was not gone on with"
for f in comparison.md comparison.csv comparison.tex; do
    [ -s "$out/$f" ] || fail "$f was not written"
done

# ---- a finished run is not repeated ----
cp "$out/comparison.csv" "$dir/before.csv"
ls -l --time-style=full-iso "$out"/*/*.json "$out"/*/eval/* >"$dir/before" 2>/dev/null
expect 0 "4 runs in $out, 4 of them done" ablate
ls -l --time-style=full-iso "$out"/*/*.json "$out"/*/eval/* >"$dir/after" 2>/dev/null
cmp -s "$dir/before" "$dir/after" || fail "a finished run was touched: $(diff "$dir/before" "$dir/after")"
cmp -s "$out/comparison.csv" "$dir/before.csv" || fail "the same runs gave another table"

# ---- a changed configuration is refused, or redone ----
expect 2 "> mask = 2" ablate --set loss.mask=2
grep -qF "4 runs do not fit" "$dir/said" || fail "not all changed runs were named: $(cat "$dir/said")"
expect 2 "stepps" ablate --redo --set train.stepps=3
[ -f "$out/plain-s1/best.safetensors" ] || fail "a mistyped option removed runs"
expect 2 "> epochs = 9" ablate --set train.epochs=9
expect 0 "4 of them done" ablate --set data.threads=1
sed -i.old '/^score_region/d' "$out/plain-s1/config.resolved.ini" # a run from before there was that key has its default
expect 0 "4 of them done" ablate
expect 2 "> score_region = 0.5" ablate --set model.score_region=0.5
mv "$out/plain-s1/config.resolved.ini.old" "$out/plain-s1/config.resolved.ini"
echo 'steps = 30' >>"$dir/my configs/with_mask.ini" && sed -i.old '/^steps/d; s/^mask.*/&\n[train]\nsteps = 30/' "$dir/my configs/with_mask.ini"
expect 0 "4 runs in $out, 2 of them done" ablate --redo
[ "$(grep -c '"step": 30' "$out/with_mask-s1/run.json")" -eq 1 ] || fail "with_mask was not trained anew"

# ---- the tables against the evaluations ----
awk -F, '
    FNR == 1 { file++; for (i = 1; i <= NF; i++) column[file, $i] = i; next }
    file < 5 {
        key = (file < 3 ? "plain" : "with_mask") SUBSEP $column[file, "method"] SUBSEP $column[file, "row"]
        for (f = split("auc accuracy balanced_accuracy iou pixel_auc", name, " "); f; f--)
            value[key, name[f], (file - 1) % 2] = $column[file, name[f]]
        next
    }
    {
        key = $1 SUBSEP $3 SUBSEP $5 SUBSEP $6; a = value[key, 0]; b = value[key, 1]; rows++
        base = "plain" SUBSEP $3 SUBSEP $5 SUBSEP $6; gain = (a + b - value[base, 0] - value[base, 1]) / 2
        half = (b - a) / 2; if (half < 0) half = -half
        if ($7 != 2 || (d = $8 - (a + b) / 2) > 2e-6 || d < -2e-6) print key ": mean " $8 ", the runs say " a " and " b
        if ((d = $9 - half * sqrt(2)) > 3e-6 || d < -3e-6) print key ": spread " $9 ", the runs say " a " and " b
        if ($1 == "plain" && ($10 $11 $12 != "" || $13 != 0)) print key ": a difference to itself"
        if ($1 != "plain" && ((d = $10 - gain) > 3e-6 || d < -3e-6 || $13 != 2)) print key ": difference " $10 ", expected " gain
        if ($1 != "plain" && !($11 <= $10 && $10 <= $12)) print key ": interval " $11 " to " $12
    }
    END { if (rows != 2 * 6 * 5) print "comparison.csv: " rows " rows, expected 2 x 6 x 5" }
' "$out/plain-s1/eval/eval.csv" "$out/plain-s2/eval/eval.csv" "$out/with_mask-s1/eval/eval.csv" \
    "$out/with_mask-s2/eval/eval.csv" "$out/comparison.csv" >"$dir/differ"
[ -s "$dir/differ" ] && fail "$(cat "$dir/differ")"

# Intervals against an independent bootstrap, where numpy and scikit-learn are at hand.
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy, sklearn' 2>/dev/null && python=$candidate && break
done
if [ -n "$python" ]; then
    "$python" tests/paired_reference.py "$out" plain with_mask 2 >"$dir/differ" 2>&1 || fail "$(cat "$dir/differ")"
else
    echo "e2e_ablate: python3 with numpy and scikit-learn not found: intervals not compared with theirs"
fi

# Markdown: every line of a table has as many cells as its heading; LaTeX: nothing special unescaped.
awk -F'|' '/^\|/ { if (n && NF != n) print; n = NF; next } { n = 0 }' "$out/comparison.md" >"$dir/differ"
[ -s "$dir/differ" ] && fail "cells do not match: $(cat "$dir/differ")"
grep -q 'with\\_mask' "$out/comparison.tex" || fail "comparison.tex: no escaped with_mask"
sed 's/\\[_%&#${}]//g; s/\$\\pm\$//g; s/\$-\$//g' "$out/comparison.tex" | grep '[_%#$]' && fail "comparison.tex: unescaped"

# ---- eval --compare by itself ----
mkdir "$dir/copies"
for seed in 1 2; do cp -R "$out/plain-s$seed" "$dir/copies/twin-s$seed"; done
expect 0 "| twin " "$build/eval" --compare "$out"/plain-s* "$dir/copies"/twin-s* --out "$dir/copies"
grep '^twin,' "$dir/copies/comparison.csv" | grep -qvE ',(0.000000,0.000000,0.000000|,,),2$' && fail "twins differ"
expect 0 "twin: 1 of its 2 seeds are shared with plain" "$build/eval" --compare "$out/plain-s1" "$dir/copies"/twin-s*
expect 3 "both are plain with seed 1" "$build/eval" --compare "$out/plain-s1" "$out/plain-s1"
rm -r "$dir/copies/twin-s2/eval"
expect 1 "first: build/eval" "$build/eval" --compare "$out/plain-s1" "$dir/copies/twin-s2"
sed -i.old 's/,swap,0\.[0-9]*,/,swap,0.5,/' "$dir/copies/twin-s1/eval/scores.csv"
expect 3 "does not follow from scores.csv" "$build/eval" --compare "$out/plain-s1" "$dir/copies/twin-s1"
"$build/train" "$dir/my configs/plain.ini" --set data.identities=50 --set train.steps=2 --out "$dir/copies/other-s1" \
    >"$dir/log" 2>&1 && "$build/eval" "$dir/copies/other-s1" --bootstrap 0 >>"$dir/log" 2>&1 || fail "$(cat "$dir/log")"
expect 3 "the images differ" "$build/eval" --compare "$out/plain-s1" "$dir/copies/other-s1"

# ---- mistakes, and the grids that come with the repository ----
expect 2 "--help says more" scripts/ablate
expect 2 "no such option" scripts/ablate --sed 1 quick
expect 2 "expected a whole number" scripts/ablate --seeds "1 two" quick
expect 2 "a second configuration named plain" ablate "$dir/my configs/plain.ini"
[ "$(scripts/ablate --list quick --out "$dir/quick" --seeds 1 | grep -c ': new')" -eq "$(ls configs/ablations/*.ini | wc -l)" ] ||
    fail "the quick grid is not what configs/ablations holds"
[ "$(scripts/ablate --list full --out "$dir/full" --seeds 1 | grep -c ': new')" -eq 60 ] || fail "the full grid is not 5 x 3 x 4"
for config in configs/ablations/*.ini "$dir"/full/configs/*.ini; do
    "$build/train" "$config" --print-config >"$dir/resolved" 2>"$dir/said" || fail "$config: $(cat "$dir/said")"
done

[ "$failures" -eq 0 ] && echo "e2e_ablate: all well"
[ "$failures" -eq 0 ]
