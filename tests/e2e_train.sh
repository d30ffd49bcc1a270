#!/bin/sh
# e2e_train.sh BUILD -- drives the program `train` as a person would: mistakes, Ctrl-C and --resume, odd folders.
build=$(cd "${1:-build}" && pwd) || exit 1
train=$build/train
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "e2e_train: $*" >&2
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the command ends with CODE, and says TEXT on stderr (on stdout if CODE is 0).
expect() {
    code=$1 text=$2
    shift 2
    "$@" >out.txt 2>err.txt </dev/null
    got=$?
    [ "$got" -eq "$code" ] || fail "'$*' ended with $got, expected $code: $(head -c 300 err.txt)"
    if [ "$code" -eq 0 ]; then said=out.txt; else said=err.txt; fi
    grep -qe "$text" "$said" || fail "'$*' did not say '$text' but: $(head -c 300 "$said")"
    # Errors are one line on stderr; stdout stays clean for mistakes of usage and configuration.
    [ "$code" -ne 2 ] || [ ! -s out.txt ] || fail "'$*' wrote to stdout: $(head -c 100 out.txt)"
    [ "$code" -ne 2 ] || [ "$(wc -l <err.txt)" -eq 1 ] || fail "'$*' did not write one line to stderr"
}

# The tensors of a safetensors file, without its header.
tensors() {
    header=$(od -An -tu8 -N8 "$1" | tr -d ' ')
    tail -c "+$((header + 9))" "$1"
}

cat >tiny.ini <<'INI'
[data]
identities = 40
size = 16
forge = swap, inpaint
val_fraction = 0.3
[optim]
ema = 0.9
[train]
batch = 4
steps = 60
validate_every = 20
log_every = 10
INI

# ---- help ----
expect 0 'usage:' "$train" --help
expect 0 'overfit-batch' "$train" --help
expect 0 'schedule' "$train" --help-config
expect 0 '[0-9]\.[0-9]' "$train" --version
expect 0 'conv2d' "$train" tiny.ini --summary
expect 0 'nothing was written' "$train" tiny.ini --dry-run
[ ! -e runs ] || fail '--dry-run left a folder'

# ---- mistakes: exit 2 and a sentence that helps ----
expect 2 'expected a configuration' "$train"
expect 2 'did you mean --resume' "$train" tiny.ini --resme
expect 2 'expected a value' "$train" tiny.ini --out
expect 2 'expected a value' "$train" tiny.ini --set
expect 2 'takes no value' "$train" tiny.ini --resume=yes
expect 2 'second configuration' "$train" tiny.ini tiny.ini
expect 2 'whole number' "$train" tiny.ini --seed x
expect 2 'whole number' "$train" tiny.ini --threads -3
expect 2 'whole number' "$train" tiny.ini --overfit-batch 1
expect 2 'overfit-batch.*65536' "$train" tiny.ini --overfit-batch 65537
expect 2 'neither' "$train" tiny.ini --overfit-batch 4 --resume
expect 2 'neither' "$train" tiny.ini --overfit-batch 4 --profile
expect 2 'profile does not go' "$train" tiny.ini --profile --resume
expect 2 'optimizer' "$train" tiny.ini --set optim.optimizr=adam
expect 2 'adamw' "$train" tiny.ini --set optim.optimizer=adma
expect 2 'lr' "$train" tiny.ini --set optim.lr=-1
expect 2 'batch' "$train" tiny.ini --set train.batch=0
expect 2 'lae_small' "$train" tiny.ini --set model.network=lae_smal
expect 2 'swap' "$train" tiny.ini --set data.methods=swop
expect 2 'nothing trains' "$train" tiny.ini --set model.score=latent --set loss.latent=0
expect 2 'expected map = cam' "$train" tiny.ini --set model.score=region --set model.map=activation
expect 2 'nothing trains' "$train" tiny.ini --set loss.cls=0 --set loss.mask=0
expect 2 'train. conv: kernel' "$train" tiny.ini --set train.conv=warp9
expect 2 'no last.safetensors' "$train" tiny.ini --resume
sed 's/^ema/emma/' tiny.ini >typo.ini
expect 2 'typo.ini:7' "$train" typo.ini
expect 2 'ema' "$train" typo.ini
"$train" nowhere.ini >out.txt 2>err.txt && fail 'a missing configuration was accepted'
grep -q nowhere.ini err.txt || fail 'a missing configuration was not named'
printf 'path,label\ngone.png,1\ngone too.png,0\n' >gone.csv
expect 3 'gone.csv:2: .*gone.png' "$train" tiny.ini --dry-run --set data.source=manifest --set data.path=gone.csv \
    --set data.methods=all --set data.val_fraction=0 --set data.test_fraction=0
[ ! -e runs ] || fail 'a mistake left a folder'

