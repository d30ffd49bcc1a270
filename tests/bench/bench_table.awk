# From the records of bench.sh ("case side metric value") to bench.csv and the table: medians over the turns, of both
# sides and of the ratio ours / peer, and whether it meets the target. Called with -v csv=FILE -v cpus=N.

{
    if (!($1 in seen_case)) { seen_case[$1] = 1; cases[++n_cases] = $1 }
    if (!(($1, $2) in seen_side)) { seen_side[$1, $2] = 1; sides[$1, ++n_sides[$1]] = $2 }
    value[$1, $2, $3, ++n[$1, $2, $3]] = $4
}

# Of a[1] .. a[m], which it sorts.
function middle(a, m,    i, j, t) {
    for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
    return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
}

function median(c, side, metric,    m, i, a) {
    m = n[c, side, metric]
    if (!m) return ""
    for (i = 1; i <= m; i++) a[i] = value[c, side, metric, i]
    return middle(a, m)
}

# Turn by turn, where both had as many: neighbours in time met the same machine. Else the medians' ratio.
function ratio_to(c, side, metric,    m, i, a, turns) {
    m = n[c, "ours", metric]
    if (!m || !(median(c, side, metric) > 0)) return ""
    if (m != n[c, side, metric]) return median(c, "ours", metric) / median(c, side, metric)
    for (i = 1; i <= m; i++) # a turn that failed has no figure
        if (value[c, side, metric, i] > 0) a[++turns] = value[c, "ours", metric, i] / value[c, side, metric, i]
    return middle(a, turns)
}

function total(c, side, metric,    i, sum) {
    for (i = 1; i <= n[c, side, metric]; i++) sum += value[c, side, metric, i]
    return sum
}

# "41/60": samples that had their CPUs, of all
function samples(c, side) {
    return n[c, side, "of"] ? total(c, side, "clean") "/" total(c, side, "of") : "-"
}

# The setting of PyTorch that does best beside ours: of figures that should be large (sign 1) or small (sign -1).
function best_setting(c, metric, sign,    i, s, r, best, name) {
    for (i = 1; i <= n_sides[c]; i++) {
        s = sides[c, i]
        r = ratio_to(c, s, metric)
        if (s !~ /^torch_/ || r == "") continue
        if (name == "" || sign * r < sign * best) { best = r; name = s }
    }
    return name
}

function verdict(ratio, target, more) {
    if (target == "" || ratio == "") return ""
    if (more) return ratio >= target ? "ok" : "MISSED"
    return ratio <= target ? "ok" : "MISSED"
}

# One line of the CSV. The target is a bound for the ratio: from below, or for memory and time from above.
function row(c, metric, ours, name, peer, target, more, ratio) {
    if (ratio == "" && ours != "" && peer + 0 != 0) ratio = ours / peer
    if (ratio != "") ratio = sprintf("%.3f", ratio)
    print c "," metric "," ours "," name "," peer "," ratio "," (target == "" ? "" : (more ? ">=" : "<=") target) >csv
    return ratio
}

# side: whose turns are compared with ours; "" where there are none. `quiet` lines are in the CSV alone.
function line(c, metric, ours, side, label, peer, target, more, quiet,    ratio) {
    ratio = row(c, metric, ours, label, peer, target, more, side == "" ? "" : ratio_to(c, side, metric))
    if (quiet) return
    printf "%-26s %-13s %10s %-32s %10s %7s %6s %-7s %s\n", c, metric, ours, label, peer, ratio,
        target == "" ? "" : (more ? ">=" : "<=") target, verdict(ratio, target, more),
        samples(c, "ours") " " (side == "" ? "" : samples(c, side))
}

# Every setting of PyTorch, then the best of them.
function against_torch(c, metric, more, target_best, target_installed, quiet,    i, s, best, m) {
    for (i = 1; i <= n_sides[c]; i++) {
        s = sides[c, i]
        if (s ~ /^torch_/)
            line(c, metric, median(c, "ours", metric), s, s, median(c, s, metric),
                 s == "torch_installed" ? target_installed : "", more, quiet)
    }
    best = best_setting(c, metric, more ? 1 : -1)
    m = median(c, "ours", metric)
    if (best == "") line(c, metric, m, "", "", "", "", more)
    else line(c, metric, m, best, "best:" substr(best, 7), median(c, best, metric), target_best, more)
}

