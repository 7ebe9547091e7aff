#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A folder and an archive with which libanamnesis.so runs where nothing of ours is
# installed: both libraries, the header, the demonstrator, and beside
# libanamnesis.so each shared library that it needs, except glibc's, which is the
# system's.  NOTICE says of which package each file is and under which licences;
# licences/ has their copyright files.  Run by "make bundle" in the build folder.
#
#     bundle.sh NAME LIBRARY HELPER [STATIC-LIBRARY]...
#
# LIBRARY looks for what it needs in its own folder first (DT_RPATH $ORIGIN, which
# holds for what those libraries need, too).  Packages are asked of dpkg.
set -eu
top=$(cd "${top_srcdir:-.}" && pwd)
name=$1
library=$2
helper=$3
shift 3
LC_ALL=C
export LC_ALL
umask 022

complain() {
    echo "bundle: $*" >&2
    exit 1
}
for tool in dpkg ldd readelf; do
    command -v "$tool" >/dev/null || complain "$tool is not installed"
done

# Of glibc: what a program finds on each machine, or it could not start.
is_glibc() {
    case $1 in
    ld-linux*.so.* | linux-vdso.so.* | libc.so.* | libm.so.* | libdl.so.* | \
        librt.so.* | libpthread.so.* | libresolv.so.* | libutil.so.* | \
        libanl.so.* | libnsl.so.* | libnss_*) return 0 ;;
    esac
    return 1
}

# The package of a file; /lib may be a link to /usr/lib.
package_of() {
    for f in "$1" "$(readlink -f "$1")" "/usr$1" "${1#/usr}"; do
        found=$(dpkg -S "$f" 2>/dev/null | sed -n '1s/: .*//p')
        [ -z "$found" ] || { echo "${found%%,*}"; return; }
    done
    complain "no package has $1"
}

rm -rf "$name" "$name.tar.gz"
mkdir -p "$name/lib" "$name/include" "$name/licences" "$name/share"
cp "$library" "$name/lib/libanamnesis.so"
cp "$helper" "$name/lib/libanamnesis-helper.so"
chmod 755 "$name"/lib/*.so
strip --strip-unneeded "$name"/lib/*.so
cp "$top/plugin/anamnesis.h" "$name/include/"
cp "$top/LICENSE" "$name/"
cp -R "$top/config/model/default" "$name/share/model"
cp -R "$top/config/model/keys" "$name/share/keys"
cp -R "$top/config/outcomes" "$name/share/outcomes"

readelf -d "$name/lib/libanamnesis.so" | grep -q 'RPATH.*\[$ORIGIN\]$' ||
    complain 'the library does not look beside itself'

# ldd follows what is needed by what is needed.
ldd "$library" >"$name.ldd"
! grep 'not found' "$name.ldd" >&2 || complain 'a library is missing'
: >"$name.files"
sed -n 's/^[[:space:]]*\([^ ]*\) => \(\/[^ ]*\) .*/\1 \2/p' "$name.ldd" |
    sort | while read -r so path; do
    ! is_glibc "$so" || continue
    cp -L "$path" "$name/lib/$so"
    chmod 644 "$name/lib/$so"
    echo "lib/$so $path" >>"$name.files"
done
for archive; do
    echo "(in-libanamnesis.so)/$(basename "$archive") $archive" >>"$name.files"
done

# ---- whose they are ---------------------------------------------------------------
{
    echo 'What is here and not of Anamnesis, from which package, under which licences.'
    echo 'The full texts are in licences/, a file a package.'
    echo
    while read -r file path; do
        package=$(package_of "$path")
        version=$(dpkg-query -W -f '${Version}' "$package")
        plain=${package%%:*}
        copyright=/usr/share/doc/$plain/copyright
        [ -f "$copyright" ] || complain "$plain has no copyright file"
        cp -L "$copyright" "$name/licences/$plain"
        licences=$(sed -n 's/^[Ll]icense:[[:space:]]*\([^[:space:]].*\)$/\1/p' \
            "$copyright" | sed 's/[[:space:]]*$//' | sort -u | paste -s -d ';' | sed 's/;/; /g')
        printf '%s\n    %s %s\n    %s\n' "$file" "$plain" "$version" \
            "${licences:-see licences/$plain}"
    done <"$name.files"
} >"$name/NOTICE"
# Texts that those files only name.
for common in $(cat "$name"/licences/* |
    grep -oE '/usr/share/common-licenses/[A-Za-z0-9.+-]*[A-Za-z0-9]' | sort -u); do
    [ ! -f "$common" ] || cp -L "$common" "$name/licences/common-$(basename "$common")"
done

glibc=$(readelf --wide --version-info "$name"/lib/*.so* 2>/dev/null |
    grep -oE 'GLIBC_[0-9.]+' | sort -t. -k1,1 -k2,2n -u | tail -n 1)
cat >"$name/README" <<EOF
Anamnesis for a host process, with what it needs.

  lib/libanamnesis.so         the engine, in the host's process
  lib/libanamnesis-helper.so  the same ABI over the socket of "anamnesis serve"
  include/anamnesis.h         the contract of both
  share/                      the demonstrator's model, its key, the outcomes
  NOTICE, licences/           what else is here, and whose it is

Wanted of the system: $(uname -m), glibc with ${glibc:-GLIBC} or later.
The files stay together: libanamnesis.so finds the others beside itself.
EOF
rm -f "$name.ldd" "$name.files"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - \
    -C "$(dirname "$name")" "$(basename "$name")" |
    gzip -n >"$name.tar.gz"
echo "$name.tar.gz: $(wc -l <"$name/NOTICE") lines of NOTICE, $(du -sk "$name" | cut -f 1) KB unpacked, wants ${glibc:-GLIBC}"
