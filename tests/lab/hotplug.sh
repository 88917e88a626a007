# A NIC comes to a running NDVM and goes again; bulkheadd dies in the middle of both. Ends with the NIC assignable.
. "$(dirname "$0")/common.sh"
nic=0000:00:02.0

dom0 bulkhead create /root/cfg/ndvm.cfg 'name="plug"' 'pci=[]' 'passthrough="enabled"' 'on_crash="destroy"'
plug=$(dom0 bulkhead domid plug)
leave() { dom0 bulkhead destroy plug >/dev/null 2>&1 || true; }
leave_with=leave
home=/local/domain/$plug/data/bulkhead
await_node "$home/state" starting 90

say "attach: the agent takes it"
dom0 bulkhead pci-attach plug $nic
await_node "$home/state" ready
equal "driver" "$(node "$home/nic/driver")" e1000e
contains "pci-list" "$(dom0 bulkhead pci-list plug)" "$nic"
refused 1 "in use by domain 'plug'" dom0 bulkhead pci-attach plug $nic
refused 1 "in use by domain 'plug'" dom0 bulkhead pci-assignable-remove $nic

say "detach: it is assignable again"
dom0 bulkhead pci-detach plug $nic
await_node "$home/state" "failed: the network card of bridge xenbr0 is gone"
is_free() { # is_free WHEN
  equal "devices $1" "$(dom0 bulkhead pci-list --json plug | python3 -c 'import json, sys; print(json.load(sys.stdin))')" "[]"
  contains "assignable $1" "$(dom0 bulkhead pci-assignable-list)" $nic
  equal "libxl's note of its owner $1" "$(node /libxl/pci/0000-00-02-0/domid)" ""
  equal "the back end $1" "$(dom0 xenstore-ls /local/domain/0/backend/pci 2>/dev/null || true)" ""
}
is_free "after detach"
refused 1 "does not have" dom0 bulkhead pci-detach plug $nic

say "bulkheadd dies in the middle"
kill_daemon_at /libxl/pci/0000-00-02-0 1 bulkhead pci-attach plug $nic
is_free "after an attach that had begun"
# At its end the attach may be over before the daemon is dead: then the device must be there and work.
kill_daemon_at "/local/domain/0/backend/pci/$plug/0/num_devs" 1 bulkhead pci-attach plug $nic
case $(dom0 bulkhead pci-list plug) in
*$nic*) echo "the attach was over" ;;
*)
  is_free "after an attach that was nearly over"
  dom0 bulkhead pci-attach plug $nic
  ;;
esac
await_node "$home/state" ready
kill_daemon_at "/local/domain/0/backend/pci/$plug/0/state" 1 bulkhead pci-detach plug $nic
is_free "after a detach"

say "and it all still works"
dom0 bulkhead pci-attach plug $nic
await_node "$home/state" ready
dom0 bulkhead destroy plug

say "a domain without an IOMMU context is told so"
dom0 bulkhead create /root/cfg/client.cfg 'name="plug"' 'vif=[]'
refused 1 'passthrough="enabled"' dom0 bulkhead pci-attach plug $nic
is_free "after a refusal"
dom0 bulkhead destroy plug
leaves_nothing
