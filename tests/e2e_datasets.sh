#!/bin/sh
# Each public data set in miniature, from videos to an evaluated run: scripts/extract_frames, the recipe of
# configs/datasets, build/data, build/train and build/eval. Skipped where ffmpeg is absent.
# usage: e2e_datasets.sh BUILD_DIR
build=${1:-build}
extract=scripts/extract_frames
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/expect.sh
. "$(dirname "$0")/expect.sh"

for tool in ffmpeg ffprobe; do
    command -v $tool >/dev/null || { echo "e2e_datasets: skipped, $tool is not there" && exit 77; }
done

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
        case $kind in
        real) graph="$graph;${scene}[v$k]" colour= ;;
        fake) colour=red ;;
        mask) colour=white scene=color=black:s=64x64:r=8 ;;
        esac
        [ -z "$colour" ] || graph="$graph;${scene}[s$k];color=$colour:s=20x24:r=8[b$k]"
        [ -z "$colour" ] || graph="$graph;[s$k][b$k]overlay=x=$((6 + 5 * n))+n:y=$((8 + n))[v$k]"
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
originals=$ff/original_sequences/youtube/c23
swaps=$ff/manipulated_sequences/Deepfakes
reenacted=$ff/manipulated_sequences/Face2Face
films real 0:"$originals/videos/000.mp4" 2:"$originals/videos/002.mp4" 4:"$originals/videos/004.mp4"
films fake 0:"$swaps/c23/videos/000_001.mp4" 2:"$swaps/c23/videos/002_003.mp4" 4:"$swaps/c23/videos/004_005.mp4"
films mask 0:"$swaps/masks/videos/000_001.mp4" 2:"$swaps/masks/videos/002_003.mp4" 4:"$swaps/masks/videos/004_005.mp4" \
    4:"$reenacted/masks/videos/004_005.mp4"
world=4
films fake 4:"$reenacted/c23/videos/004_005.mp4"
mkdir "$ff/splits"
echo '[["000", "001"]]' >"$ff/splits/train.json"
echo '[["002", "003"]]' >"$ff/splits/val.json"
echo '[["004", "005"]]' >"$ff/splits/test.json"

expect 0 "7 videos, 7 to do" "$extract" --frames 3 --dry-run "$ff"
[ -d "$swaps/c23/frames" ] && fail "--dry-run did something"
mkdir -p "$ff/manipulated_sequences/FaceShifter/c23/videos" # it has no masks; its box is that of Deepfakes
head -c 900 "$originals/videos/004.mp4" >"$ff/manipulated_sequences/FaceShifter/c23/videos/004_005.mp4"
cp "$originals/videos/004.mp4" "$originals/videos/009.mp4"
expect 1 "2 videos failed" "$extract" --frames 3 --jobs 2 "$ff"
grep -q 'FaceShifter/c23/videos/004_005.mp4: no frame can be read' "$dir/said" || fail "a torn video is not named"
grep -q '009.mp4: nothing says where the face is' "$dir/said" || fail "a video without a box is not named"
rm -r "$ff/manipulated_sequences/FaceShifter" "$originals/videos/009.mp4" "$originals/frames/002"
expect 0 "7 videos, 1 to do" "$extract" --frames 3 "$ff"
expect 2 'made with "frames 3, crop 1.3"' "$extract" --frames 4 "$ff"
for made in "$originals/frames/000" "$swaps/c23/frames/000_001" "$swaps/c23/masks/000_001" \
    "$reenacted/c23/masks/004_005"; do
    [ "$(cd "$made" && echo *)" = "0000.png 0003.png 0007.png" ] || fail "$made does not hold frames 0, 3 and 7"
done

# The mask lies where forged and original frame differ, and nowhere else: the same frame, cut out alike.
pixels "$originals/frames/004/0003.png" >"$dir/original"
pixels "$swaps/c23/frames/004_005/0003.png" >"$dir/forged"
pixels "$swaps/c23/masks/004_005/0003.png" >"$dir/mask"
paste "$dir/original" "$dir/forged" "$dir/mask" | awk '
    $3 != 0 && $3 != 255 { grey++ }
    { d = $1 > $2 ? $1 - $2 : $2 - $1; sum[$3 > 0] += d; count[$3 > 0]++ }
    END {
        if (NR != 31 * 31) print NR " pixels, expected 1.3 times 24, squared"
        if (grey) print grey " pixels of the mask are neither 0 nor 255"
        if (count[1] < 440 || count[1] > 520) print "the mask has " count[1] " pixels, expected about 480"
        if (sum[1] < 15 * count[1] || sum[0] > 5 * count[0])
            print "frames differ by " sum[1] / count[1] " inside the mask, " sum[0] / count[0] " outside"
    }' >"$dir/differ"
[ -s "$dir/differ" ] && fail "$(cat "$dir/differ")"

# ---- Celeb-DF: no masks; a list of boxes, or whole frames ----
world=1 celeb=$dir/Celeb-DF-v2
films real 0:"$celeb/Celeb-real/id0_0000.mp4" 1:"$celeb/Celeb-real/id2_0000.mp4" 2:"$celeb/YouTube-real/00000.mp4" \
    3:"$celeb/YouTube-real/00001.mp4"
films fake 0:"$celeb/Celeb-synthesis/id0_id1_0000.mp4" 1:"$celeb/Celeb-synthesis/id2_id3_0000.mp4"
printf '%s\n' '1 YouTube-real/00000.mp4' '0 Celeb-synthesis/id0_id1_0000.mp4' '1 Celeb-real/id0_0000.mp4' \
    >"$celeb/List_of_testing_videos.txt"
