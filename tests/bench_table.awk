# SPDX-License-Identifier: Apache-2.0
# The rows of a "make bench" beside the bars: bench_bars.tsv, then the rows.
function short(x) {
    return x >= 1000 ? sprintf("%.0f", x) : sprintf("%.3g", x)
}
BEGIN { FS = "\t" }
NR == FNR && /^#/ { next }
NR == FNR { bar[++n_bars] = $0; next }
NF >= 2 { value[$1] = $2; unit[$1] = $3 }
END {
    line = "%-37s %9s %-6s %9s %-26s %7s %8s  %s\n"
    printf line, "what", "figure", "", "peer", "(limit, other program)", "ratio", "bar", "met"
    for (i = 1; i <= n_bars; i++) {
        split(bar[i], b, "\t")
        if (!(b[2] in value)) {
            printf line, b[1], "-", "", "", "", "", "", "not measured here"
            continue
        }
        has_peer = b[3] != "-" && (b[3] in value) && value[b[3]] > 0
        ratio = has_peer ? value[b[2]] / value[b[3]] : 0
        met = ""
        bound = ""
        if (b[4] != "-") {
            x = b[4] == "ratio" ? ratio : value[b[2]]
            bound = b[5] (b[4] == "ratio" ? b[6] "x" : b[6])
            ok = b[5] == ">=" ? x >= b[6] + 0 : x <= b[6] + 0
            met = b[4] == "ratio" && !has_peer ? "not measured here" : ok ? "yes" : "NO"
        }
        name = b[3] == "-" ? "" : has_peer ? b[3] : b[3] ": not here"
        split(unit[b[2]], u, " ")
        printf line, b[1], short(value[b[2]]), u[1], has_peer ? short(value[b[3]]) : "",
            name, has_peer ? short(ratio) : "", bound, met
    }
    if ((getline busy <"/proc/loadavg") > 0) {
        split(busy, l, " ")
        printf "\nLoad average over 1, 5 and 15 minutes: %s %s %s.  Above one a core it is" \
            " others' work that is\nmeasured too: trust the ratios, and repeat.\n", l[1], l[2], l[3]
    }
}
