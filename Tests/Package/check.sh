#!/usr/bin/env bash
# Checks the Debian package.
#
#     Tests/Package/check.sh --program PROGRAM      a package with this program: what is in it, under a minute
#     Tests/Package/check.sh PACKAGE [--out DIR]    also installs and runs it in a bare Debian, as root: some minutes
#
# The second one also makes an image of the program and what it needs (OCI, without a daemon), unpacks it and runs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

package="" program="" out=""
while [ "$#" -gt 0 ]; do
    case "$1" in
        --program) program="$2"; shift ;;
        --out) out="$2"; shift ;;
        -*) sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
        *) package="$1" ;;
    esac
    shift
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
bash Tests/setup.sh lintian systemd zsh fish
failed() { echo "FAILED: $1" >&2; exit 1; }
ok() { echo "ok: $1"; }

# MARK: What is in it

# An error and a warning of lintian fail; of a program that is linked to Swift's own libraries, their folder is known.
known=""
if [ -n "$program" ]; then
    package="$(bash Tests/Package/build.sh --program "$program" --out "$work" 2>"$work/log")" ||
        { cat "$work/log" >&2; failed "the package is not built"; }
    known=custom-library-search-path
fi
lintian --allow-root --fail-on error,warning ${known:+--suppress-tags "$known"} "$package"
ok "lintian has no error and no warning"

tree="$work/tree"
dpkg-deb -x "$package" "$tree"
unit="$tree/lib/systemd/system/countermark.service"
systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" | tail -1
ok "systemd-analyze gives the unit less than 2"
# The program where it was unpacked, and this machine's user.
sed "s|/usr/bin/countermark|$tree/usr/bin/countermark|; s/=countermark$/=root/" "$unit" >"$work/countermark.service"
systemd-analyze verify --man=no "$work/countermark.service" 2>&1 | grep -F countermark.service &&
    failed "systemd does not understand the unit"
ok "systemd understands the unit"

python3 Tests/Package/pages.py --program "${program:-$tree/usr/bin/countermark}" "$tree/usr/share/man/man1"
fish_file="$tree/usr/share/fish/vendor_completions.d/countermark.fish"
zsh -n "$tree/usr/share/zsh/vendor-completions/_countermark" || failed "zsh does not read its completions"
fish --no-config -c "source $fish_file; complete -C 'countermark ser'" | grep -q '^serve' ||
    failed "fish does not complete serve"
bash --norc -c "source $tree/usr/share/bash-completion/completions/countermark
    complete -p countermark" >/dev/null || failed "bash does not read its completions"
if grep -rIl '^#!' "$tree/usr/share"; then failed "a completion has a shebang"; fi
ok "bash, zsh and fish take their completions"
[ -z "$program" ] || exit 0

readelf -d "$tree/usr/bin/countermark" | grep -E 'R(UN)?PATH|libswift|libFoundation' &&
    failed "the program needs Swift's libraries"
ok "the program needs no library of Swift's: $(du -h "$tree/usr/bin/countermark" | cut -f1), the package $(du -h "$package" | cut -f1)"

# MARK: Installed in a bare Debian

[ "$(id -u)" -eq 0 ] || failed "a root can be made by root alone"
bash Tests/setup.sh mmdebstrap umoci python3-seccomp
root="$work/root" suite=bookworm
# apt's own mirror.
mirror="$(apt-cache policy libc6 | grep -oE 'https?://[^ ]+/debian' | head -1)"
install -m 0644 "$package" "$work/countermark.deb"
mmdebstrap --quiet --variant=minbase --customize-hook="copy-in $work/countermark.deb /root" \
    --customize-hook='chroot "$1" apt-get install -y -qq --no-install-recommends /root/countermark.deb >/dev/null' \
    "$suite" "$root" "$mirror"
ok "apt installs it and what it depends on in a bare Debian: $(du -sh "$root" | cut -f1)"
inside() { chroot "$root" "$@"; }
inside dpkg -i /root/countermark.deb >/dev/null
ok "it installs over itself"
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"; rm -rf "$work"' EXIT
python3 Tests/Package/installed.py --root "$root"
inside dpkg -r countermark >/dev/null
[ -f "$root/var/lib/countermark/config.json" ] && [ -f "$root/etc/default/countermark" ] ||
    failed "removing the package removes the home or what was configured"
