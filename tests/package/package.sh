#!/bin/bash
# The Debian packages: built, judged by lintian, unpacked, installed, upgraded, removed and purged in a root of their own,
# without the network and without starting anything. package.sh DIR tries the packages that are in DIR instead.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "--- $*"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

version=$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)
debs=("bulkhead_${version}_amd64.deb" "bulkhead-agent_${version}_amd64.deb")
if [ $# -gt 0 ]; then
  built=$(cd "$1" && pwd)
else
  built=$tree/build/deb
  say "build"
  listing() { (cd "$tree" && git status --porcelain --ignored -- . ':!build'); }
  before=$(listing)
  "$tree/packaging/build-deb"
  [ "$(listing)" = "$before" ] || fail "the build changed the tree"
  say "built again elsewhere: the same bytes"
  "$tree/packaging/build-deb" --output "$work/again"
  for deb in "${debs[@]}"; do cmp "$built/$deb" "$work/again/$deb" || fail "$deb is not reproducible"; done
fi
debs=("${debs[@]/#/$built/}")

say "lintian"
lintian --allow-root --pedantic -I --fail-on error,warning,info,pedantic "$built"/bulkhead_*.changes || fail "lintian"

say "what is in them"
for deb in "${debs[@]}"; do dpkg -x "$deb" "$work/root"; done
root=$work/root
for program in bin/bulkhead sbin/bulkheadd lib/bulkhead/bulkhead-agent; do
  said=$("$root/usr/$program" --version)
  [ "$said" = "$(basename "$program") $version" ] || fail "$program says '$said'"
done
for program in bin/bulkhead lib/bulkhead/bulkhead-all sbin/bulkheadd; do
  if ldd "$root/usr/$program" | grep 'not found'; then fail "$program lacks libraries"; fi
done
if ldd "$root/usr/lib/bulkhead/bulkhead-agent" >/dev/null 2>&1; then fail "the agent is not static"; fi
depends=$(dpkg-deb -f "${debs[0]}" Depends)
for package in libxenmisc4.17 xen-utils-4.17 libsystemd0 libsqlite3-0; do
  case ", $depends," in *", $package "*|*", $package,"*) ;; *) fail "bulkhead does not depend on $package: $depends" ;; esac
done
[ -z "$(dpkg-deb -f "${debs[1]}" Depends)" ] || fail "the agent depends on: $(dpkg-deb -f "${debs[1]}" Depends)"
# The installed program finds the agent that belongs to it, and the lab's first process.
[ -x "$root/usr/lib/bulkhead/bulkhead-lab-init" ] || fail "no bulkhead-lab-init"
[ "$(readlink "$root/usr/share/doc/bulkhead/examples/xm")" = ../../../../bin/bulkhead ] || fail "no example link xm"
[ ! -e "$root/usr/sbin/xm" ] || fail "/usr/sbin/xm is installed"

say "units"
unit=$root/lib/systemd/system/bulkheadd.service
# The programs are not installed on this machine: the copies name their place.
mkdir "$work/units"
for name in bulkheadd bulkhead-domains; do
  sed -E "s#^Exec(Start|Stop)=#&$root#" "$root/lib/systemd/system/$name.service" >"$work/units/$name.service"
done
systemd-analyze verify --man=no "$work"/units/*.service 2>&1 | tee "$work/verify"
[ ! -s "$work/verify" ] || fail "systemd-analyze verify"
systemd-analyze security --offline=yes --threshold=52 "$unit" | tail -n 1 # tenths

say "man pages"
pages=$(find "$root/usr/share/man" -name '*.gz' | sort)
[ "$(wc -l <<<"$pages")" -ge 9 ] || fail "man pages: $pages"
for page in $pages; do
  warnings=$(MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings --local-file "$page" 2>&1 >"$work/text")
  [ -z "$warnings" ] || fail "$page: $warnings"
  # scdoc puts a paragraph between a heading and its text, in every page.
  text=$work/$(basename "$page" .gz) # mandoc compares the name
  gzip -dc "$page" >"$text"
  lint=$(mandoc -T lint -W warning "$text" | grep -v 'skipping paragraph macro: PP' || true)
  [ -z "$lint" ] || fail "$page: $lint"
done
# What a page points to is a page of ours, or of Xen's, coreutils' and others' that are known.
for named in $(sed -n '/SEE ALSO/,$p' "$tree"/packaging/man/*.scd | grep -oE '\*bulkhead[a-z.-]*\*\([0-9]\)' | tr -d '*' | sort -u); do
  page=${named%(*}.${named: -2:1}
  [ -f "$root/usr/share/man/man${page##*.}/$page.gz" ] || fail "$named is named and not there"
done

say "completion"
python3 "$tree/tests/unit/shell/completion_test.py" "$root/usr/bin/bulkhead" \
  "$root/usr/share/bash-completion/completions/bulkhead" 2>&1 | tail -n 3

say "install, upgrade, remove, purge"
host=$work/host
mkdir -p "$host/var/lib/dpkg/"{info,updates,triggers} "$host/var/lib/bulkhead" "$host/var/log"
: >"$host/var/lib/dpkg/status"
: >"$host/var/lib/bulkhead/state.db" # as the daemon would leave it
# Its dependencies are not there, and maintainer scripts run without chroot: nothing of this machine is touched.
to_host() { dpkg --root="$host" --force-script-chrootless --force-depends --force-not-root --log=/dev/null "$@" >"$work/dpkg" 2>&1 || {
  cat "$work/dpkg" >&2
  fail "dpkg $*"
}; }
status() { dpkg-query --admindir="$host/var/lib/dpkg" -W -f '${db:Status-Status}' bulkhead 2>/dev/null || true; }
to_host -i "${debs[@]}"
[ "$(status)" = installed ] || fail "after the installation: $(status)"
[ -L "$host/etc/systemd/system/multi-user.target.wants/bulkheadd.service" ] || fail "the unit is not enabled"
[ ! -e "$host/etc/systemd/system/multi-user.target.wants/bulkhead-domains.service" ] || fail "bulkhead-domains is enabled"
to_host -i "${debs[@]}"
[ "$(status)" = installed ] || fail "after the upgrade: $(status)"
to_host --remove bulkhead bulkhead-agent
[ ! -e "$host/usr/sbin/bulkheadd" ] || fail "the daemon is still there"
[ -f "$host/var/lib/bulkhead/state.db" ] || fail "removing took the state"
to_host --purge bulkhead bulkhead-agent
[ ! -e "$host/var/lib/bulkhead" ] || fail "purging left the state"
left=$(find "$host" -type f -path '*bulkhead*')
[ -z "$left" ] || fail "purging left: $left"
# An upgrade restarts the daemon; without systemd nothing is started.
dpkg-deb --control "${debs[0]}" "$work/control"
grep -q "_dh_action=restart" "$work/control/postinst" || fail "an upgrade does not restart the daemon"
grep -q 'if \[ -d /run/systemd/system \]' "$work/control/postinst" || fail "the daemon is started without systemd"
# To stop bulkhead-domains is to save or shut down every domain.
if grep -hE 'deb-systemd-invoke' "$work"/control/{preinst,postinst,prerm,postrm} 2>/dev/null | grep bulkhead-domains; then
  fail "installing, upgrading or removing would stop or start domains"
fi
echo "the packages are good"
