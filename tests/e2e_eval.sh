#!/bin/sh
# Train a tiny run, evaluate it, and hold the files of the evaluation against each other.
# usage: e2e_eval.sh BUILD_DIR
build=${1:-build}
train=$build/train eval=$build/eval
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
    echo "e2e_eval: $*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the exit code, and TEXT somewhere in what is printed.
expect() {
    code=$1 text=$2
    shift 2
    "$@" >"$dir/said" 2>&1
    got=$?
    [ "$got" -eq "$code" ] || fail "exit code $got, expected $code: $*: $(cat "$dir/said")"
    grep -qF -- "$text" "$dir/said" || fail "no \"$text\" in the output of $*: $(cat "$dir/said")"
}

"$train" configs/lae.ini --set data.size=32 --set data.identities=48 --set data.val_fraction=0.2 --set data.test_fraction=0.3 --set train.epochs=1 --set train.batch=16 \
    --out "$dir/run" >"$dir/log" 2>&1 || {
    cat "$dir/log"
    fail "training failed"
    exit 1
}

# ---- the run's own test split ----
expect 0 "seen -> unseen: AUC" "$eval" "$dir/run" --threads 2 --maps "$dir/maps"
rows=$dir/run/eval/eval.csv scores=$dir/run/eval/scores.csv
for f in eval.csv eval.json scores.csv examples.png; do
    [ -s "$dir/run/eval/$f" ] || fail "$f was not written"
done
head -1 "$rows" | grep -q '^data,method,seen,n_real,n_fake,accuracy,auc,ap,eer,pixel_auc,iou,' || fail "columns of eval.csv"
head -1 "$scores" | grep -q '^data,path,label,method,score,' || fail "columns of scores.csv"
[ "$(wc -c <"$dir/run/eval/examples.png")" -lt 200000 ] || fail "examples.png is not small"
[ "$(find "$dir/maps" -name '*.png' | wc -l)" -eq "$(($(wc -l <"$scores") - 1))" ] || fail "not one map per image"
sed '/^written:/,$d' "$dir/said" | awk 'length > 100' | grep -q . && fail "a line of the table is wider than 100 columns"

# Every row against the scores: counts, AUC by counting pairs, accuracy at the threshold; rows in full, seen and pooled.
awk -F, '
    FNR == 1 { file++; for (i = 1; i <= NF; i++) column[file, $i] = i; next }
    file == 1 { n++; label[n] = $3; method[n] = $4; score[n] = $5; seen[n] = $7; next }
    {
        name = $2; real = 0; fake = 0; won = 0; right = 0; t = $column[2, "threshold"]
        pooled = $column[2, "row"] == "pooled"; kinds[name] = 1
        for (i = 1; i <= n; i++) {
            in_row = !label[i] || (pooled ? name == "all" || seen[i] == $3 : method[i] == name)
            if (!in_row) continue
            if (label[i]) f[++fake] = score[i]; else r[++real] = score[i]
            right += (score[i] >= t) == label[i]
        }
        for (i = 1; i <= fake; i++) for (j = 1; j <= real; j++) won += f[i] > r[j] ? 1 : f[i] == r[j] ? .5 : 0
        if (real != $4 || fake != $5) print name ": counts " $4 " " $5 ", the scores say " real " " fake
        if ((d = won / (real * fake) - $7) > 1e-5 || d < -1e-5) print name ": AUC " $7 ", the scores say " won / (real * fake)
        if ((d = right / (real + fake) - $6) > 1e-5 || d < -1e-5) print name ": accuracy " $6 ", the scores say " right / (real + fake)
        lo = $column[2, "auc_lo"]; hi = $column[2, "auc_hi"]
        if (lo == "" || hi == "" || lo < 0 || lo > hi || hi > 1) print name ": the interval is " lo " to " hi
        if ($column[2, "n_masks"] != fake) print name ": not every forgery has a mask"
        if ($10 == "" || $11 == "" || $column[2, "pixel_auc_prior"] == "" || $column[2, "iou_prior"] == "")
            print name ": a figure of the map is missing"
    }
    END { for (k in kinds) count++; if (count != 9) print "eval.csv: " count " rows, expected six methods, seen, unseen, all" }
' "$scores" "$rows" >"$dir/differ"
[ -s "$dir/differ" ] && fail "$(cat "$dir/differ")"

# ---- the same at one thread, from the checkpoint, into another folder ----
expect 0 "written: $dir/other" "$eval" "$dir/run/best.safetensors" --threads 1 --out "$dir/other"
for f in eval.csv scores.csv examples.png; do
    cmp -s "$dir/run/eval/$f" "$dir/other/$f" || fail "$f differs between one and two threads"
done