# ---- folders that cannot be written ----
: >file
expect 1 'file' "$train" tiny.ini --out file/run
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 500 locked
    expect 1 'locked' "$train" tiny.ini --out locked/run
fi

# ---- a run from start to end ----
expect 0 ' runs/tiny' "$train" tiny.ini
for f in best.safetensors last.safetensors metrics.csv metrics.jsonl timing.csv train.log config.resolved.ini run.json; do
    [ -s "runs/tiny/$f" ] || fail "runs/tiny/$f is missing"
done
[ "$(grep -c ',train,' runs/tiny/metrics.csv)" -eq 60 ] || fail 'metrics.csv should have 60 training rows'
[ "$(grep -c ',val,' runs/tiny/metrics.csv)" -eq 3 ] || fail 'metrics.csv should have 3 validation rows'
grep -q '\[####' out.txt && fail 'a progress bar without a terminal'
grep -q '"kernel_list": "[0-9]*:[a-z]' runs/tiny/run.json || fail 'run.json does not say which kernels ran'
head -c 100000 runs/tiny/last.safetensors | grep -aq '"kernels":"[0-9]*:[a-z]' || fail 'last.safetensors lacks the kernels'
expect 0 'memory = low' "$train" tiny.ini --out 'low run' --set train.memory=low
grep -q "^next: .*/eval'\\{0,1\\} 'low run'$" out.txt || fail "the command after a run: $(grep next: out.txt)"
cmp -s runs/tiny/metrics.csv 'low run/metrics.csv' || fail 'metrics.csv differs with memory = low'
grep -q 'step 60/60' out.txt || fail 'no plain line without a terminal'
expect 0 "next: env eval 'found here'" env PATH="$build:$PATH" train tiny.ini --out 'found here' --set train.steps=2
expect 0 'runs/tiny-2' "$train" tiny.ini --set train.steps=4
expect 2 'already holds a run' "$train" tiny.ini --out runs/tiny
expect 2 'optim.lr' "$train" tiny.ini --out runs/tiny --resume --set optim.lr=0.5

# ---- the same bits again, with other numbers of threads, in a path with spaces and quotes ----
odd="it's a \"folder\" with spaces"
mkdir "$odd"
cp tiny.ini "$odd/my tiny.ini"
expect 0 'wrote' "$train" "$odd/my tiny.ini" --out "$odd/a run" --threads 1 --set data.threads=1
cmp -s runs/tiny/metrics.csv "$odd/a run/metrics.csv" || fail 'metrics.csv differs with one thread'

# ---- Ctrl-C, then --resume: as if nothing had happened ----
# In the background a shell ignores SIGINT, so the program is started by env, which restores it.
interrupt() {
    signal=$1 code=$2 after=$3 folder=$4 ini=${5:-tiny.ini} whole=${6:-runs/tiny}
    env --default-signal=INT "$train" "$ini" --out "$folder" >out.txt 2>err.txt &
    pid=$!
    while [ "$(grep -c ',train,' "$folder/metrics.csv" 2>/dev/null || :)" -lt "$after" ] 2>/dev/null ||
        [ ! -e "$folder/metrics.csv" ]; do
        kill -0 $pid 2>/dev/null || break
    done
    kill -"$signal" $pid 2>/dev/null
    wait $pid
    got=$?
    [ $got -eq "$code" ] || fail "SIG$signal ended with $got, expected $code: $(cat err.txt)"
    grep -q -- '--resume' err.txt || fail "SIG$signal did not say how to go on"
    expect 0 'wrote' "$train" "$ini" --out "$folder" --resume
    cmp -s "$whole/metrics.jsonl" "$folder/metrics.jsonl" || fail "metrics.jsonl differs after SIG$signal and --resume"
    cmp -s "$whole/metrics.csv" "$folder/metrics.csv" || fail "metrics.csv differs after SIG$signal and --resume"
    for f in last best; do
        tensors "$whole/$f.safetensors" >want.bin
        tensors "$folder/$f.safetensors" >got.bin
        cmp -s want.bin got.bin || fail "$f.safetensors differs after SIG$signal and --resume"
    done
}
interrupt INT 130 0 'int run'
interrupt TERM 143 1 'term run'

# ---- the adversarial blur, whose generators go on too ----
printf 'include = tiny.ini\n[blur]\nkind = generator\nwidth = 2\nsteps = 2\n' >blur.ini
expect 0 '2 generators' "$train" blur.ini --out blur
head -1 blur/metrics.csv | grep -q ',changed_loss$' || fail 'metrics.csv lacks changed_loss'
interrupt INT 130 7 'int blur' blur.ini blur
expect 0 'changed [0-9]' "$train" "$build/configs/adv_blur.ini" --out adv --set data.identities=40 --set data.size=32 \
    --set train.steps=4 --set train.log_every=2
