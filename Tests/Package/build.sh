#!/usr/bin/env bash
# Builds the Debian package, and prints its path; all else goes to standard error.
#
#     Tests/Package/build.sh [--out DIR]                    with a release build that needs no Swift where it runs
#     Tests/Package/build.sh --program PROGRAM [--out DIR]  with a program that is there, to look at the package
#
# The first one takes a quarter of an hour on two slow cores. Its version is the time of the last commit. The
# maintainer is DEBFULLNAME and DEBEMAIL, or else who made that commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="" out=.build/package
while [ "$#" -gt 0 ]; do
    case "$1" in
        --program) program="$2" ;;
        --out) out="$2" ;;
        *) sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    esac
    shift 2
done

# MARK: The program

bash Tests/setup.sh debhelper dpkg-dev fakeroot binutils man-db >&2
export COMPRESSION=6 SWIFT_LIBRARIES=""
checkouts=.build/package/checkouts
if [ -z "$program" ]; then
    swift build -c release --static-swift-stdlib --disable-local-rpath \
        --product countermark --scratch-path .build/package >&2
    program=.build/package/release/countermark
else
    # Of a program for trying, with Swift's libraries beside it.
    COMPRESSION=0 checkouts=.build/checkouts
    SWIFT_LIBRARIES="$(readelf -d "$program" | sed -n 's/.*R.*PATH.*\[\(\/[^:]*\)[]:].*/\1/p' | head -1)"
fi

# MARK: What goes into the package

mkdir -p "$out"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
tree="$work/countermark"
mkdir "$tree"
cp -r Tests/Package/debian "$tree/debian"
chmod +x "$tree/debian/rules"

commit="$(git rev-parse --short=12 HEAD)"
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH
version="0+$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M%S)"
maintainer="${DEBFULLNAME:-$(git log -1 --format=%an)} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"
sed -i "s/@MAINTAINER@/$maintainer/" "$tree/debian/control"
cat >"$tree/debian/changelog" <<END
countermark ($version) unstable; urgency=medium

  * Built from commit $commit.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END

install -m 0755 "$program" "$tree/countermark"
completions="$tree/completions"
mkdir "$completions"
for shell in bash zsh fish; do
    # Those that a shell reads are no scripts.
    "$program" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$completions/$shell"
done
python3 Tests/Package/manual.py --program "$program" --version "$version" \
    --date "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)" "$tree/man"
mv "$completions/bash" "$completions/countermark"
mv "$completions/zsh" "$completions/_countermark"
mv "$completions/fish" "$completions/countermark.fish"
cat >"$tree/debian/countermark.install" <<END
countermark usr/bin
completions/countermark usr/share/bash-completion/completions
completions/_countermark usr/share/zsh/vendor-completions
completions/countermark.fish usr/share/fish/vendor_completions.d
END
printf 'man/*.1\n' >"$tree/debian/countermark.manpages"
# What their licences ask to be passed on with the parts of others that are built in.
for notice in "$checkouts"/*/NOTICE.txt; do
    printf '%s\n\n' "== $(basename "$(dirname "$notice")")"
    cat "$notice"
done >"$tree/NOTICES"
printf 'NOTICES\n' >"$tree/debian/countermark.docs"

# MARK: The package

(cd "$tree" && fakeroot debian/rules binary) >&2
package="$(basename "$work"/countermark_*.deb)"
mv "$work/$package" "$out/$package"
echo "$out/$package"