# ---- other data: every image where no split is declared, else the test split ----
mkdir "$dir/photos"
n=0
echo 'path,label,method' >"$dir/photos/all.csv"
echo 'path,label,method,split' >"$dir/photos/split.csv"
for f in "$dir"/maps/portraits/real/*.png "$dir"/maps/portraits/swap/*.png "$dir"/maps/portraits/warp/*.png; do
    n=$((n + 1))
    cp "$f" "$dir/photos/a photo, $n.png"
    case $f in */real/*) label=0 method= ;; */swap/*) label=1 method=swap ;; *) label=1 method=painted ;; esac
    split=$([ $((n % 2)) -eq 0 ] && echo test || echo train)
    echo "\"a photo, $n.png\",$label,$method" >>"$dir/photos/all.csv"
    echo "\"a photo, $n.png\",$label,$method,$split" >>"$dir/photos/split.csv"
done
expect 0 "everything: $n images judged" "$eval" "$dir/run" --out "$dir/both" --bootstrap 20 \
    --data everything="$dir/photos/all.csv" --data half="$dir/photos/split.csv"
grep -qF "half: $((n / 2)) images judged" "$dir/said" || fail "--data half: not its test split"
grep -q '^everything,swap,1,' "$dir/both/eval.csv" || fail "swap of another data set is not marked as seen"
grep -q '^everything,painted,0,' "$dir/both/eval.csv" || fail "painted is not marked as unseen"
grep -q '^everything,swap,1,[0-9]*,[0-9]*,[0-9.]*,[0-9.]*,[0-9.]*,[0-9.]*,,,' "$dir/both/eval.csv" ||
    fail "without masks the pixel columns are not empty"
grep -qF "\"$dir/photos/a photo, 1.png\"" "$dir/both/scores.csv" || fail "a path with a comma is not quoted"

# The checkpoint alone tells what was trained on: the run's own data may be gone.
cp "$dir/photos/all.csv" "$dir/photos/own.csv"
"$train" configs/lae.ini --set data.size=32 --set data.source=manifest --set data.path="$dir/photos/own.csv" --set data.methods=all \
    --set data.val_fraction=0.4 --set data.test_fraction=0 --set train.steps=2 --set train.batch=4 --out "$dir/moved" >"$dir/log" 2>&1 ||
    fail "training on photos failed: $(cat "$dir/log")"
rm "$dir/photos/own.csv"
expect 0 "everything: $n images judged" "$eval" "$dir/moved" --bootstrap 20 --data everything="$dir/photos/all.csv"
grep -q '^everything,painted,1,' "$dir/moved/eval/eval.csv" || fail "methods = all: painted is not marked as seen"

# ---- single photos ----
head -c 300 "$dir/photos/a photo, 2.png" >"$dir/photos/torn.png"
expect 1 "torn.png" "$eval" "$dir/run" --score "$dir/photos/a photo, 1.png" "$dir/photos/torn.png" \
    "$dir/photos/a photo, 2.png" --maps "$dir/photo maps" --out "$dir/photo scores"
grep -q "^$dir/photos/a photo, 1.png	[01]\.[0-9]*	\(real\|unsure\|forged\)$" "$dir/said" || fail "no line for a photo with a space"
grep -q "^$dir/photos/a photo, 2.png	" "$dir/said" || fail "a bad file kept the next one from being judged"
for k in 1 2; do
    [ -s "$dir/photo maps/a photo, $k.png" ] || fail "no heat map of photo $k"
done

head -1 "$dir/photo scores/scores.csv" | grep -qx 'path,score,verdict,width,height,warning,failure' || fail "columns of --score"
[ "$(grep -c torn.png "$dir/photo scores/scores.csv")" -eq 1 ] || fail "a bad file is not in scores.csv, once"
printf '%s\n' "a photo, 1.png" "a photo, 2.png" >"$dir/photos/two.txt"
expect 0 "" "$eval" "$dir/run" --score "$dir/photos/two.txt"
cp "$dir/said" "$dir/by list"
(cd "$dir/photos" && cat two.txt) | sed "s|^|$dir/photos/|" | "$eval" "$dir/run" --score - >"$dir/by input" 2>/dev/null ||
    fail "a list on standard input"
grep '	' "$dir/by list" | cmp -s - "$dir/by input" || fail "a list and the same on standard input differ"
expect 1 "torn.png" "$eval" "$dir/run" --score "$dir/photos"
expect 2 "share from 0 to 0.5" "$eval" "$dir/run" --score "$dir/photos" --unsure 0.6
"$eval" "$dir/run" --score "$dir/photos/two.txt" --unsure 0.5 --threshold 0.5 2>/dev/null | grep -q unsure &&
    fail "unsure although a threshold was given"

# ---- mistakes ----
expect 2 "--bootstrap" "$eval" "$dir/run" --boostrap 3
expect 2 "NAME=" "$eval" "$dir/run" --data "$dir/photos/all.csv"
expect 1 "no such manifest or folder" "$eval" "$dir/run" --data a="$dir/nothing"
expect 1 "no such run" "$eval" "$dir/nothing"
expect 1 "best.safetensors" "$eval" "$dir/photos"
head -c 5000 "$dir/run/best.safetensors" >"$dir/torn.safetensors"
expect 1 "torn.safetensors" "$eval" "$dir/torn.safetensors"
expect 0 "usage: eval" "$eval" --help
expect 0 "locus eval" "$eval" --version

[ "$failures" -eq 0 ] && echo "e2e_eval: all well"
[ "$failures" -eq 0 ]