expect 2 '3, 5 or 7' "$train" "$build/configs/adv_blur.ini" --set blur.kernel=4

# kill -9: last.safetensors of the last validation, logs beyond it are cut off.
"$train" tiny.ini --out killed >out.txt 2>err.txt &
pid=$!
while [ ! -e killed/last.safetensors ]; do kill -0 $pid 2>/dev/null || break; done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
expect 0 'wrote' "$train" tiny.ini --out killed --resume
cmp -s runs/tiny/metrics.csv killed/metrics.csv || fail 'metrics.csv differs after kill -9 and --resume'

# Without validation images that is said, and last.safetensors is written all the same, long before the end.
expect 0 'warning  no test images.*more \[data\] identities' "$train" tiny.ini --dry-run --set data.test_fraction=0
expect 0 'next: .*/eval.* --data NAME=SPEC -- -untested$' "$train" tiny.ini --out -untested --set data.test_fraction=0 \
    --set train.steps=2
expect 0 'no validation, which.*every 5 steps' "$train" tiny.ini --dry-run --set data.val_fraction=0 \
    --set train.validate_every=5
"$train" tiny.ini --out blind --set data.val_fraction=0 --set train.validate_every=5 --set train.steps=2000 >out.txt 2>err.txt &
pid=$!
while [ ! -e blind/last.safetensors ] && ! grep -q 'step 500/' out.txt; do kill -0 $pid 2>/dev/null || break; done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
[ -e blind/last.safetensors ] || fail "nothing was saved without validation images: $(cat err.txt)"
[ ! -e blind/best.safetensors ] || fail 'a best.safetensors without a validation'
expect 0 'blind: last.safetensors' "$train" tiny.ini --out blind --resume --set data.val_fraction=0 \
    --set train.validate_every=5 --set train.steps=2

# A resumed run may become longer.
expect 0 '64/64' "$train" tiny.ini --out killed --resume --set train.steps=64

# With other instructions it goes on too, but not to the same bits, and says so.
if grep -q 'convolutions with avx' killed/train.log; then
    expect 0 '65/65' env LOCUS_ISA=portable "$train" tiny.ini --out killed --resume --set train.steps=65
    grep -q 'instruction set' err.txt || fail 'other instructions were not mentioned'
fi

# ---- masks for a few images only ----
active="--set active.picker=uncertainty --set active.budget=0.1"
person="$active --set active.annotate=person"
expect 2 'annotations goes with --resume' "$train" tiny.ini --annotations some.csv
# shellcheck disable=SC2086
expect 2 'mask = 0' "$train" tiny.ini $active --set loss.mask=0
expect 2 'waits for none' "$train" tiny.ini --out runs/tiny --resume --annotations some.csv
# shellcheck disable=SC2086
expect 0 'picked by uncertainty after step 30' "$train" tiny.ini --out oracle $active
for f in oracle/candidates.csv oracle/candidates.png oracle/candidates/0001.png oracle/candidates/0001_mask.png; do
    [ -s "$f" ] || fail "$f is missing"
done
awk -F, '$3 == "train" && ($1 <= 30 ? $11 + 0 != 0 : $11 + 0 == 0) { bad = 1 }
    $3 == "val" && $11 + 0 != 0 { bad = 1 } END { exit bad }' oracle/metrics.csv ||
    fail 'the mask term should be 0 up to step 30 and in validations, and not 0 afterwards'
