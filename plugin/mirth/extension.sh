#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The extension for Mirth Connect and Open Integration Engine as a zip that the
# engine installs.  Run by "make extension" in the build folder.
#
#     extension.sh VERSION ENGINES LIBRARY...
#
# ENGINES are the engine's versions that load it, with commas: the engine compares
# them letter by letter.  A LIBRARY that is not there is left out, but for the first.
set -eu
src=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
version=$1
engines=$2
shift 2
umask 022

complain() {
    echo "extension: $*" >&2
    exit 1
}
for tool in javac jar strip; do
    command -v "$tool" >/dev/null || complain "$tool is not installed (a JDK from 9 on, binutils)"
done
[ -f "$1" ] || complain "there is no $1"
case $(uname -m) in # as Java's os.arch calls it
x86_64) arch=amd64 ;;
*) arch=$(uname -m) ;;
esac

out=extension
rm -rf "$out"
native=$out/zip/anamnesis/native/linux-$arch
mkdir -p "$out/classes" "$out/stubs" "$native"
javac --release 8 -nowarn -Xlint:-options -Werror -d "$out/stubs" \
    $(find "$src/stubs" -name '*.java')
javac --release 8 -Xlint:all,-options -Werror -cp "$out/stubs" -d "$out/classes" \
    $(find "$src/org" -name '*.java')
printf 'Implementation-Title: Anamnesis\nImplementation-Version: %s\n' \
    "$version" >"$out/manifest"
jar cfm "$out/zip/anamnesis/anamnesis-mirth.jar" "$out/manifest" -C "$out/classes" .
sed -e "s|@VERSION@|$version|" -e "s|@ENGINES@|$engines|" "$src/plugin.xml.in" \
    >"$out/zip/anamnesis/plugin.xml"
for library; do
    [ -f "$library" ] || continue
    strip --strip-unneeded -o "$native/${library##*/}" "$library"
done
cp "$src/../../LICENSE" "$out/zip/anamnesis/"

# Folders are entries of their own, parents first, or the engine does not unpack
# what is in them.
rm -f "anamnesis-$version.zip"
(cd "$out/zip" && jar cfM "../../anamnesis-$version.zip" anamnesis)
rm -rf "$out"
echo "anamnesis-$version.zip"
