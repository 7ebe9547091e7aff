#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves that ./quickstart works on a Debian 12 that has nothing but git: makes
# one in a folder, clones the committed tree into it, and there
#
#   1. as a user who may not install: names the one line to run, and fails;
#   2. as root: ./quickstart test installs, builds and passes;
#   3. again without any network: passes;
#   4. leaves no file in the tree that git would see.
#
#   sudo tests/peers/debootstrap.sh [FOLDER]     default: one below $TMPDIR
#
# Wants root, debootstrap, git, unshare and ip.  The mirror is $DEBIAN_MIRROR, else
# the one that this machine's apt uses; apt's proxy and transport settings and
# resolv.conf go into the folder too.  The folder is removed at the end unless
# it was named.
set -eu
unset CDPATH
top=$(cd "$(dirname "$0")/../.." && pwd)
suite=bookworm

say() {
    printf '[%4ss] %s\n' "$(($(date +%s) - started))" "$*"
}

fail() {
    say "FAILED: $*"
    exit 1
}

started=$(date +%s)
[ "$(id -u)" = 0 ] || fail 'wants root'
for tool in debootstrap git unshare ip; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
done

keep=${1:+yes}
dir=${1:-$(mktemp -d)}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
chmod 755 "$dir" # it becomes the root of other users too

leave() {
    for m in dev proc; do
        ! mountpoint -q "$dir/$m" || umount "$dir/$m"
    done
    [ -n "$keep" ] || rm -rf --one-file-system "$dir"
}
trap leave EXIT
trap 'exit 1' HUP INT TERM

mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE) $(RELEASE)' \
    'Created-By: Packages' | awk -v s="$suite" '$2 == s { print $1; exit }')}
mirror=${mirror:-http://deb.debian.org/debian}

# In the new root, with no environment but the proxies.
inside() {
    env -i HOME=/ PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=true \
        ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} \
        ${no_proxy:+no_proxy="$no_proxy"} chroot "$@" </dev/null
}

say "a minimal $suite from $mirror in $dir"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" \
    "$dir" "$mirror" >"$dir.log" 2>&1 || {
    tail -n 20 "$dir.log"
    fail 'debootstrap'
}
rm -f "$dir.log"
mount -t proc proc "$dir/proc"
mount --bind /dev "$dir/dev"
cp /etc/resolv.conf "$dir/etc/resolv.conf"
apt-config dump | grep '^Acquire::.*"[^"]' >"$dir/etc/apt/apt.conf.d/99host" || :
# As a mirror of container images leaves it: no package lists.
rm -rf "$dir"/var/lib/apt/lists/*

git clone -q --no-hardlinks "$top" "$dir/src"
say "the tree at $(git -C "$dir/src" log -1 --format='%h, %s')"
inside "$dir" sh -c 'dpkg-query -W | wc -l' | sed 's/$/ packages/'

say '1. a user who may not install'
cp -a "$dir/src" "$dir/tmp/src"
inside "$dir" chown -R nobody /tmp/src
status=0
said=$(inside --userspec=nobody "$dir" /tmp/src/quickstart test) || status=$?
echo "$said"
[ "$status" = 1 ] || fail "exit status $status instead of 1"
echo "$said" | tail -n 1 | grep -q '^sudo apt-get install .*gcc' ||
    fail 'it did not end with the line to run'
rm -rf "$dir/tmp/src"

say '2. root'
inside "$dir" /src/quickstart test || fail 'quickstart test'

say '3. without a network'
# With the loopback that the tests of listeners want.
said=$(unshare --net sh -c 'ip link set lo up && exec env -i HOME=/ \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" /src/quickstart test' \
    sh "$dir" </dev/null) || {
    echo "$said"
    fail 'the second run'
}
echo "$said"

say '4. the tree'
left=$(git -C "$dir/src" status --short)
[ -z "$left" ] || fail "files that git sees: $left"
say 'proved'
echo "$said" | tail -n 1
