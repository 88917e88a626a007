# A driver domain that is destroyed while it boots goes at once: nobody waits for its PCI frontend (libxl: 10 s, twice),
# and nobody takes it for dead and brings it back. A vif that waits for it has its number already.
. "$(dirname "$0")/common.sh"
leave() { dom0 sh -c 'bulkhead destroy client; bulkhead destroy ndvm' >/dev/null 2>&1 || true; }
leave_with=leave
dom0 bulkhead create -p /root/cfg/ndvm.cfg # paused: its PCI frontend will not answer
ndvm=$(dom0 bulkhead domid ndvm)
dom0 timeout 60 sh -c 'before=$(date +%s)
  bulkhead destroy ndvm
  echo $(($(date +%s) - before))' >"$work/took"
[ "$(cat "$work/took")" -lt 10 ] || fail "destroying took $(cat "$work/took") s"
equal "its nodes" "$(dom0 xenstore-ls "/local/domain/$ndvm" 2>/dev/null || true)" ""
contains "the NIC is assignable again" "$(dom0 bulkhead pci-assignable-list)" "0000:00:02.0"
leaves_nothing

say "a vif for a client that still waits for its first"
dom0 bulkhead create -p /root/cfg/ndvm.cfg
dom0 bulkhead create /root/cfg/client.cfg 'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
refused 1 "waits for driver domain 'ndvm'" dom0 bulkhead network-attach client devid=0,backend=ndvm
dom0 timeout 120 bash -c '
  coproc bulkhead network-attach client mac=00:16:3e:00:00:31,backend=ndvm 2>&1
  read -r _ <&"${COPROC[0]}" # it waits
  bulkhead unpause ndvm
  wait "$COPROC_PID"' attach
nth_line bulkheadd "vif 0 of domain 'client' is connected to driver domain 'ndvm'" 1 >/dev/null
equal "vifs" "$(dom0 bulkhead network-list --json client |
  python3 -c 'import json, sys; print([(n["devid"], n["mac"]) for d in json.load(sys.stdin) for n in d["nics"]])')" \
  "[(0, '00:16:3e:00:00:30'), (1, '00:16:3e:00:00:31')]"
dom0 bulkhead destroy client
dom0 bulkhead destroy ndvm
leaves_nothing
