# SPDX-License-Identifier: Apache-2.0
# deploy/panels.tsv as a dashboard of Grafana: three panels abreast below a title
# for each row of the table.
function text(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\"" s "\""
}
function place(h, w, x, y) {
    return sprintf("{\"h\": %d, \"w\": %d, \"x\": %d, \"y\": %d}", h, w, x, y)
}
function end_panel() {
    if (in_panel)
        printf "\n      ]\n    }"
    in_panel = 0
}
function begin(s) {
    printf "%s\n    {\n      \"id\": %d,\n      \"type\": \"%s\",\n      \"title\": %s,\n", \
        n ? "," : "", ++n, s, text(title)
}
BEGIN {
    FS = "\t"
    source = "{\"type\": \"prometheus\", \"uid\": \"${datasource}\"}"
    print "{"
    print "  \"title\": \"Anamnesis\","
    print "  \"uid\": \"anamnesis\","
    print "  \"tags\": [\"anamnesis\"],"
    print "  \"schemaVersion\": 36,"
    print "  \"version\": 1,"
    print "  \"editable\": true,"
    print "  \"refresh\": \"1m\","
    print "  \"time\": {\"from\": \"now-6h\", \"to\": \"now\"},"
    print "  \"templating\": {\"list\": ["
    print "    {\"name\": \"datasource\", \"type\": \"datasource\", \"query\": \"prometheus\"},"
    print "    {\"name\": \"instance\", \"type\": \"query\", \"datasource\": " source ","
    print "     \"query\": \"label_values(anamnesis_start_time_seconds, instance)\","
    print "     \"refresh\": 2, \"multi\": true, \"includeAll\": true}"
    print "  ]},"
    printf "  \"panels\": ["
}
/^#/ || NF == 0 { next }
NF != 5 {
    print "panels.tsv: line " NR " has " NF " columns, not 5" >"/dev/stderr"
    bad = 1
    exit
}
$1 != row {
    end_panel()
    if (row != "")
        y += 8
    row = title = $1
    begin("row")
    printf "      \"collapsed\": false,\n      \"gridPos\": %s,\n      \"panels\": []\n    }", \
        place(1, 24, 0, y)
    y++
    column = 0
    panel = ""
}
$2 != panel {
    end_panel()
    if (column == 3) {
        y += 8
        column = 0
    }
    panel = title = $2
    begin("timeseries")
    printf "      \"datasource\": %s,\n      \"gridPos\": %s,\n", source, place(8, 8, column * 8, y)
    printf "      \"fieldConfig\": {\"defaults\": {\"unit\": %s, \"min\": 0}, \"overrides\": []},\n", text($3)
    printf "      \"targets\": ["
    column++
    curves = 0
    in_panel = 1
}
{
    gsub(/\$i/, "instance=~\"$instance\"", $4)
    printf "%s\n        {\"refId\": \"%c\", \"datasource\": %s,\n         \"expr\": %s,\n         \"legendFormat\": %s}", \
        curves ? "," : "", 65 + curves, source, text($4), text($5)
    curves++
}
END {
    if (bad)
        exit 1
    end_panel()
    print "\n  ]\n}"
}