# shellcheck disable=SC2086
expect 0 'white where the image is forged' "$train" tiny.ini --out "my run" $person
grep -q '"status": "waiting for masks"' "my run/run.json" || fail 'run.json does not say that the run waits'
[ -e "my run/candidates/0001_mask.png" ] && fail 'a mask was given to somebody who shall draw it'
command=$(tail -1 out.txt)
case $command in
*"--out 'my run' --resume --annotations 'my run/candidates.csv'") ;;
*) fail "the command that goes on is not the last line: $command" ;;
esac
eval "$command" >out.txt 2>err.txt && fail 'a run went on without masks'
grep -q 'candidates.csv:2: .*0001_mask.png' err.txt || fail "the missing mask is not named: $(cat err.txt)"
cp oracle/candidates/*_mask.png "my run/candidates/"
eval "$command" >out.txt 2>err.txt || fail "the run did not go on: $(cat err.txt)"
cmp -s oracle/metrics.csv "my run/metrics.csv" || fail 'metrics.csv differs with the same masks, drawn by a person'
tensors oracle/last.safetensors >want.bin
tensors "my run/last.safetensors" >got.bin
cmp -s want.bin got.bin || fail 'last.safetensors differs with the same masks, drawn by a person'
# shellcheck disable=SC2086
expect 2 'has its masks already' "$train" tiny.ini --out "my run" --resume --annotations "my run/candidates.csv" $person

# ---- primary regions: measured by trained detectors, or on the way ----
small='--set data.size=32 --set train.steps=20'
# shellcheck disable=SC2086
{
    expect 2 'unknown; known: train, regions' "$train" tiny.ini --mode region
    expect 2 'expected --out' "$train" tiny.ini --mode regions
    expect 2 'none of' "$train" tiny.ini --mode regions --out maps --resume
    expect 2 'detectors is empty' "$train" tiny.ini --mode regions --out maps
    expect 1 'nowhere' "$train" tiny.ini --mode regions --out maps --set gradcam.detectors=nowhere
    expect 2 '16 x 16' "$train" tiny.ini $small --mode regions --out maps --set gradcam.detectors=killed
    expect 0 'wrote' "$train" tiny.ini $small --out look
    expect 0 'wrote' "$train" tiny.ini $small --out 'look deep' --set model.network=lae_deep --set model.score=region
    expect 0 'seen -> unseen: AUC' "$build/eval" 'look deep' --bootstrap 0
    expect 2 'known: .*encoder.3' "$train" tiny.ini $small --mode regions --out maps --set gradcam.detectors=look \
        --set gradcam.layer=encoder.77
    [ ! -e maps ] || fail 'a mistake left a file of maps'
    cp tiny.ini before.ini
    expect 2 'holds no region maps' "$train" tiny.ini $small --mode regions --out tiny.ini --set gradcam.detectors=look
    cmp -s tiny.ini before.ini || fail 'region maps went into the configuration'
    expect 2 'look: is a folder' "$train" tiny.ini $small --mode regions --out look --set gradcam.detectors=look
    expect 0 '2 detectors' "$train" tiny.ini $small --mode regions --out 'new/the maps' \
        --set 'gradcam.detectors=look, look deep/last.safetensors' --set regions.remove=primary \
        --set 'regions.maps=new/the maps'
    [ -s 'new/the maps.png' ] || fail 'no picture of the regions'
    expect 0 'by the maps of' "$train" tiny.ini $small --out removed --set regions.remove=primary \
        --set 'regions.maps=new/the maps'
    expect 3 'stale' "$train" tiny.ini $small --out other --set regions.remove=primary --set data.noise=4 \
        --set 'regions.maps=new/the maps'
    expect 0 'wrote own/regions.maps' "$train" tiny.ini $small --out own --set regions.remove=primary
    expect 2 'known: .*encoder.3' "$train" tiny.ini $small --dry-run --set regions.remove=primary --set gradcam.layer=encoder.77
    expect 1 'nowhere' "$train" tiny.ini $small --dry-run --set regions.remove=primary --set regions.maps=nowhere
    cp -r look borrowed
    expect 0 'wrote' "$train" tiny.ini $small --out lent --set regions.remove=primary --set gradcam.detectors=borrowed
    rm -r borrowed
    expect 0 'wrote' "$train" tiny.ini $small --out lent --resume --set regions.remove=primary \
        --set gradcam.detectors=borrowed --set train.steps=30
    env --default-signal=INT "$train" tiny.ini --set data.size=32 --set data.identities=4000 --mode regions --out stopped \
        --set gradcam.detectors=look >out.txt 2>err.txt &
    pid=$!
    sleep 1
    kill -INT $pid
    wait $pid
    got=$?
    [ $got -eq 130 ] || fail "SIGINT while measuring ended with $got, expected 130: $(cat err.txt)"
    for f in stopped*; do [ ! -e "$f" ] || fail "SIGINT while measuring left $f"; done
}

# ---- divergence: exit 4, named, never saved ----
expect 4 'step ' "$train" tiny.ini --out diverged --set optim.lr=1e38 --set optim.optimizer=sgd
[ ! -e diverged/last.safetensors ] || fail 'a diverged run was saved'

# ---- sanity checks that write nothing ----
# At 16 pixels the latent has one position, so the map cannot follow a mask: its loss is left out.
expect 0 '^learned by heart' "$train" tiny.ini --overfit-batch 8 --set train.steps=150 --set optim.lr=0.01 \
    --set loss.mask=0
grep -q '^score: .* at least 0.1  *ok$' out.txt || fail 'it does not say what it judges by'
expect 1 'not learned by heart' "$train" tiny.ini --overfit-batch 8 --set train.steps=2
grep -q ' NO$' out.txt || fail 'it does not say what was not learned'
expect 0 'GFLOP/s' "$train" tiny.ini --profile --set train.steps=5
grep -q '^adversary' out.txt && fail 'a profile without an adversary speaks of one'
expect 0 '^adversary .* ms .*in ops' "$train" tiny.ini --profile --set train.steps=5 --set blur.kind=generator

[ "$failures" -eq 0 ] && echo 'e2e_train: all passed'
[ "$failures" -eq 0 ]
