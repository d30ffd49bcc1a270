#!/bin/sh
# Each public data set in miniature, from videos to an evaluated run: scripts/extract_frames, the recipe of
# configs/datasets, build/data, build/train and build/eval. Skipped where ffmpeg is absent.
# usage: e2e_datasets.sh BUILD_DIR
build=${1:-build}
extract=scripts/extract_frames
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

for tool in ffmpeg ffprobe; do
    command -v $tool >/dev/null || { echo "e2e_datasets: skipped, $tool is not there" && exit 77; }
done

fail() {
    echo "e2e_datasets: $*"
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

# ---- the miniatures: films of 8 frames of 64 x 64; a forgery is a box of 20 x 24 that moves by a pixel a frame ----

# films KIND N:FILE...: one run of ffmpeg makes them all. KIND is real, fake (a red box) or mask (a white box on black).
# Film N of a `world` is a scene of its own with a place of its own for the box.
world=0
films() {
    kind=$1 graph='' k=0
    shift
    count=$#
    while [ "$k" -lt "$count" ]; do
        n=${1%%:*} file=${1#*:}
        shift
        scene="testsrc2=s=64x64:r=8,hue=h=$((world * 70 + n * 40)):s=$((1 + n))"
        box="color=black:s=20x24:r=8"
        case $kind in
        real) graph="$graph;$scene[v$k]" ;;
        fake) box=color=red scene="$scene" ;;
        mask) box=color=white scene=color=black:s=64x64:r=8 ;;
        esac
        [ "$kind" = real ] ||
            graph="$graph;${scene}[s$k];$box:s=20x24:r=8[b$k];[s$k][b$k]overlay=x=$((6 + 5 * n))+n:y=$((8 + n))[v$k]"
        mkdir -p "${file%/*}"
        set -- "$@" -map "[v$k]" -frames:v 8 -c:v mpeg4 -q:v 2 "$file"
        k=$((k + 1))
    done
    ffmpeg -v error -nostdin -y -filter_complex "${graph#;}" "$@" || fail "ffmpeg could not make the miniature"
}

pixels() { # PNG -> its grey values, one a line
    ffmpeg -v error -nostdin -i "$1" -f rawvideo -pix_fmt gray - | od -An -v -t u1 | tr -s ' ' '\n' | grep .
}

# ---- FaceForensics++ ----
ff=$dir/FaceForensics++
originals=$ff/original_sequences/youtube/c23 swaps=$ff/manipulated_sequences/Deepfakes reenacted=$ff/manipulated_sequences/Face2Face
films real 0:"$originals/videos/000.mp4" 2:"$originals/videos/002.mp4" 4:"$originals/videos/004.mp4"
films fake 0:"$swaps/c23/videos/000_001.mp4" 2:"$swaps/c23/videos/002_003.mp4" 4:"$swaps/c23/videos/004_005.mp4" \
    4:"$reenacted/c23/videos/004_005.mp4"
films mask 0:"$swaps/masks/videos/000_001.mp4" 2:"$swaps/masks/videos/002_003.mp4" 4:"$swaps/masks/videos/004_005.mp4" \
    4:"$reenacted/masks/videos/004_005.mp4"
mkdir "$ff/splits"
echo '[["000", "001"]]' >"$ff/splits/train.json"
echo '[["002", "003"]]' >"$ff/splits/val.json"
echo '[["004", "005"]]' >"$ff/splits/test.json"

expect 0 "7 videos, 7 to do" "$extract" --frames 3 --dry-run "$ff"
[ -d "$swaps/c23/frames" ] && fail "--dry-run did something"
head -c 900 "$originals/videos/004.mp4" >"$originals/videos/005.mp4"
cp "$originals/videos/004.mp4" "$originals/videos/009.mp4"
expect 1 "2 videos failed" "$extract" --frames 3 --jobs 2 "$ff"
grep -q '005\.mp4: no frame can be read\|005\.mp4: .*nothing says where the face is' "$dir/said" || fail "005.mp4 is not named"
grep -q '009\.mp4: no mask video of its target' "$dir/said" || fail "a video without a box is not named"
rm "$originals/videos/005.mp4" "$originals/videos/009.mp4"
rm -r "$originals/frames/002"
expect 0 "6 videos, 1 to do" "$extract" --frames 3 "$ff"
expect 2 "made with" "$extract" --frames 4 "$ff"
for n in 0000 0003 0007; do
    for folder in "$originals/frames/004" "$swaps/c23/frames/004_005" "$swaps/c23/masks/004_005" "$reenacted/c23/masks/004_005"; do
        [ -s "$folder/$n.png" ] || fail "$folder/$n.png was not made"
    done
    # The mask lies where forged and original frame differ, and nowhere else: the same frame, cut the same way.
    for part in "originals/frames/004" "swaps/c23/frames/004_005" "swaps/c23/masks/004_005"; do
        eval "pixels \"\$${part%%/*}/${part#*/}/$n.png\"" >"$dir/$(echo "$part" | tr / _)"
    done
    paste "$dir/originals_frames_004" "$dir/swaps_c23_frames_004_005" "$dir/swaps_c23_masks_004_005" | awk -v n="$n" '
        $3 != 0 && $3 != 255 { grey++ }
        { d = $1 > $2 ? $1 - $2 : $2 - $1; sum[$3 > 0] += d; count[$3 > 0]++ }
        END {
            if (NR != 31 * 31) print n ": " NR " pixels, expected 1.3 times 24, squared"
            if (grey) print n ": " grey " pixels of the mask are neither 0 nor 255"
            if (count[1] < 440 || count[1] > 520) print n ": the mask has " count[1] " pixels, expected about 480"
            if (sum[1] / count[1] < 30 || sum[0] / count[0] > 6)
                print n ": frames differ by " sum[1] / count[1] " inside the mask, " sum[0] / count[0] " outside"
        }' >"$dir/differ"
    [ -s "$dir/differ" ] && fail "$(cat "$dir/differ")"
done
times
