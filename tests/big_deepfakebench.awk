# A DeepfakeBench JSON of the size of FaceForensics++ c23: 5,000 videos of 32 frames, 4,000 of them with masks: 288,000
# paths, 27 MB and more. Written as several people on several machines would have: Windows backslashes, foreign absolute
# roots, "./", frames out of order, and entries that no reader should trip over.
#
#   awk -f tests/big_deepfakebench.awk >FaceForensics++.json          # -v videos=10 -v frames=4 for a small one

# The folder of a label with its own slashes, made once: gsub would eat backslashes.
function folder_of(folder,    part, n, i, text) {
    n = split(folder, part, "/")
    text = roots[label] "FaceForensics++"
    for (i = 1; i <= n; i++) text = text slash[label] part[i]
    return text slash[label] "c23" slash[label]
}

function path(kind, folder, video, n) {
    return "\"" folder kind slash[label] video slash[label] sprintf("%03d", n) ".png\""
}

function list(kind, folder, video,    i, text) {
    for (i = 0; i < frames; i++)     # 7 has no factor in common with frames: every n once, in no order
        text = text (i ? ", " : "") path(kind, folder, video, (i * 7 + 3) % frames)
    return text
}

function entry(folder, video, real) {
    printf "%s\n    \"%s\": {\"label\": \"%s\", \"frames\": [%s]", between, video, label, list("frames", folder, video)
    if (!real) printf ", \"masks\": [%s]", list("masks", folder, video)
    printf "}"
    between = ","
}

# Pairs (2k, 2k+1) of a split are swapped both ways.
function videos_of(first, last, folder, real,    v, a, b) {
    for (v = first; v < last; v++) {
        a = sprintf("%03d", v); b = sprintf("%03d", v % 2 ? v - 1 : v + 1)
        entry(folder, real ? a : a "_" b, real)
    }
}

function split_of(name, first, last, folder, real) {
    printf "%s\n  \"%s\": {\"c23\": {", after, name
    between = ""
    videos_of(first, last, folder, real)
    if (name == "val") printf ",\n    \"999_note\": \"irregular\", \"998_none\": {\"label\": \"%s\"}", label
    printf "}, \"c40\": {}}"
    after = ","
}

BEGIN {
    if (!videos) videos = 1000
    if (!frames) frames = 32
    n = split("FF-real FF-DF FF-F2F FF-FS FF-NT", labels)
    split("original_sequences/youtube manipulated_sequences/Deepfakes manipulated_sequences/Face2Face " \
          "manipulated_sequences/FaceSwap manipulated_sequences/NeuralTextures", folders)
    for (i = 1; i <= n; i++) slash[labels[i]] = "/"
    slash["FF-DF"] = "\\\\"
    roots["FF-real"] = "/mnt/someone/else/datasets/rgb/"
    roots["FF-DF"] = "D:\\\\data\\\\rgb\\\\"
    roots["FF-F2F"] = "./datasets/rgb/"
    roots["FF-FS"] = "/mnt/someone/else/datasets/rgb/"
    train = int(videos * 0.36) * 2; val = train + int(videos * 0.07) * 2
    printf "{\"FaceForensics++\": {"
    for (i = 1; i <= n; i++) {
        label = labels[i]
        after = ""
        folder = folder_of(folders[i])
        printf "%s\"%s\": {", (i > 1 ? ",\n " : ""), label
        split_of("train", 0, train, folder, i == 1)
        split_of("val", train, val, folder, i == 1)
        split_of("test", val, videos, folder, i == 1)
        printf "}"
    }
    print "}}"
}