expect 2 "nothing says where the faces are" "$extract" "$celeb"
{
    echo video,frame,x,y,width,height
    for video in Celeb-real/id0_0000 Celeb-real/id2_0000 YouTube-real/00000 YouTube-real/00001 \
        Celeb-synthesis/id0_id1_0000 Celeb-synthesis/id2_id3_0000; do
        echo "$video.mp4,0,6,8,20,24"
        echo "$video.mp4,7,40,40,20,30"
    done
} >"$dir/boxes.csv"
expect 0 "all is there" "$extract" --every 5 --boxes "$dir/boxes.csv" "$celeb"
made=$celeb/Celeb-real/frames/id0_0000
[ "$(pixels "$made/0000.png" | wc -l)" -eq $((31 * 31)) ] || fail "frame 0 is not cut by the first box"
[ "$(pixels "$made/0005.png" | wc -l)" -eq $((39 * 39)) ] || fail "frame 5 is not cut by the nearest box"

# ---- DFDC: whole frames ----
world=2 dfdc=$dir/DFDC
films real 0:"$dfdc/videos/aaa.mp4" 1:"$dfdc/videos/bbb.mp4" 2:"$dfdc/videos/ccc.mp4"
films fake 3:"$dfdc/videos/ddd.mp4" 4:"$dfdc/videos/eee.mp4" 5:"$dfdc/videos/fff.mp4"
printf '%s\n' filename,label aaa.mp4,0 bbb.mp4,0 ccc.mp4,0 ddd.mp4,1 eee.mp4,1 fff.mp4,1 >"$dfdc/labels.csv"
mkdir -p "$dfdc/frames/aaa"
expect 2 "frames that something else made" "$extract" --whole "$dfdc"
rmdir "$dfdc/frames/aaa"
expect 0 "all is there" "$extract" --whole --frames 2 --jobs 2 "$dfdc"

# ---- DeeperForensics: the originals of FaceForensics++ and boxes from there ----
deeper=$dir/DeeperForensics-1.0
world=0
mkdir -p "$deeper/lists/splits"
set --
ln -s ../FaceForensics++/original_sequences "$deeper/original_sequences"
for n in 0 2 4; do
    set -- "$@" "$n:$deeper/manipulated_videos/end_to_end/00${n}_M10$n.mp4"
done
films fake "$@"
world=3
films fake 4:"$deeper/manipulated_videos/end_to_end_level_3/004_M104.mp4"
echo 000_M100.mp4 >"$deeper/lists/splits/train.txt"
echo 002_M102.mp4 >"$deeper/lists/splits/val.txt"
echo 004_M104.mp4 >"$deeper/lists/splits/test.txt"
expect 0 "4 videos, 4 to do" "$extract" --frames 3 --boxes "$ff" "$deeper"
cmp -s "$swaps/c23/frames/004_005/0003.png" "$deeper/manipulated_videos/end_to_end/frames/004_M104/0003.png" ||
    fail "the same film is cut otherwise by boxes from elsewhere"

# ---- DeepfakeBench: a list of the faces of FaceForensics++, with somebody else's paths ----
bench=$dir/FaceForensics++.json
entry() { # LABEL VIDEO FOLDER
    printf '{"%s": {"label": "%s", "frames": [' "$2" "$1"
    (cd "$dir" && printf '"D:\\\\rgb\\\\%s"\n' "${3#"$dir"/}"/*.png) | sed 's|/|\\\\|g' | paste -s -d , -
    echo ']}}'
}
split() { # LABEL FOLDER VIDEO VIDEO VIDEO
    printf '"%s": {"train": {"c23": %s}, "val": {"c23": %s}, "test": {"c23": %s}}' "$1" \
        "$(entry "$1" "$3" "$2/$3")" "$(entry "$1" "$4" "$2/$4")" "$(entry "$1" "$5" "$2/$5")"
}
printf '{"FaceForensics++": {%s,\n%s}}\n' "$(split FF-real "$originals/frames" 000 002 004)" \
    "$(split FF-DF "$swaps/c23/frames" 000_001 002_003 004_005)" >"$bench"

# ---- each through its recipe: check, three steps, evaluation ----
# recipe NAME SPEC COUNTED [OPTIONS of train]: COUNTED is a line of the check's table, less its blanks.
recipe() {
    name=$1 spec=$2 counted=$3
    shift 3
    expect 0 "check passed" "$build/data" check "$spec"
    tr -s ' ' <"$dir/said" | grep -qxF " $counted" || fail "$spec: not counted: \"$counted\": $(cat "$dir/said")"
    expect 0 "seen" "$build/train" "configs/datasets/$name.ini" --set "data.path=$spec" --set data.size=32 \
        --set train.steps=3 --set train.batch=4 --set data.threads=1 --out "$dir/runs/$name" "$@"
    expect 0 " judged" "$build/eval" "$dir/runs/$name" --bootstrap 20
}
recipe ffpp "ffpp:$ff,compression=c23" "test Face2Face fake 3 1 3"
recipe celebdf "$celeb" "test Celeb-DF fake 2 1 0"
recipe dfdc "$dfdc" "no split DFDC fake 6 3 0" --set data.val_fraction=0 --set data.test_fraction=0.5
recipe deeperforensics "$deeper" "test end_to_end_level_3 fake 3 1 0"
recipe deepfakebench "$bench,root=$dir,compression=c23" "val Deepfakes fake 3 1 3"

# Trained on one, tested on another.
expect 0 "celebdf" "$build/eval" "$dir/runs/ffpp" --bootstrap 20 --data "celebdf=celebdf:$celeb" --out "$dir/across"

[ "$failures" -eq 0 ] && echo "e2e_datasets: all well"
[ "$failures" -eq 0 ]