function network_case(c,    reference, fastest, m) {
    reference = c ~ /^lae_ref/ && c !~ /-scale$/
    if (c ~ /-threads$/) {
        line(c, "images_per_s", median(c, "ours", "images_per_s"), "ours_1_thread", "ours_1_thread",
             median(c, "ours_1_thread", "images_per_s"), cpus == 2 ? 1.85 : "", 1)
        line(c, "images_per_s", median(c, "ours", "images_per_s"), "ours_apart", "ours_apart",
             median(c, "ours_apart", "images_per_s"), "", 1)
        return
    }
    if (c ~ /-first$/) {
        against_torch(c, "first_s", 0, 0.2, "")
        return
    }
    if (c ~ /-infer$/) against_torch(c, "images_per_s", 1, 2, "")
    else against_torch(c, "images_per_s", 1, reference ? 2.2 : "", reference ? 4 : "")
    if (c ~ /-scale$/) return

    fastest = best_setting(c, "images_per_s", 1)
    if (fastest != "")
        line(c, "peak_mib", median(c, "ours", "peak_mib"), "", "fastest:" substr(fastest, 7),
             median(c, fastest, "peak_mib"), reference && c !~ /-infer$/ ? 0.35 : "", 0)
    against_torch(c, "peak_mib", 0, reference && c !~ /-infer$/ ? 0.35 : "", "", 1)
    m = median(c, "ours", "plan_mib")
    line(c, "plan_mib", m, "", "lower_bound", median(c, "ours", "bound_mib"), 1.05, 0)
}

# A convolution: one line for each kernel of ours; columns are directions.
function conv_case(c,    k, d, kind, ours, metric, target, ratio, text, others, s, name, peer) {
    split("auto exact", kind, " ")
    split("forward input weights all", metric, " ")
    for (k = 1; k <= 2; k++) {
        ours = "ours-" kind[k]
        if (!n[c, ours, "all"]) continue
        target = median(c, "target", kind[k])
        text = sprintf("%-28s %-6s %-9s", c, kind[k], value[c, ours, "kernel", 1])
        for (d = 1; d <= 4; d++) {
            ratio = row(c "-" kind[k], metric[d], median(c, ours, metric[d]), "onednn", median(c, "onednn", metric[d]),
                        target, 1)
            peer = whole(median(c, "onednn", metric[d]))
            text = text sprintf(" %5.0f %5s %5s ", median(c, ours, metric[d]), peer, ratio)
        }
        others = ""
        for (s = 1; s <= 2; s++) {
            name = s == 1 ? "onednn-auto" : "onednn-resample"
            if (!n[c, name, "all"]) continue
            for (d = 1; d <= 4; d++)
                ratio = row(c "-" kind[k], metric[d], median(c, ours, metric[d]), name,
                            median(c, name, metric[d]), "", 1)
            others = others " " substr(name, 8) " " ratio
        }
        if (target != "") text = text ">=" target " " verdict(ratio_all(c, ours), target, 1)
        print text others "  " samples(c, ours)
    }
}

function whole(x) {
    return x == "" ? "-" : sprintf("%.0f", x)
}

# Whoever did not have its CPUs most of the time, ours or a peer, is named below the table.
function look_for_crowds(c,    i, share) {
    for (i = 1; i <= n_sides[c]; i++) {
        share = median(c, sides[c, i], "share")
        if (share != "" && share < 0.9) busy = busy "\n  " c " " sides[c, i] " (" share ")"
    }
}

function ratio_all(c, ours,    peer) {
    peer = median(c, "onednn", "all")
    return peer == "" ? "" : median(c, ours, "all") / peer
}

END {
    print "case,metric,ours,peer_name,peer,ratio,target" >csv
    for (i = 1; i <= n_cases; i++) {
        c = cases[i]
        if (c ~ /^conv_/) {
            if (!convs++) {
                print "\nGFLOP/s of the direct algorithm: ours, oneDNN direct, ratio;",
                    "last: ratio of all three to other peers; samples"
                printf "%-28s %-6s %-9s %-19s%-19s%-19s%-19s\n", "case", "asked", "kernel",
                    " forward", " input gradient", " weight gradient", " all three"
            }
            conv_case(c)
        }
    }
    for (i = 1; i <= n_cases; i++) {
        c = cases[i]
        if (c ~ /^conv_/) continue
        if (!networks++)
            printf "\n%-26s %-13s %10s %-32s %10s %7s %6s %-7s %s\n", "case", "metric", "ours", "peer", "peer's",
                "ratio", "target", "", "clean samples"
        network_case(c)
        if (c !~ /-b[14]-/) look_for_crowds(c)
    }
    if (busy != "") {
        print "\nHad less than 90 % of its CPUs:" busy "."
        print "The machine was busy, or the work does not fill them: believe these after a quiet run only."
    }
}
