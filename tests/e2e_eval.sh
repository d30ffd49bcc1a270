#!/bin/sh
# Train a tiny run, evaluate it, and hold the files of the evaluation against each other.
# usage: e2e_eval.sh BUILD_DIR
build=${1:-build}
train=$build/train eval=$build/eval
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/expect.sh
. "$(dirname "$0")/expect.sh"

"$train" configs/lae.ini --set data.size=32 --set data.identities=48 --set data.val_fraction=0.2 --set data.test_fraction=0.3 --set train.epochs=1 --set train.batch=16 \
    --out "$dir/run" >"$dir/log" 2>&1 || {
    cat "$dir/log"
    fail "training failed"
    exit 1
}

# ---- the run's own test split ----
expect 0 "seen -> unseen: AUC" "$eval" "$dir/run" --threads 2 --maps "$dir/maps"
rows=$dir/run/eval/eval.csv scores=$dir/run/eval/scores.csv
for f in report.html eval.csv eval.json scores.csv examples.png; do
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

# ---- videos: three frames each; every row of either level against the scores ----
n=0
echo 'path,label,method,video' >"$dir/photos/videos.csv"
for f in "$dir"/photos/*.png; do
    n=$((n + 1))
    line=$(grep -F "$(basename "$f")" "$dir/photos/all.csv")
    method=${line##*,}
    echo "$line,$([ $((n % 10)) -eq 0 ] || echo "${method:-real} $((n / 3))")" >>"$dir/photos/videos.csv"
done
for how in mean max; do
    expect 0 "videos, $how of " "$eval" "$dir/run" --out "$dir/films" --bootstrap 20 --aggregate $how --data films="$dir/photos/videos.csv"
    sed '/^written:/,$d' "$dir/said" | awk 'length > 100' | grep -q . && fail "a line of a table is wider than 100 columns"
    awk -F, -v how=$how '
        { gsub(/"[^"]*"/, "quoted") }
        FNR == 1 { file++; for (i = 1; i <= NF; i++) column[file, $i] = i; next }
        file == 1 {
            video = $column[1, "video"]; id = video == "" ? "alone " FNR : video
            frames++; frame_of[frames] = id
            label[id] = $3; method[id] = $4; seen[id] = $7; n[id]++
            score[id] = how == "max" ? ($5 > score[id] ? $5 : score[id]) : score[id] + $5
            next
        }
        $column[2, "level"] == "video" {
            rows++; real = fake = won = count = 0; pooled = $column[2, "row"] == "pooled"
            for (id in n) {
                if (label[id] && !(pooled ? $2 == "all" || seen[id] == $3 : method[id] == $2)) continue
                s = how == "max" ? score[id] : score[id] / n[id]
                count += n[id]
                if (label[id]) f[++fake] = s; else r[++real] = s
            }
            for (i = 1; i <= fake; i++) for (j = 1; j <= real; j++) won += f[i] > r[j] ? 1 : f[i] == r[j] ? .5 : 0
            if (real != $4 || fake != $5) print $2 ": counts " $4 " " $5 ", the scores say " real " " fake
            if ((d = won / (real * fake) - $7) > 1e-5 || d < -1e-5) print $2 ": AUC " $7 ", the scores say " won / (real * fake)
            each = $column[2, "frames_per_video"]
            if ((d = count / (real + fake) - each) > 1e-5 || d < -1e-5) print $2 ": " each " frames a video, not " count / (real + fake)
            if ($column[2, "aggregation"] != how) print $2 ": put together by " $column[2, "aggregation"]
        }
        $column[2, "level"] == "frame" { frame_rows++ }
        END { if (rows != 5 || frame_rows != 5) print rows " and " frame_rows " rows of videos and frames, expected 5 each" }
    ' "$dir/films/scores.csv" "$dir/films/eval.csv" >"$dir/differ"
    [ -s "$dir/differ" ] && fail "$how: $(cat "$dir/differ")"
done
expect 0 "Means over seeds" "$eval" --compare "$dir/films"
expect 0 "films: $n frames judged" "$eval" "$dir/run" --out "$dir/films" --bootstrap 0 --data films="$dir/photos/videos.csv"

# ---- thresholds: by a rule on the stored validation, and DeepfakeBench's ----
for rule in accuracy youden eer fpr=0.1 fnr=0.1; do
    expect 0 ", $rule on the source's validation split" "$eval" "$dir/run" --out "$dir/rule" --bootstrap 0 --threshold $rule
done
expect 0 "threshold 0.250, as given" "$eval" "$dir/run" --out "$dir/rule" --bootstrap 0 --threshold 0.25
expect 0 "as DeepfakeBench counts" "$eval" "$dir/run" --out "$dir/bench" --bootstrap 0 --compat deepfakebench
grep -q ',frame,,deepfakebench,' "$dir/bench/eval.csv" || fail "eval.csv does not say whose definitions it has"
expect 2 "known: accuracy" "$eval" "$dir/run" --threshold best
expect 2 "both would write to" "$eval" "$dir/run" "$dir/run"
expect 1 "$dir/nowhere: no such run" "$eval" "$dir/run" "$dir/nowhere"
expect 2 "known: deepfakebench" "$eval" "$dir/run" --compat other
expect 2 "known: mean, max" "$eval" "$dir/run" --aggregate median

# ---- one class: the rest is still printed ----
sed -n '1p;/,0,,/p' "$dir/photos/videos.csv" >"$dir/photos/real.csv"
expect 0 "n/a (0 fake)" "$eval" "$dir/run" --out "$dir/real" --bootstrap 20 --data real="$dir/photos/real.csv"
sed '/,0,/d' "$dir/photos/all.csv" >"$dir/photos/fake.csv"
expect 0 "n/a (0 real)" "$eval" "$dir/run" --out "$dir/fake" --bootstrap 20 --data fake="$dir/photos/fake.csv"

# The checkpoint alone tells what was trained on: the run's own data may be gone.
cp "$dir/photos/all.csv" "$dir/photos/own.csv"
"$train" configs/lae.ini --set data.size=32 --set data.source=manifest --set data.path="$dir/photos/own.csv" --set data.methods=all \
    --set data.val_fraction=0.4 --set data.test_fraction=0 --set train.steps=2 --set train.batch=4 --out "$dir/moved" >"$dir/log" 2>&1 ||
    fail "training on photos failed: $(cat "$dir/log")"
rm "$dir/photos/own.csv"
expect 0 "everything: $n images judged" "$eval" "$dir/moved" --bootstrap 20 --data everything="$dir/photos/all.csv"
grep -q '^everything,painted,1,' "$dir/moved/eval/eval.csv" || fail "methods = all: painted is not marked as seen"

# ---- several runs: what is seen differs, the images are the same ----
expect 0 "From seen to unseen" "$eval" "$dir/run" "$dir/moved" --out "$dir/two" --bootstrap 20 --data everything="$dir/photos/all.csv"
for f in run/eval.csv run/report.html moved/scores.csv report.html matrix.csv matrix.md eval.json; do
    [ -s "$dir/two/$f" ] || fail "$f of two runs was not written"
done
grep -q "^run,[^\"]*,everything,painted,0,.*,auc,[0-9.]*,[0-9.]*,[0-9.]*,,,,0,0$" "$dir/two/matrix.csv" || fail "matrix.csv: no cell of the first run"
grep -q "^moved,.*,everything,painted,1,.*,auc,[0-9.]*,[0-9.]*,[0-9.]*,[0-9.-]*,[0-9.-]*,[0-9.-]*,[1-9][0-9]*,[1-9][0-9]*$" "$dir/two/matrix.csv" ||
    fail "matrix.csv: no difference on the same images"

# ---- the pages: one file each, well-formed, no error in a browser ----
for page in "$dir/run/eval/report.html" "$dir/two/report.html" "$dir/two/moved/report.html"; do
    [ "$(wc -c <"$page")" -lt 10000000 ] || fail "$page is larger than 10 MB"
    grep -qE '(src|href)="(https?:)?//' "$page" && fail "$page loads something from elsewhere"
done
grep -q 'href="moved/report.html"' "$dir/two/report.html" || fail "no link to the report of a run"
if command -v chromium >/dev/null 2>&1; then
    for page in "$dir/run/eval/report.html" "$dir/two/report.html"; do
        cp "$page" "$dir/page.html"
        chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr --user-data-dir="$dir/chromium" --dump-dom \
            "file://$dir/page.html" >"$dir/dom" 2>"$dir/console" || fail "chromium failed: $(cat "$dir/console")"
        grep CONSOLE "$dir/console" && fail "$page: the browser complains"
        grep -q 'class="verdict' "$dir/dom" || fail "$page: no verdict in the browser"
        grep -q '<svg' "$dir/dom" || fail "$page: no chart in the browser"
    done
else
    echo "e2e_eval: no chromium here; pages were not opened in a browser"
fi

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
mkdir "$dir/photos/bare"
expect 1 "no photo found" "$eval" "$dir/run" --score "$dir/photos/bare" "$dir/photos/none.lst" "$dir/photos/a photo, 1.png"
grep -q "^$dir/photos/a photo, 1.png	" "$dir/said" || fail "a bad folder kept a photo from being judged"
rmdir "$dir/photos/bare"
expect 2 "share from 0 to 0.5" "$eval" "$dir/run" --score "$dir/photos" --unsure 0.6
"$eval" "$dir/run" --score "$dir/photos/two.txt" --unsure 0.5 --threshold 0.5 2>/dev/null | grep -q unsure &&
    fail "unsure although a threshold was given"

# ---- a file in the way of a folder: said before any image is judged, and nothing is written ----
echo >"$dir/in the way"
mkdir "$dir/taken"
echo >"$dir/taken/moved"
refused() {
    expect 1 "expected a folder" "$eval" "$@"
    [ "$(wc -l <"$dir/said")" -eq 1 ] || fail "something was done before the folder was looked at: $*: $(cat "$dir/said")"
}
refused "$dir/run" --score "$dir/photos" --out "$dir/in the way"
refused "$dir/run" --score "$dir/photos" --maps "$dir/in the way/maps"
refused "$dir/run" --out "$dir/in the way"
refused "$dir/run" --out "$dir/new" --maps "$dir/in the way"
refused "$dir/run" --out "$dir/in the way" --robust imdl
refused "$dir/run" "$dir/moved" --out "$dir/in the way"
refused "$dir/run" "$dir/moved" --out "$dir/taken"
refused --compare "$dir/films" --out "$dir/in the way"
mv "$dir/moved/eval" "$dir/moved/before"
echo >"$dir/moved/eval"
refused "$dir/moved" --data everything="$dir/photos/all.csv"
refused "$dir/run" "$dir/moved"
rm "$dir/moved/eval"
mv "$dir/moved/before" "$dir/moved/eval"
[ ! -e "$dir/new" ] || fail "a folder was made for nothing"
mkdir "$dir/bare"
expect 1 "not a run folder" "$eval" "$dir/run" "$dir/bare"
[ "$(wc -l <"$dir/said")" -eq 1 ] || fail "the first run was judged although the second is none"

# ---- mistakes ----
expect 2 "--bootstrap" "$eval" "$dir/run" --boostrap 3
expect 2 "a folder of its own" "$eval" "$dir/run" "$dir/run/best.safetensors"
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
