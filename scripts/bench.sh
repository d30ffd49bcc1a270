#!/bin/sh
# Speed and memory, ours and the peers' in turn, in one run; prints one table and writes BUILD/bench.csv
# (case,metric,ours,peer_name,peer,ratio,target). What the cases and columns mean: tests/bench/README.md.
#
#   bench.sh BUILD_DIR [part...]     parts: check conv step infer first scale, quick (the default), all
#   bench.sh BUILD_DIR setup         make BUILD_DIR/torch-venv with pip's PyTorch
#
# BENCH_ROUNDS: turns of every contestant; BENCH_SECONDS: of each turn; LOCUS_TORCH_PYTHON: a Python that imports torch.
set -eu
build=$1
shift
here=$(dirname "$0")/../tests/bench
raw=$build/bench.raw
csv=$build/bench.csv
seconds=${BENCH_SECONDS:-2}
cpus=$(nproc 2>/dev/null || echo 2)

# ---- peers ----

imports_torch() { [ -n "$1" ] && command -v "$1" >/dev/null && "$1" -c 'import torch' 2>/dev/null; }

if [ "${1:-}" = setup ]; then
    venv=$build/torch-venv
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    # pip's default build for Linux depends on some GB of CUDA libraries, without which it cannot be imported.
    "$venv/bin/pip" install -q ${BENCH_TORCH_INDEX:+--index-url "$BENCH_TORCH_INDEX"} torch numpy
    imports_torch "$venv/bin/python" || { echo "bench: $venv cannot import torch" >&2; exit 1; }
    echo "bench: $venv has PyTorch $("$venv/bin/python" "$here/torch_bench.py" version)"
    exit 0
fi

# The newest PyTorch at hand; and, where that is a build with CUDA (whose libraries cost memory and time to load), a
# build for CPUs alone beside it, so that nobody is judged by libraries that are of no use here.
python=
cpu_python=
for p in "${LOCUS_TORCH_PYTHON:-}" "$build/torch-venv/bin/python" python3 /usr/bin/python3; do
    imports_torch "$p" || continue
    if [ -z "$python" ]; then
        python=$p
    elif "$p" -c 'import torch; raise SystemExit(torch.version.cuda is not None)'; then
        "$python" -c 'import torch; raise SystemExit(torch.version.cuda is None)' && cpu_python=$p
        break
    fi
done
if [ -n "$python" ]; then echo "peer: PyTorch $("$python" "$here/torch_bench.py" version)"; else
    echo "peer: no PyTorch (python3-torch, or \`make bench-torch\`)"
fi
[ -z "$cpu_python" ] || echo "peer: PyTorch $("$cpu_python" "$here/torch_bench.py" version), as cpu_..."

settings="installed channels_last tuned_nchw tuned_channels_last"
tuned="GLIBC_TUNABLES=glibc.malloc.hugetlb=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184
    ATEN_CPU_CAPABILITY=avx512 OPENBLAS_CORETYPE=SkylakeX"

run_torch() { # setting argument...
    setting=$1
    shift
    with=$python
    case $setting in cpu_*) with=$cpu_python ;; esac
    case $setting in *channels_last*) set -- --layout channels_last "$@" ;; esac
    # With tuning goes the number of threads; as installed, PyTorch decides.
    case $setting in *installed) ;; *) set -- --threads 0 "$@" ;; esac
    # shellcheck disable=SC2086
    case $setting in
    *tuned*) env $tuned "$with" "$here/torch_bench.py" "$@" ;;
    *) "$with" "$here/torch_bench.py" "$@" ;;
    esac
}

# ---- records: one line "case side metric value" each ----

record() { # case side "name=value ..."
    echo "$3" | tr ' ' '\n' | sed -n "s/^\([a-z_0-9]*\)=\(.*\)/$1 $2 \1 \2/p" >>"$raw"
}

ours() { # case side bench-argument...
    name=$1
    side=$2
    shift 2
    if line=$("$build/bench" "$@"); then record "$name" "$side" "$line"; else echo "bench: no result for $name" >&2; fi
}

peer() { # case setting torch-argument...
    name=$1
    side=$2
    shift 2
    if line=$(run_torch "$side" "$@"); then record "$name" "torch_$side" "$line"; else
        echo "bench: no result for $name, PyTorch $side" >&2
    fi
}

contest() { # case rounds "settings" argument...
    case_name=$1
    turns=${BENCH_ROUNDS:-$2}
    who=$3
    shift 3
    [ -n "$python" ] || who=
    printf '  %s\n' "$case_name" >&2
    while [ "$turns" -gt 0 ]; do
        ours "$case_name" ours "$@"
        for s in $who; do peer "$case_name" "$s" "$@"; done
        turns=$((turns - 1))
    done
}

# ---- parts ----

# Both sides start from the same weights and batch; the first three losses must agree, or nothing below compares.
part_check() {
    [ -n "$python" ] || return 0
    for network in lae_ref lae_small lae_base resnet18; do
        { "$build/bench" losses $network 128 4 && run_torch installed losses $network 128 4; } | awk -v name=$network '
            { for (i = 1; i <= NF; i++) if (split($i, f, "=") == 2) v[NR, f[1]] = f[2] }
            END {
                if (NR != 2) { print name ": no losses to compare"; exit 1 }
                for (i = 0; i < 3; i++) {
                    d = v[1, "loss" i] - v[2, "loss" i]
                    if (d < 0) d = -d
                    if (d / v[2, "loss0"] > worst) worst = d / v[2, "loss0"]
                    if (!(d / v[2, "loss0"] < 1e-4)) bad = 1
                }
                if (v[1, "weights"] != v[2, "weights"]) bad = 1
                printf "%s work: %s: %d and %d weights, losses agree to %.0e\n", bad ? "DIFFERENT" : "same", name,
                    v[1, "weights"], v[2, "weights"], worst
                exit bad
            }' || { echo "bench: $network does not do the same work as its peer" >&2; exit 1; }
    done
}

