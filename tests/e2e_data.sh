#!/bin/sh
# Make a data set from one small picture with `data forge`, break copies of it in every way that `data check` knows, and
# see that it says so: words and exit codes, from a folder with blanks in its name and without a terminal.
# usage: e2e_data.sh BUILD_DIR
build=$(cd "${1:-build}" && pwd)
data=$build/data train=$build/train
dir=$(mktemp -d "${TMPDIR:-/tmp}/locus data XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
    echo "e2e_data: $*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the exit code, and TEXT somewhere in what is printed.
expect() {
    code=$1 text=$2
    shift 2
    "$@" >out.txt 2>err.txt
    got=$?
    cat out.txt err.txt >said
    [ "$got" -eq "$code" ] || fail "exit code $got, expected $code: $*: $(cat said)"
    grep -qF -- "$text" said || fail "no \"$text\" in the output of $*: $(cat said)"
    tr -d '\r\033' <said | cmp -s - said || fail "progress without a terminal: $*"
}

# ---- photos: forgeries of one picture are pictures, too ----
mkdir one 'my photos'
base64 -d >one/p.png <<END
iVBORw0KGgoAAAANSUhEUgAAACgAAAAoBAMAAAB+0KVeAAAAMFBMVEUoANw0NdFAasZMn7tY1LBkCaVwPpp8c4+IqISU3XmgEm6sR2O4fFjEsU3Q
5kLcGzcsbOOAAAAA3klEQVR42qXIsUpDMRTG8XSxdw3WFziI9wEiLTofnHRMKZSuB3Qo3bIIrlFaCm5BkUK3C11cb6GTW0AoXYOgdk1xKHSLeYfz
n77vJ0RO5iCncpgTXGxIOEfdNfbR1Usfdkk0uCiPlb4i+xTSn4RTpJc6fLGxhebW+U/QPVstgmiTe+UinFG1SqqDduzliXbfQHdsLI1fg7l38Ue5
t6gmAUouqguXfrGaJd2vxRH5fPdsvKxk08Qt1u9gp4k2eXARrz0Ogh5EGkbzkExhRcHGm0Aj4Z6V/9DpYOU8Dyb+A0uKY5yUMtabAAAAAElFTkSu
QmCC
END
for seed in 1 2 3 4 5 6; do
    expect 0 "1 real images" "$data" forge one --methods warp,resample,recolor --val 0 --test 0 --seed $seed --out tmp
    for m in warp resample recolor; do cp tmp/fake/$m/00000.png "my photos/photo, $m $seed.png"; done
    rm -r tmp
done

# ---- forge ----
expect 0 "made/set: 18 real images (train 12, val 3, test 3) and 36 forgeries" "$data" forge 'my photos' \
    --methods swap,warp --out made/set
expect 0 " check other/manifest.csv" "$data" forge 'my photos' --methods swap,warp --out other
diff -r made/set other >diff.txt || fail "forging twice differs: $(cat diff.txt)"
rm -r other
expect 0 "check -- '-an other/manifest.csv'" "$data" forge 'my photos' --methods swap,warp --out '-an other'
sh -c "$(sed -n 's/^next: //p' out.txt)" >said 2>&1 || fail "the command that forge suggests: $(cat said)"
rm -r './-an other'
expect 0 "36 forgeries" "$data" forge 'my photos' --methods=warp,swap --seed 2 --size 32 --quality 70-90 --out other
cmp -s made/set/fake/warp/00001.png other/fake/warp/00001.png && fail "--seed changes nothing"
expect 0 "32x32" "$data" stats other/manifest.csv
expect 0 "check passed" "$data" check other/manifest.csv
expect 2 "is there already" "$data" forge 'my photos' --methods warp --out other
expect 2 "lies in my photos" "$data" forge 'my photos' --methods warp --out 'my photos/new'
expect 2 "did you mean splice" "$data" forge 'my photos' --methods splce --out x
expect 2 "whole number from 16" "$data" forge 'my photos' --methods all --size 7 --out x
expect 2 "expected LOW-HIGH" "$data" forge 'my photos' --methods all --quality 90-70 --out x
expect 2 "nothing to train on" "$data" forge 'my photos' --methods all --val 0.6 --test 0.6 --out x
expect 3 "not enough" "$data" forge one --methods swap --out x
expect 2 "no such folder" "$data" forge nowhere --methods swap --out x
cp -r 'my photos' spoilt
echo nonsense >spoilt/bad.png
cp 'my photos/photo, warp 1.png' spoilt/copy.png
expect 3 "spoilt/bad.png" "$data" forge spoilt --methods warp --out x
[ ! -e x ] || rmdir x || fail "a refused forging has left files"
expect 0 "18 real images" "$data" forge spoilt --methods warp --on-bad skip --out x
grep -qF "1 bad left out; 1 copies left out" said || fail "what was left out is not counted: $(cat said)"
grep -qF "left out: spoilt/photo, warp 1.png: the same picture as spoilt/copy.png" said ||
    fail "the copy is not named: $(cat said)"

# Ctrl-C: no manifest, and the same command begins anew.
"$data" forge 'my photos' --methods all --size 600 --out stopped >out.txt 2>err.txt &
pid=$!
n=0
while [ ! -e stopped/real ] && [ $n -lt 200 ]; do
    sleep 0.05
    n=$((n + 1))
done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || fail "Ctrl-C while forging: not exit code 130: $(cat out.txt err.txt)"
[ ! -e stopped/manifest.csv ] || fail "a stopped forging has written a manifest"
grep -q "interrupted after [0-9]* of 18 photos" err.txt || fail "a stopped forging does not say so: $(cat err.txt)"
expect 0 "18 real images" "$data" forge 'my photos' --methods warp --out stopped

# ---- import ----
expect 0 "in ported/all.csv: 54 images: 18 real, 36 fake of 2 methods, 36 with masks; split declared for 0" "$data" \
    import folder:made/set --out 'in ported/all.csv'
expect 0 "check passed" "$data" check 'in ported/all.csv'
expect 0 "split declared for 54" "$data" import made/set/manifest.csv --out again.csv
[ "$(wc -l <again.csv)" -eq 55 ] || fail "the imported manifest has not 55 lines"
expect 0 "check passed; errors: 0, warnings: 0" "$data" check again.csv
expect 2 "expected --out" "$data" import again.csv
expect 2 "is the data set itself" "$data" import ./again.csv --out again.csv
expect 2 "is the data set itself" "$data" stats again.csv --csv ./again.csv
expect 2 "is the data set itself" "$data" sheet again.csv --out again.csv
expect 2 "one of its files" "$data" sheet made/set --out ./made/set/real/00000.png
expect 2 "one of its files" "$data" import made/set --out made/set/mask/warp/00001.png

# ---- check: each case breaks a copy of the manifest; columns path,label,mask,method,source,split,photo ----
set=made/set
expect 0 "check passed; errors: 0, warnings: 0" "$data" check $set/manifest.csv
grep -q '^ *train  *swap  *fake  *12  *0  *12$' said || fail "the table lacks train/swap: $(cat said)"
grep -q '^ *all  *54 ' said || fail "the table lacks the sum: $(cat said)"
# breaks NAME AWK: makes $set/NAME.csv
breaks() {
    awk -F, -v OFS=, "$2" $set/manifest.csv >"$set/$1.csv"
    cmp -s $set/manifest.csv "$set/$1.csv" && fail "$1.csv is not broken"
}
train_real=$(awk -F, '$6 == "train" && $2 == 0 { print $1; exit }' $set/manifest.csv)
test_real=$(awk -F, '$6 == "test" && $2 == 0 { print $1; exit }' $set/manifest.csv)

ln -s "../$train_real" $set/real/link.png
breaks link 'END { print "real/link.png,0,,,,test," } { print }'
expect 3 "leak-file: 1 files are in two splits" "$data" check $set/link.csv
cp "$set/$train_real" $set/real/copy.png
breaks copy 'END { print "real/copy.png,0,,,,test," } { print }'
expect 3 "leak-content: 1 images, alike in every pixel, are in two splits" "$data" check $set/copy.csv
grep -qF "train: $set/$train_real ($set/copy.csv:" said || fail "the copied image is not named: $(cat said)"
expect 0 "no image was opened" "$data" check --quick $set/copy.csv
breaks video 'NR == 1 { print $0, "video"; next } $6 != "val" && $2 == 0 { print $0, "v 1"; next } { print $0, "" }'
expect 3 "leak-video: 1 videos have frames in two splits" "$data" check --quick $set/video.csv
breaks origin '$1 == "'"$test_real"'" { $6 = "train" } { print }'
expect 3 "leak-origin: 1 groups of one origin" "$data" check --quick $set/origin.csv
grep -qF "source $test_real" said || fail "the source is not named: $(cat said)"
breaks oneclass '$6 == "val" && $2 == 1 { next } { print }'
expect 3 "one-class: 1 splits hold one class only" "$data" check $set/oneclass.csv
grep -qF "val: 3 real and 0 fake images" said || fail "the split of one class is not named: $(cat said)"
breaks allreal 'NR > 1 && $2 == 1 { next } { print }'
expect 3 "one-class: 1 data sets hold one class only" "$data" check $set/allreal.csv
breaks masks '$4 == "warp" && n++ < 5 { $3 = "" } { print }'
expect 3 "masks-some: 5 of 18 fakes of warp have no mask" "$data" check $set/masks.csv
expect 0 "masks-some: 5 of 18" "$data" check $set/masks.csv --allow masks-some
expect 2 "nearest: masks-some" "$data" check $set/masks.csv --allow masks-sum
expect 0 "masks-none: 18 of 18 fakes of warp have no mask" sh -c \
    "awk -F, -v OFS=, '\$4 == \"warp\" { \$3 = \"\" } { print }' $set/manifest.csv >$set/bare.csv && '$data' check $set/bare.csv"
cp other/mask/warp/00001.png $set/mask/small.png
breaks masksize '$4 == "warp" && !n++ { $3 = "mask/small.png" } { print }'
expect 3 "mask-size: 1 of 36" "$data" check $set/masksize.csv
grep -qF "mask $set/mask/small.png has 32x32 pixels" said || fail "the mask of another size is not named: $(cat said)"
head -c 200 "$set/$train_real" >$set/real/torn.png
breaks torn '{ print } END { for (i = 0; i < 3; i++) print "real/torn.png,0,,,,train," }'
expect 3 "is listed already" "$data" check $set/torn.csv
breaks torn '{ print } END { print "real/torn.png,0,,,,train,"; print "real/gone.png,0,,,,train," }'
expect 3 "unreadable: 1 of 92" "$data" check $set/torn.csv
grep -qF "missing: 1 of 92" said || fail "the missing file is not counted: $(cat said)"
grep -qF "$set/torn.csv:57: $set/real/gone.png: No such file" said || fail "the missing file is not named: $(cat said)"
breaks many '{ print } END { for (i = 0; i < 30; i++) print "real/gone" i ".png,0,,,,train," }'
expect 3 "missing: 30 of 120" "$data" check $set/many.csv --examples 4
grep -qF "... and 26 more" said || fail "--examples: $(cat said)"
cp "$set/$train_real" $set/fake/same.png
breaks same '{ print } END { print "fake/same.png,1,'"$(awk -F, '$4 == "warp" { print $3; exit }' $set/manifest.csv)"',warp,,train," }'
expect 3 "contradiction: 1 images, alike in every pixel, are both real and fake" "$data" check $set/same.csv

# Two sets: the first is trained on, the second is tested on.
awk -F, -v OFS=, '{ $6 = NR == 1 ? "split" : "" } { print }' $set/manifest.csv >$set/open.csv
expect 3 "of $set/manifest.csv (trained on) are in $set/open.csv (tested on)" "$data" check $set/manifest.csv $set/open.csv
expect 0 "check passed" "$data" check $set/manifest.csv other/manifest.csv

# ---- train runs the cheap part of it ----
printf '[data]\nsource = manifest\npath = made/set/manifest.csv\nmethods = all\nsize = 16\n[train]\nbatch = 8\nsteps = 2\n' >run.ini
expect 0 "dry run: configuration, data and network are fine" "$train" run.ini --dry-run
[ ! -s err.txt ] || fail "train complains of a clean set: $(cat err.txt)"
expect 3 "leak-file: 1 files are in two splits" "$train" run.ini --dry-run --set data.path=$set/link.csv
expect 3 "masks-some: 5 of" "$train" run.ini --set data.path=$set/masks.csv
[ ! -e runs ] || fail "a refused run has left a folder"
expect 0 "warning: masks-some: 5" "$train" run.ini --dry-run --set data.path=$set/masks.csv --set data.allow=masks-some
expect 0 "warning: leak-file: 1" "$train" run.ini --dry-run --set data.path=$set/link.csv --set data.allow=leak-file
expect 3 "one-class: 1 splits hold one class only" "$train" run.ini --dry-run --set data.path=$set/oneclass.csv
expect 0 "wrote oneclass: last.safetensors" "$train" run.ini --out oneclass --set data.path=$set/oneclass.csv --set data.allow=one-class
grep -qF "warning  no validation, which takes real and forged images" said || fail "validation left out in silence: $(cat said)"
grep -qF "no forged images among the 3 validation images: nothing is validated" said || fail "the class is not named: $(cat said)"
# A run whose validation images lose a class on the way keeps its best, and the report invents no margin for it.
cp $set/manifest.csv $set/changed.csv
expect 0 "wrote changed: best.safetensors" "$train" run.ini --out changed --set data.path=$set/changed.csv
cp $set/oneclass.csv $set/changed.csv
expect 0 "wrote changed: best.safetensors" "$train" run.ini --out changed --resume --set data.path=$set/changed.csv \
    --set data.allow=one-class --set train.steps=4
grep -qF "whose weights are kept as best.safetensors" changed/report.html || fail "the best is not in the report"
grep -qF "validation images fix that AUC" changed/report.html && fail "a margin of no images"
expect 3 "[data] allow does not cover this" "$train" run.ini --dry-run --set data.path=$set/origin.csv
expect 2 "\"leak-origin\" cannot be allowed" "$train" run.ini --dry-run --set data.allow=masks-some,leak-origin
expect 2 "[data] on_bad" "$train" run.ini --dry-run --set data.allow=missing
expect 3 "wants 2 masks, but only 0 of the 12 forged ones have one (0 of 12 warp)" "$train" run.ini --dry-run \
    --set data.path=$set/bare.csv --set data.methods=warp --set active.picker=random --set active.budget=0.1
expect 2 "no such kind of finding" "$train" run.ini --dry-run --set data.allow=mask
expect 3 "torn.png: PNG cut short" "$train" run.ini --dry-run --set data.path=$set/torn.csv

# ---- stats and sheet ----
expect 0 "written: figures/a b.csv" "$data" stats $set/manifest.csv --csv 'figures/a b.csv'
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n += $c["images"]; m += $c["masks"]
    if ($c["width_min"] != 40 || $c["height_max"] != 40) bad = 1
    if ($c["method"] != "real" && !($c["mask_p5"] > 0 && $c["mask_p95"] < 1)) bad = 1 }
    END { exit !(n == 54 && m == 36 && !bad) }' 'figures/a b.csv' || fail "stats: $(cat 'figures/a b.csv')"
