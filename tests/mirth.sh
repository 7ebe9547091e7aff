#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The extension for an integration engine as far as it can be tried without one:
# what it packs, where it looks in the structs of anamnesis.h, what it answers where
# the library does not. tests/peers/mirth.sh runs it in an engine.
set -eu
. "${top_srcdir:-.}/tests/program_lib.sh"
for tool in javac jar java; do
    command -v "$tool" >/dev/null || {
        echo "1..0 # SKIP $tool is not installed: the extension is not built"
        exit 77
    }
done
none() { test -s "$2" && ! grep -nE -- "$1" "$2"; }

# ---- the zip -------------------------------------------------------------------
made() { # ENGINES LIBRARY
    sh "$top/plugin/mirth/extension.sh" 1.2.3 "$@"
}
is 'it is made' made 4.5.1,4.5.2 "$built/.libs/libanamnesis.so"
jar tf anamnesis-1.2.3.zip >entries
parents_first() {
    awk '/\/$/ { seen[$0] = 1 }
        { p = $0; sub(/\/$/, "", p); if (sub(/[^\/]*$/, "", p) && p != "" && !seen[p]) bad = 1 }
        END { exit bad || NR == 0 }' entries
}
is 'folders come before what is in them' parents_first
jar xf anamnesis-1.2.3.zip
is 'it names the engines that load it' grep -q '<mirthVersion>4.5.1,4.5.2</mirthVersion>' anamnesis/plugin.xml
is 'no mark is left in it' none '@' anamnesis/plugin.xml
jar tf anamnesis/anamnesis-mirth.jar >classes
is 'the class that it names is there' grep -q '^org/anamnesis/mirth/AnamnesisPlugin.class$' classes
is 'what others have is not' none '^(com|org/apache)/' classes
is 'the library is beside it' test -s anamnesis/native/linux-*/libanamnesis.so
is 'without the library there is none' says 1 'there is no ./nowhere.so' made 4.5.2 ./nowhere.so

# ---- the structs ----------------------------------------------------------------
# NAME = NUMBER as the header has it, of each that the class names.
java=$top/plugin/mirth/org/anamnesis/mirth/Library.java
sed -n 's/^ *private static final int \(\(ERROR\|HOST\|MESSAGE\|RESULT\|PLUGIN\)_[A-Z_]*\) = \([0-9]*\);$/\1 \3/p' \
    "$java" | sort >says_java
{
    echo '#include <anamnesis.h>'
    echo '#include <stdio.h>'
    echo 'int main(void) {'
    while read -r name _; do
        struct=anamnesis_$(echo "${name%%_*}" | tr A-Z a-z)
        field=$(echo "${name#*_}" | tr A-Z a-z)
        case $field in
        bytes) echo "printf(\"%s %zu%c\", \"$name\", sizeof($struct), 10);" ;;
        *) echo "printf(\"%s %zu%c\", \"$name\", offsetof($struct, $field), 10);" ;;
        esac
    done <says_java
    echo 'return 0; }'
} >offsets.c
is 'each field that it names is in the header' ${CC:-cc} -I"$top/plugin" offsets.c -o offsets
./offsets >says_c || :
alike() { [ "$(wc -l <says_java)" -ge 20 ] && diff says_c says_java; }
is 'and where it says' alike

# ---- without an engine --------------------------------------------------------------
mkdir texts
is 'what needs no engine compiles alone' javac --release 8 -Xlint:-options -d texts \
    "$top/plugin/mirth/org/anamnesis/mirth/Acknowledgement.java" \
    "$top/plugin/mirth/org/anamnesis/mirth/Charsets.java" \
    "$top/plugin/mirth/org/anamnesis/mirth/Refusal.java" "$top/tests/mirth/Texts.java"
text() { java -cp texts org.anamnesis.mirth.Texts "$@"; }
of='MSH|^~\&|SEND|HERE|RECV|THERE|20260101||ADT^A01|ID7|P|2.5.1'
answer='^MSH\|\^~\\&\|RECV\|THERE\|SEND\|HERE\|[0-9]{14}[+-][0-9]{4}\|\|ACK\|[^|]+\|P\|2.5.1~~MSA'
is 'not there: repeat it' says 0 "$answer\\|AE\\|ID7~~$" text ack -5 "$of~~PID|1"
is 'in quarantine: do not' says 0 "$answer\\|AR\\|ID7~~$" text ack -6 "$of"
is 'who asks for an accept acknowledgement gets one' says 0 "$answer\\|CE\\|ID7~~$" text ack -5 "$of|||AL|AL"
is 'who asks for none of these does not' says 0 "$answer\\|AE\\|ID7~~$" text ack -5 "$of|||NE|AL"
is 'what ends early is answered too' says 0 'MSA\|AE\|~~$' text ack -5 'MSH|^~\&|S'
is 'what is not HL7v2 is not answered' says 0 '^none$' text ack -5 '{"resourceType":"Bundle"}'
for pair in ISO-8859-1:8859/1 ISO-8859-15:8859/15 'UTF-8:UNICODE UTF-8' UTF-8: UTF-8:ASCII \
    'GB18030:GB 18030-2000' UTF-8:8859/99; do
    is "MSH-18 is '${pair#*:}'" says 0 "^${pair%%:*}$" text charset "$of||||||${pair#*:}~~PID|1"
done
is 'no HL7v2' says 0 '^UTF-8$' text charset '{"a":"8859/1"}'

# ---- exports -----------------------------------------------------------------------
cat >Xml.java <<'END'
public class Xml {
    public static void main(String[] args) throws Exception {
        javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder()
            .parse(new java.io.File(args[0]));
    }
}
END
javac Xml.java
xml() { java -cp . Xml "$1"; }
is 'plugin.xml is XML' xml anamnesis/plugin.xml
for export in raw hl7v2 jna; do
    is "$export.xml is XML" xml "$top/examples/mirth/$export.xml"
done
echo "1..$checks"
exit $failed
