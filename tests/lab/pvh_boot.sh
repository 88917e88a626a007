# A PVH guest by direct boot: to its console's prompt and down again, as xl sees it. Without a network, so that it is short:
# QEMU's emulation of SVM kills a PVH guest every few minutes. One that Xen itself saw die of that is tried once more, and
# this is said; any other end is a failure.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/guest.sh"
leave() { dom0 bulkhead destroy pvh >/dev/null 2>&1 || true; }
leave_with=leave

boot() ( # `set -e` does not hold below `if`
  dom0 bulkhead create /root/cfg/pvh.cfg 'vif=[]' "$quiet" 'on_poweroff="destroy"' || exit 1
  contains "the guest" "$(stamp pvh ' done ')" "ok=1"
  equal "as xl has it" "$(dom0 xl list -l pvh | python3 -c 'import json, sys; c = json.load(sys.stdin)[0]["config"]["c_info"]; print(c["name"], c["type"])')" "pvh pvh"
  say_in pvh 'grep -q Linux /proc/version' prompt
  equal "what runs it" "$(dom0 pidof xen-qemu-system-i386 2>/dev/null || true)" ""
  dom0 bulkhead shutdown -w pvh
)
killed_by_the_emulation() {
  "$BULKHEAD" lab log --name "$LAB" </dev/null | tail -n 60 | grep -E "domain_crash|Unexpected vmexit|Triple fault"
}
if ! boot; then
  killed_by_the_emulation || fail "the PVH guest failed, and Xen says of no reason in the emulated processor"
  say "Xen says that the emulated processor killed the guest (above): once more"
  leave
  boot
fi
refused 1 "pvh" dom0 bulkhead domid pvh
leaves_nothing
