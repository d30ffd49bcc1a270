#!/bin/sh
# Train several configurations with several seeds and print one table: mean and standard deviation over the seeds.
#
#   scripts/compare.sh OUT "1 2 3" configs/lae.ini configs/baseline.ini [-- further options of train]
#
# Each run goes to OUT/<configuration>-<seed>; runs that are complete are not trained again, interrupted ones resume.
set -eu
build=${B:-build}
out=$1 seeds=$2
shift 2
configs=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    configs="$configs $1"
    shift
done
[ $# -eq 0 ] || shift

mkdir -p "$out"
for seed in $seeds; do
    for config in $configs; do
        name=$(basename "$config" .ini)
        run=$out/$name-$seed
        [ ! -f "$run/eval/eval.csv" ] || continue
        resume=
        [ ! -f "$run/last.safetensors" ] || resume=--resume
        echo "== $name, seed $seed" >&2
        "$build/train" "$config" --out "$run" --seed "$seed" $resume "$@" >"$run.log" 2>&1 ||
            { tail -n 5 "$run.log" >&2; exit 1; }
        "$build/eval" "$run" >>"$run.log" 2>&1 || { tail -n 5 "$run.log" >&2; exit 1; }
    done
done

# One line a run and manipulation: configuration, method, seen, AUC, balanced accuracy, pixel AUC. Of the pooled rows only
# that over all unseen manipulations says something new.
for config in $configs; do
    for seed in $seeds; do
        awk -F, -v c="$(basename "$config" .ini)" '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["row"] == "pooled" && $at["method"] != "unseen" { next }
            {
                name = $at["row"] == "pooled" ? "all unseen" : $at["method"]
                print c "," name "," $at["seen"] "," $at["auc"] "," $at["balanced_accuracy"] "," $at["pixel_auc"]
            }
        ' "$out/$(basename "$config" .ini)-$seed/eval/eval.csv"
    done
done | awk -F, '
    !($1 in configs) { configs[$1] = ++nc; config[nc] = $1 }
    !($2 in methods) { methods[$2] = ++nm; method[nm] = $2; seen[$2] = $3 }
    {
        for (k = 4; k <= 6; k++) if ($k != "") {
            key = $1 SUBSEP $2 SUBSEP k
            n[key]++; sum[key] += $k; square[key] += $k * $k
        }
    }
    function cell(c, m, k,    key, mean, var) {
        key = c SUBSEP m SUBSEP k
        if (!n[key]) return "n/a"
        mean = sum[key] / n[key]
        var = n[key] > 1 ? (square[key] - n[key] * mean * mean) / (n[key] - 1) : 0
        return sprintf("%.3f ± %.3f", mean, var > 0 ? sqrt(var) : 0)
    }
    END {
        printf "| tested on | |"
        for (i = 1; i <= nc; i++) printf " %s: AUC | balanced accuracy | pixel AUC |", config[i]
        printf "\n|---|---|"
        for (i = 1; i <= nc; i++) printf "---|---|---|"
        printf "\n"
        for (j = 1; j <= nm; j++) {
            printf "| %s | %s |", method[j], seen[method[j]] == "1" ? "seen" : (seen[method[j]] == "0" ? "unseen" : "")
            for (i = 1; i <= nc; i++)
                printf " %s | %s | %s |", cell(config[i], method[j], 4), cell(config[i], method[j], 5),
                       cell(config[i], method[j], 6)
            printf "\n"
        }
    }' | tee "$out/table.md"