ok "removed, the home and what was configured stay"
inside dpkg -i /root/countermark.deb >/dev/null
inside setpriv --reuid countermark --regid countermark --clear-groups \
    countermark verify --home /var/lib/countermark >/dev/null
ok "installed again, the home is taken up"
inside dpkg -P countermark 2>&1 | grep -F 'the home stays' >/dev/null || failed "purging does not tell of the home"
[ -f "$root/var/lib/countermark/config.json" ] && [ ! -e "$root/etc/default/countermark" ] ||
    failed "purging keeps what was configured, or removes the home"
[ ! -e "$root/usr/bin/countermark" ] || failed "purging leaves the program"
rm -r "$root"/var/lib/countermark/*
inside dpkg -i /root/countermark.deb >/dev/null
inside dpkg -P countermark >/dev/null
[ ! -e "$root/var/lib/countermark" ] || failed "purging leaves an empty state folder"
ok "purged, what was configured goes, an empty state folder too, and a home stays"

# MARK: The image

lean="$work/lean"
needs="$(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed 's/(.*//; s/ //g' | grep -vx adduser | paste -sd,)"
mmdebstrap --quiet --variant=extract --include="base-files,$needs" "$suite" "$lean" "$mirror"
dpkg-deb -x "$package" "$lean"
rm -rf "$lean"/usr/share/{doc,man,info,locale,lintian,zsh,fish,bash-completion} "$lean"/var/{lib/apt,cache,lib/dpkg} \
    "$lean"/{lib/systemd,etc/default/countermark}
printf 'countermark:x:999:999::/var/lib/countermark:/usr/sbin/nologin\n' >"$lean/etc/passwd"
printf 'countermark:x:999:\n' >"$lean/etc/group"
install -d -m 0700 -o 999 -g 999 "$lean/var/lib/countermark"
install -d -m 1777 "$lean/tmp"
image="$work/image"
umoci init --layout "$image" >/dev/null
umoci new --image "$image:countermark"
umoci unpack --image "$image:countermark" "$work/bundle"
cp -a "$lean/." "$work/bundle/rootfs/"
umoci repack --image "$image:countermark" "$work/bundle" >/dev/null
umoci config --image "$image:countermark" --config.user 999:999 --config.entrypoint /usr/bin/countermark \
    --config.cmd serve --config.cmd=--peer --config.cmd='[::]:7443' --config.env COUNTERMARK_HOME=/var/lib/countermark \
    --config.volume /var/lib/countermark --config.workingdir /var/lib/countermark --config.exposedports 7443/tcp
umoci gc --layout "$image" >/dev/null
python3 - "$image" <<'END'
import json, pathlib, sys
blobs = pathlib.Path(sys.argv[1]) / "blobs" / "sha256"
def blob(d): return json.loads((blobs / d["digest"].split(":")[1]).read_text())
manifest = blob(json.loads((pathlib.Path(sys.argv[1]) / "index.json").read_text())["manifests"][0])
config = blob(manifest["config"])["config"]
wanted = {"User": "999:999", "Entrypoint": ["/usr/bin/countermark"], "Cmd": ["serve", "--peer", "[::]:7443"],
          "Volumes": {"/var/lib/countermark": {}}, "WorkingDir": "/var/lib/countermark"}
for name, value in wanted.items():
    if config[name] != value: sys.exit(f"FAILED: the image's {name} is {config[name]}")
END
umoci unpack --image "$image:countermark" "$work/unpacked"
mkdir -p "$work/unpacked/rootfs/run"
mount -t proc proc "$work/unpacked/rootfs/proc"
trap 'umount "$root/proc" "$work/unpacked/rootfs/proc"; rm -rf "$work"' EXIT
python3 Tests/Package/installed.py --root "$work/unpacked/rootfs" --plain
ok "the image is unpacked and runs: $(du -sh "$image" | cut -f1), unpacked $(du -shx "$work/unpacked/rootfs" | cut -f1)"
if [ -n "$out" ]; then
    tar -C "$image" -cf "$out/countermark.oci.tar" .
    echo "$out/countermark.oci.tar"
fi
