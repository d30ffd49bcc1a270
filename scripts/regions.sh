#!/bin/sh
# Primary region regularisation in both its stages, from nothing: train detectors, measure where they look, train one that
# does without, evaluate it.
#
#   scripts/regions.sh OUT [options of train, for all of them, e.g. --seed 2 --set data.identities=1000]
#
# Stage 1: three networks, each trained as configs/baseline.ini says, on the very images that stage 2 trains on (one seed
# makes the data); their maps go to OUT/regions.maps, a picture of some to OUT/regions.maps.png. Stage 2: OUT/prle, trained
# by configs/prle.ini with these maps. What is complete is not done again; interrupted training resumes.
set -eu
build=${B:-build}
configs=${CONFIGS:-configs}
networks=${NETWORKS:-lae_small lae_deep lae_base}
out=${1:?usage: scripts/regions.sh OUT [options of train]}
shift

say() { printf '\n== %s\n' "$*"; }
# run FOLDER CONFIG OPTIONS...: train to the end, unless that was done
run() {
    folder=$1 config=$2
    shift 2
    [ ! -f "$folder.done" ] || return 0
    resume=
    [ ! -f "$folder/last.safetensors" ] || resume=--resume
    "$build/train" "$config" --out "$folder" $resume "$@"
    : >"$folder.done"
}

mkdir -p "$out"
printf '%s\n' "$networks" "$@" >"$out/options.now"
[ -f "$out/options" ] || cp "$out/options.now" "$out/options"
cmp -s "$out/options" "$out/options.now" ||
    { echo "regions.sh: $out was made with other options (see $out/options); choose another folder" >&2; exit 2; }
detectors=
for network in $networks; do
    say "stage 1: a detector, $network"
    run "$out/$network" "$configs/baseline.ini" "$@" --set "model.network=$network"
    detectors=$detectors${detectors:+,}$out/$network
done

# The latent is the one layer that means the same in each network. The mean of several maps is high in fewer places than one
# map is: above .6 lie 7 % of the pixels, above .5 17 % (three detectors, trained briefly).
say "stage 1: where they look"
[ -f "$out/regions.maps" ] ||
    "$build/train" "$configs/prle.ini" --set gradcam.layer= --set gradcam.t1=0.5 "$@" --mode regions \
        --out "$out/regions.maps" --set "gradcam.detectors=$detectors"

say "stage 2: a detector that does without"
run "$out/prle" "$configs/prle.ini" "$@" --set "regions.maps=$out/regions.maps"
"$build/eval" "$out/prle"
