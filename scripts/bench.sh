#!/bin/sh
# Speed and peak memory of a training step, ours and PyTorch's in turn, in one run; prints a table and writes
# BUILD/bench.csv (case,metric,ours,peer,ratio). Where python3-torch is absent the peer's columns stay empty.
# usage: bench.sh BUILD_DIR [rounds]
set -eu
build=$1
rounds=${2:-3}
seconds=4
batch=16
csv=$build/bench.csv
raw=$build/bench.raw

python=
for p in python3 /usr/bin/python3; do
    if "$p" -c 'import torch' 2>/dev/null; then
        python=$p
        break
    fi
done
if [ -n "$python" ]; then
    echo "peer: PyTorch $("$python" -c 'import torch; print(torch.__version__)'), channels_last, all CPUs"
else echo "peer: none (python3-torch is not installed)"; fi

: >"$raw"
for network in lae_small lae_base; do
    for size in 128 256; do
        round=0
        while [ $round -lt "$rounds" ]; do
            echo "$network-$size-b$batch ours $("$build/bench" $network $size $batch $seconds)" >>"$raw"
            [ -z "$python" ] || echo "$network-$size-b$batch peer $("$python" \
                "$(dirname "$0")/../tests/bench/torch_bench.py" $network $size $batch $seconds)" >>"$raw"
            round=$((round + 1))
        done
    done
done

# Medians over the rounds; the ratio is ours / peer, so speed wants it above 1 and memory below.
awk '
    { if (!($1 in seen)) { seen[$1] = 1; order[++cases] = $1 } }
    { n[$1 $2]++; speed[$1 $2, n[$1 $2]] = $3; memory[$1 $2, n[$1 $2]] = $4 }
    function median(v, key,    m, i, j, a, t) {
        m = n[key]
        if (!m) return ""
        for (i = 1; i <= m; i++) a[i] = v[key, i]
        for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
        return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
    }
    function row(name, metric, ours, peer) {
        print name "," metric "," ours "," peer "," (peer == "" ? "" : sprintf("%.3f", ours / peer))
    }
    END {
        print "case,metric,ours,peer,ratio"
        for (i = 1; i <= cases; i++) {
            row(order[i], "images_per_s", median(speed, order[i] "ours"), median(speed, order[i] "peer"))
            row(order[i], "peak_mib", median(memory, order[i] "ours"), median(memory, order[i] "peer"))
        }
    }' "$raw" >"$csv"
rm -f "$raw"
awk -F, '{ printf "%-22s %-14s %10s %10s %8s\n", $1, $2, $3, $4, $5 }' "$csv"
echo "written: $csv"
