# A driver domain that is destroyed while it boots goes at once: nobody waits for its PCI frontend (libxl: 10 s, twice),
# and nobody takes it for dead and brings it back.
. "$(dirname "$0")/common.sh"
dom0 bulkhead create -p /root/cfg/ndvm.cfg # paused: its PCI frontend will not answer
ndvm=$(dom0 bulkhead domid ndvm)
dom0 timeout 60 sh -c 'before=$(date +%s)
  bulkhead destroy ndvm
  echo $(($(date +%s) - before))' >"$work/took"
[ "$(cat "$work/took")" -lt 10 ] || fail "destroying took $(cat "$work/took") s"
equal "its nodes" "$(dom0 xenstore-ls "/local/domain/$ndvm" 2>/dev/null || true)" ""
contains "the NIC is assignable again" "$(dom0 bulkhead pci-assignable-list)" "0000:00:02.0"
leaves_nothing
