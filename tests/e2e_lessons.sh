#!/bin/sh
# Run the lessons, and hold the tables of train/README.md against what they show.
# usage: e2e_lessons.sh BUILD_DIR
#
# Other instruction sets round differently, and a toy of 250 steps feels it: so figures may differ by a tolerance, made wide
# enough for all of LOCUS_ISA = avx512, avx2, portable. But what the page says of off and on must hold: where its two columns
# differ by .1 or more, those of the run must differ the same way, by at least half as much.
build=${1:-build}
page=train/README.md
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/expect.sh
. "$(dirname "$0")/expect.sh"
unset LESSON_ARGS

lessons="interpretation latent regions blur"
# shellcheck disable=SC2086
sh scripts/lesson.sh "$build" $lessons >"$dir/log" 2>&1 || {
    cat "$dir/log"
    fail "the lessons did not run"
    exit 1
}
for lesson in $lessons; do
    sed -n "/^<!-- lesson $lesson -->/,/^<!-- end -->/p" "$page" | grep '^|' >"$dir/page"
    [ -s "$dir/page" ] || fail "$page has no table of the lesson $lesson"
    [ -s "$build/lessons/$lesson.png" ] || fail "no picture of the lesson $lesson"
    grep -q "Picture: .*/$lesson.png" "$dir/log" || fail "the lesson $lesson does not say where its picture is"
    awk -F' *[|] *' '
        function far(a, b, most) { return a - b > most || b - a > most }
        FNR == 1 { file++ }
        file == 1 { page[++n] = $2; off[n] = $3; on[n] = $4; next }
        { m++ }
        $2 != page[m] || (m <= 2 && ($3 != off[m] || $4 != on[m])) { print "row " m " is \"" $0 "\", the page has \"" page[m] "\""; next }
        m <= 2 { next }
        {
            most = .08
            if ($2 ~ /a_1 - a_0/) most = .3                 # without the loss the side is chance
            if ($2 ~ /blurred .*: AUC/) most = .25          # an adversary and a detector, in few steps
            if ($2 ~ /loss on images blurred/) most = 5
            if (far($3, off[m], most) || far($4, on[m], most))
                print $2 ": off " $3 ", on " $4 "; the page says " off[m] " and " on[m] " (tolerance " most ")"
            gap = on[m] - off[m]
            if ((gap >= .1 || gap <= -.1) && ($4 - $3) / gap < .5)
                print $2 ": off " $3 ", on " $4 ": not the effect of the page, " off[m] " to " on[m]
        }
        END { if (m != n) print "the page has " n " rows, the lesson " m }
    ' "$dir/page" "$build/lessons/$lesson.md" >"$dir/differ"
    [ ! -s "$dir/differ" ] || fail "$lesson: $(cat "$dir/differ")"
done

# ---- mistakes ----
sh scripts/lesson.sh "$build" larent >"$dir/said" 2>&1 && fail "an unknown lesson is taken"
grep -q "known: interpretation" "$dir/said" || fail "an unknown lesson: the known ones are not named"
"$build/lesson" latent "$dir/nothing" "$dir/nothing" "$dir/out" >"$dir/said" 2>&1 && fail "a run that is not there is taken"
grep -qF "$dir/nothing" "$dir/said" || fail "a run that is not there is not named"

[ "$failures" -eq 0 ] && echo "e2e_lessons: all well"
[ "$failures" -eq 0 ]
