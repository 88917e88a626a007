#!/bin/bash
# Run by systemd in the Debian of debian_dom0.sh when everything else has started. The first boot installs the packages;
# the second one finds what the first one left.
set -euo pipefail
cd /root
work=$(mktemp -d)
say() { echo "@@ $(cut -d' ' -f1 /proc/uptime) $*"; }
finish() {
  local status=$?
  set +e
  if [ $status != 0 ]; then
    say "FAILED"
    journalctl --no-pager -n 60 -o cat -u bulkheadd -u bulkhead-domains -u xen | cut -c1-300
    cat "$work/apt"
    systemctl status --no-pager bulkheadd bulkhead-domains
    sync
    systemctl poweroff --force --force
  fi
  systemctl poweroff
}
trap finish EXIT
fail() {
  say "FAILED: $*"
  exit 1
}
equal() { [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"; }
# says GUEST TEXT SECONDS: its console says so within that time, followed as it grows.
says() {
  timeout "$3" grep -m1 -qaF -- "$2" < <(exec tail -n +1 -F "/var/log/xen/console/guest-$1.log" 2>/dev/null) ||
    fail "$1 did not say '$2' in $3 s"
}
# await_node PATH VALUE SECONDS: by xenstore watches.
await_node() {
  timeout "$3" bash -c '
    coproc xenstore-watch "$1"
    while read -r _ <&"${COPROC[0]}"; do
      [ "$(xenstore-read "$1" 2>/dev/null)" = "$2" ] && break
    done
    kill "$COPROC_PID"' await "$1" "$2" || fail "$1 did not become '$2' within $3 s"
}
running() { bulkhead list --json | grep -oE '"name": "[^"]*"|"id": [0-9]+' | paste -d' ' - - | grep -c '"id": [1-9]' || true; }
property() { systemctl show -P "$1" "$2"; }
# What the unit's settings have refused the daemon, its helpers and device models; 1326 is the kernel's record of seccomp.
refused_by_the_unit() {
  { journalctl -b -o cat -u bulkheadd && journalctl -k -o cat && cat /var/log/xen/qemu-dm-*.log; } |
    grep -aiE 'operation not permitted|permission denied|type=1326' || true
}

model_lives() {
  [ -d "/proc/$model" ] || fail "the device model is gone"
  local blocks
  blocks=$(bulkhead qemu-monitor-command hvm 'info block')
  [[ $blocks = *ide0-hd0* ]] || fail "the device model says: $blocks"
}

installed() {
  say "apt"
  DEBIAN_FRONTEND=noninteractive apt-get install -y /root/debs/*.deb >"$work/apt" 2>&1 || {
    tail -n 20 "$work/apt"
    fail "apt-get install"
  }
  equal "bulkheadd is" "$(systemctl is-active bulkheadd)/$(systemctl is-enabled bulkheadd)" active/enabled
  equal "bulkhead-domains is" "$(systemctl is-active bulkhead-domains || true)/$(systemctl is-enabled bulkhead-domains || true)" inactive/disabled
  bulkhead list
  equal "rows of list" "$(bulkhead list | wc -l)" 2
  bulkhead host check

  say "a guest with a disk and a vif on dom0's bridge"
  ip link add xenbr0 type bridge
  ip link set xenbr0 up
  truncate -s 8M /srv/disk.img
  bulkhead create client.cfg 'name="plain"' 'disk=["/srv/disk.img,raw,xvda,w"]' 'vif=["bridge=xenbr0"]'
  says plain ' init ok=1' 60
  await_node /local/domain/0/backend/vbd/1/51712/state 4 30
  equal "its disk" "$(xl block-list plain | awk 'NR == 2 { print $1, $4 }')" "51712 4"
  equal "ports of the bridge" "$(ls /sys/class/net/xenbr0/brif)" "vif1.0"

  # Paused: QEMU's emulation of SVM ends some guests that run, and this is about the device model.
  say "a guest with a device model"
  bulkhead create -p hvm.cfg
  model=$(xenstore-read "/local/domain/$(bulkhead domid hvm)/image/device-model-pid")
  model_lives

  say "a driver domain and its client"
  modprobe xen-pciback
  bulkhead pci-assignable-add 00:02.0
  bulkhead create ndvm.cfg
  bulkhead create -w client.cfg 'name="served"' 'vif=["backend=ndvm"]' \
    'cmdline="console=hvc0 panic=-1 rodata=off client.ip=dhcp client.test=transfer client.transfer=1"'
  says served ' done ' 90

  say "the driver domain dies"
  xl destroy ndvm
  timeout 90 grep -qm1 '"event":"returned"' < <(exec bulkhead driverdomain events --follow --json ndvm) || fail "it did not return"

  say "the unit that starts and ends domains"
  bulkhead new --autostart client.cfg 'name="villa"'
  systemctl enable bulkhead-domains >/dev/null 2>&1
  systemctl start bulkhead-domains
  equal "domains" "$(running)" 5
  says villa ' init ok=1' 60
  villa=$(bulkhead domid villa)

  say "bulkheadd is killed"
  kill -9 "$(property MainPID bulkheadd)"
  # Polled: a shell cannot wait for what systemd does with a unit by itself.
  timeout 30 sh -c 'until [ "$(systemctl show -P NRestarts bulkheadd)/$(systemctl is-active bulkheadd)" = 1/active ]; do sleep 0.2; done' ||
    fail "systemd did not start it again: $(systemctl status bulkheadd --no-pager | head -n 5)"
  equal "domains" "$(running)" 5
  model_lives

  say "the packages are installed again"
  apt-get install -y --reinstall /root/debs/*.deb >"$work/apt" 2>&1 || fail "apt-get install --reinstall: $(tail -n 5 "$work/apt")"
  equal "bulkheadd is" "$(systemctl is-active bulkheadd)" active
  equal "domains" "$(running)" 5
  model_lives

  say "bulkheadd is restarted"
  systemctl restart bulkheadd
  equal "domains" "$(running)" 5
  equal "villa's id" "$(bulkhead domid villa)" "$villa" # not saved and restored
  equal "bulkhead-domains is" "$(systemctl is-active bulkhead-domains)" active
  for name in plain hvm served ndvm; do bulkhead destroy "$name"; done
  timeout 30 tail --pid="$model" -f /dev/null || fail "the device model is still there"

  equal "autostart" "$(bulkhead host check | grep autostart)" "ok       autostart: bulkhead-domains starts and ends the host's domains"
  equal "refused by the unit's settings" "$(refused_by_the_unit)" ""
}

restored() {
  equal "xendomains is" "$(systemctl is-active xendomains || true)" inactive
  equal "bulkheadd, bulkhead-domains are" "$(systemctl is-active bulkheadd bulkhead-domains | tr '\n' ' ')" "active active "
  equal "domains" "$(running)" 1
  equal "saved images left" "$(ls /var/lib/xen/save)" ""
  equal "how often villa booted" "$(cat /var/log/xen/console/guest-villa.log* | grep -ac ' init ok=1')" 1
  bulkhead shutdown -w villa

  say "removed"
  bulkhead start villa
  apt-get remove -y bulkhead >"$work/apt" 2>&1 || fail "apt-get remove: $(tail -n 5 "$work/apt")"
  equal "bulkheadd is" "$(systemctl is-active bulkheadd || true)" inactive
  xl list villa >/dev/null || fail "the domain ended with the package"
  xl destroy villa
  apt-get purge -y bulkhead bulkhead-agent >"$work/apt" 2>&1 || fail "apt-get purge: $(tail -n 5 "$work/apt")"
  equal "what purging left" "$(find / -xdev -path /root -prune -o -path /var/cache -prune -o -path /var/log -prune -o -name '*bulkhead*' -print)" ""
}

stage=$(cat stage 2>/dev/null || echo installed)
"$stage"
echo restored >stage
say "$stage"
echo "@@ $stage passed"
