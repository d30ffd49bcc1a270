#!/bin/sh
# e2e_report.sh BUILD -- report.html and TensorBoard's file of a short run: the same after an interruption, no change to the
# run, and in a real browser no error, a slider that works, and pictures to look at (BUILD/report-shots).
build=$(cd "${1:-build}" && pwd) || exit 1
train=$build/train
python=${LOCUS_PYTHON:-python3}
browser=${LOCUS_BROWSER:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "e2e_report: $*" >&2
    failures=$((failures + 1))
}

cat >tiny.ini <<INI
include = $build/configs/lae.ini
[data]
identities = 100
size = 32
[optim]
ema = 0.9
[train]
batch = 8
steps = 30
validate_every = 5
log_every = 5
INI

# The tensors of a safetensors file, without its header.
tensors() {
    header=$(od -An -tu8 -N8 "$1" | tr -d ' ')
    tail -c "+$((header + 9))" "$1"
}

# A report without what depends on the clock and on the folder's name.
timeless() {
    sed -e '/<dt>begun, ended</d; /<dt>time</d; /<dt>speed</d; /<dt>folder</d; /<span>Time</d' -e "s/Training of $1/Training/" "$1/report.html"
}

# ---- a run, the same without a report, the same interrupted ----
"$train" tiny.ini --out whole >whole.log 2>&1 || fail "the run failed: $(tail -1 whole.log)"
"$train" tiny.ini --set train.report=0 --out plain >plain.log 2>&1 || fail "the run without a report failed"
if [ -e plain/report.html ] || [ -e plain/probe ]; then fail "report = 0 left a report"; fi
cmp -s whole/metrics.csv plain/metrics.csv || fail "the report changes metrics.csv"
for file in best last; do
    [ "$(tensors whole/$file.safetensors | cksum)" = "$(tensors plain/$file.safetensors | cksum)" ] ||
        fail "the report changes $file.safetensors"
done

"$train" tiny.ini --out broken >broken.log 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null && ! grep -qs 'step 15/' broken.log; do sleep 0.05; done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || fail "the interrupted run did not end with 130: $(tail -1 broken.log)"
grep -q 'The run was interrupted and can go on' broken/report.html || fail "the report does not say that the run was interrupted"
"$train" tiny.ini --out broken --resume >>broken.log 2>&1 || fail "the run did not go on"
for file in whole/probe/*; do
    cmp -s "$file" "broken/${file#whole/}" || fail "$file differs after an interruption"
done
timeless whole >whole.txt
timeless broken >broken.txt
cmp -s whole.txt broken.txt || fail "report.html differs after an interruption"
[ "$(find broken -name 'events.out.tfevents.*' | wc -l)" -eq 1 ] || fail "not one event file but several"

# ---- the file itself ----
[ "$(wc -c <whole/report.html)" -lt 10000000 ] || fail "report.html is larger than 10 MB"
! grep -Eq '(src|href)="[^d#]|https?:|@import|url\(' whole/report.html || fail "report.html refers to something outside of it"
for id in maps rebuilt curves latents blur regions run words; do
    grep -q "<section id=\"$id\">" whole/report.html || fail "report.html has no section $id"
    grep -q "href=\"#$id\"" whole/report.html || fail "report.html does not link to its section $id"
done
if "$python" -c 'import xml.dom.minidom' 2>/dev/null; then
    "$python" -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' whole/report.html || fail "report.html is not well-formed"
else
    echo "e2e_report: no $python, so no parser has read the page"
fi

# ---- TensorBoard ----
cat >steps.py <<'PYTHON'
import sys
from tensorboard.backend.event_processing import event_accumulator as ea
a = ea.EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0})
a.Reload()
tags = a.Tags()
for tag in ('train/loss', 'train/cls', 'train/lr', 'val/loss', 'val/auc'):
    assert [e.step for e in a.Scalars(tag)] == [5, 10, 15, 20, 25, 30], (tag, a.Scalars(tag))
assert [e.step for e in a.Images('probe/maps')] == [0, 5, 10, 15, 20, 25, 30], a.Images('probe/maps')
assert [e.step for e in a.Images('probe/images and masks')] == [0]
PYTHON
if "$python" -c 'import tensorboard' 2>/dev/null; then
    for run in whole broken; do
        "$python" steps.py $run 2>steps.log || fail "TensorBoard does not read the events of the run '$run': $(tail -1 steps.log)"
    done
else
    echo "e2e_report: no tensorboard in $python, so no other reader has read the events"
fi

# ---- a real browser ----
# browse OUTPUT PAGE OPTIONS...: runs it; what the page writes to the console stands in browser.log.
browse() {
    output=$1 page=$2
    shift 2
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr \
        --user-data-dir="$work/profile" --virtual-time-budget=5000 "$@" "file://$work/$page" >"$output" 2>browser.log
}

# Moves the slider to its first step, and notes what is to be seen then.
cat >hook.js <<'JS'
<script>
var frames = Array.from(document.querySelectorAll('[data-frame]'));
var input = document.querySelector('.slider input');
function seen() { return frames.filter(function (e) { return e.offsetParent !== null; }); }
var before = seen(), label = document.querySelector('.slider output');
var text = 'count ' + before.length + ' at ' + before[0].dataset.frame + ' says ' + label.textContent;
input.value = '0';
input.dispatchEvent(new Event('input'));
var after = seen();
text += '; count ' + after.length + ' at ' + after[0].dataset.frame + ' says ' + label.textContent;
text += '; wide ' + (document.documentElement.scrollWidth - document.documentElement.clientWidth);
document.body.setAttribute('data-found', text);
</script>
JS

check_browser() {
    awk '/^<\/body>/ { while ((getline line < "hook.js") > 0) print line } { print }' whole/report.html >hooked.html
    for width in 1200 400; do
        browse dom.txt hooked.html --window-size=$width,900 --dump-dom || fail "the browser does not open the page"
        ! grep -q 'CONSOLE' browser.log || fail "the page writes to the console: $(grep CONSOLE browser.log | head -3)"
        found=$(grep -o 'data-found="[^"]*"' dom.txt)
        [ "$found" = 'data-found="count 8 at 6 says step 30; count 8 at 0 says step 0 (untrained); wide 0"' ] ||
            fail "at a width of $width the slider shows: $found"
    done
    mkdir -p "$build/report-shots"
    sed 's/prefers-color-scheme:dark/min-width:1px/g' whole/report.html >dark.html
    browse /dev/null whole/report.html --window-size=1200,5000 --screenshot=wide.png || fail "no screenshot"
    browse /dev/null dark.html --window-size=1200,5000 --screenshot=dark.png || fail "no dark screenshot"
    browse /dev/null whole/report.html --window-size=400,5000 --screenshot=narrow.png || fail "no narrow screenshot"
    sed '/^<script>/,/^<\/script>/d' whole/report.html >noscript.html
    browse /dev/null noscript.html --window-size=1200,5000 --screenshot=noscript.png || fail "no screenshot without the script"
    for shot in wide dark narrow noscript; do
        [ "$(wc -c <$shot.png)" -gt 50000 ] || fail "the screenshot $shot.png is nearly empty"
        cp $shot.png "$build/report-shots/" || fail "$shot.png cannot be kept"
    done
}

if [ -n "$browser" ]; then
    check_browser
else
    echo "e2e_report: no chromium, so no browser has opened the page"
fi

if [ "$failures" -gt 0 ]; then
    tail -n 5 whole.log >&2
    exit 1
fi
echo "e2e_report: ok"