expect 0 "written: pictures/sheet.png" "$data" sheet $set/manifest.csv --out pictures/sheet.png --columns 2
[ -s pictures/sheet.png ] || fail "no sheet"
expect 0 "written: torn.png" "$data" sheet $set/torn.csv --out torn.png

# ---- the command line ----
expect 0 "usage:" "$data" --help
for c in import check stats forge sheet; do expect 0 "data $c" "$data" $c --help; done
expect 0 "leak-content" "$data" check --help
for c in data 'data import' 'data check' 'data stats' 'data forge' 'data sheet' train eval; do
    # shellcheck disable=SC2086 # two words each
    expect 0 "usage:" "$build"/$c --help
    wide=$(grep '.\{81\}' said | grep -vF "$build") # the program's own path may be long
    [ -z "$wide" ] || fail "$c --help is wider than 80 columns: $wide"
done
expect 0 "[data]" "$train" --help-config
wide=$(grep '.\{81\}' said)
[ -z "$wide" ] || fail "train --help-config is wider than 80 columns: $wide"
expect 0 "locus" sh -c "'$data' --version | tr A-Z a-z"
expect 2 "expected a command" "$data"
expect 2 "did you mean check" "$data" chekc x.csv
expect 2 "did you mean --quick" "$data" check x.csv --quik
expect 2 "has no such option" "$data" stats x.csv --quick
expect 2 "check SPEC..." "$data" check
expect 2 "takes one data set" "$data" stats a.csv b.csv
expect 2 "takes no value" "$data" check a.csv --quick=1
expect 2 "expected a value" "$data" stats a.csv --csv
expect 2 "nowhere.csv" "$data" check nowhere.csv
expect 2 "unknown format" "$data" check foldr:made/set
if [ -w /dev/full ]; then
    "$data" check $set/manifest.csv >/dev/full 2>err.txt
    [ $? -eq 1 ] || fail "a full disk behind standard output goes unnoticed"
fi

[ "$failures" -eq 0 ] && echo "e2e_data: all well"
[ "$failures" -eq 0 ]