# N C H W O K stride upsample; then the ratio to oneDNN's direct algorithm that we aim at. The decoder of lae_ref and its
# first and last layer stand below the listed shapes.
convolutions() {
    cat <<END
32  32 64 64  32 3 1 1 1.6
32  64 32 32  64 3 1 1 1.6
32 128 16 16 128 3 1 1 1.6
32 256  8  8 256 3 1 1 1.6
32  32 64 64  64 3 2 1 1.0
32 128 16 16 256 3 2 1 1.0
32 128  8  8 128 3 1 2 2.0
32 128 16 16  64 3 1 2 2.0
32  64 32 32  32 3 1 2 2.0
32  32 64 64  16 3 1 2 2.0
END
    [ $full = 0 ] || cat <<END
32   3 128 128 32 3 1 1 -
32  16 128 128  3 3 1 1 -
END
}

part_conv() {
    program="$build/onednn_bench"
    if "$program" -v >/dev/null 2>&1; then echo "peer: $("$program" -v)"; else
        program="$build/bench"
        echo "peer: no oneDNN 2.x (libdnnl-dev)"
    fi
    convolutions | while read -r N C H W O K stride upsample target; do
        for threads in 1 $([ "$cpus" -eq 1 ] || echo "$cpus"); do
            name=conv_${C}x${H}x${W}_${O}
            [ "$stride" = 1 ] || name=${name}_stride$stride
            [ "$upsample" = 1 ] || name=${name}_up$upsample
            name=${name}_t$threads
            printf '  %s\n' "$name" >&2
            [ "$target" = - ] || echo "$name target auto $target" >>"$raw"
            set -- "$N" "$C" "$H" "$W" "$O" "$K" "$stride" "$upsample" "$seconds"
            [ "$program" != "$build/bench" ] || set -- conv "$@"
            "$program" -t "$threads" -k auto,exact "$@" | while read -r line; do
                side=${line%% *}
                record "$name" "${side#contestant=}" "${line#* }"
            done
        done
    done
}

part_step() {
    all=$settings
    [ -z "$cpu_python" ] || all="$settings cpu_installed cpu_channels_last cpu_tuned_channels_last"
    contest lae_ref-128-b16 5 "$all" step lae_ref 128 16 "$seconds"
    rounds=1
    [ $full = 0 ] || rounds=2
    for network in lae_small lae_base resnet18; do
        contest $network-128-b16 $rounds "$settings" step $network 128 16 "$seconds"
    done
    [ $full = 1 ] || return 0
    contest lae_ref-128-b64 2 "$settings" step lae_ref 128 64 "$seconds"
    contest lae_ref-256-b16 2 "$settings" step lae_ref 256 16 "$seconds"
}

part_infer() {
    contest lae_ref-128-b16-infer $((2 + full)) "$settings" infer lae_ref 128 16 "$seconds"
}

part_first() {
    all=$settings
    [ -z "$cpu_python" ] || all="$settings cpu_installed cpu_tuned_channels_last"
    contest lae_ref-128-b16-first $((2 + full)) "$all" first lae_ref 128 16
}

# As many processes of one thread as there are CPUs, at once; their images per second together are what so many threads
# can have at most on this machine at this moment.
apart() { # case bench-argument...
    name=$1
    shift
    for _ in $(seq "$cpus"); do "$build/bench" -t 1 "$@" & done >"$raw.apart"
    wait
    record "$name" ours_apart "images_per_s=$(sed 's/images_per_s=\([0-9.]*\).*/\1/' "$raw.apart" |
        awk '{ sum += $1 } END { print sum }')"
    rm "$raw.apart"
}

# From one thread to all: the same program is its own peer. Then the batch.
part_scale() {
    turns=${BENCH_ROUNDS:-9}
    echo "  lae_ref-128-b16-threads" >&2
    while [ "$turns" -gt 0 ]; do
        ours lae_ref-128-b16-threads ours -t 0 step lae_ref 128 16 "$seconds"
        ours lae_ref-128-b16-threads ours_1_thread -t 1 step lae_ref 128 16 "$seconds"
        apart lae_ref-128-b16-threads step lae_ref 128 16 "$seconds"
        turns=$((turns - 1))
    done
    for batch in 1 4 16 64; do
        contest lae_ref-128-b$batch-scale 1 "installed tuned_channels_last" step lae_ref 128 $batch "$seconds"
    done
}

full=0
parts=
for part in "${@:-quick}"; do
    case $part in
    quick) parts="$parts check conv step infer first scale" ;;
    all)
        full=1
        parts="$parts check conv step infer first scale"
        ;;
    check | conv | step | infer | first | scale) parts="$parts $part" ;;
    *)
        echo "bench: part \"$part\": unknown; known: check conv step infer first scale quick all" >&2
        exit 2
        ;;
    esac
done

: >"$raw"
for part in $parts; do "part_$part"; done
[ -s "$raw" ] || exit 0
awk -v cpus="$cpus" -f "$here/bench_table.awk" -v csv="$csv" "$raw"
echo "written: $csv"
