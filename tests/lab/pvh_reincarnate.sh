# A PVH client of a driver domain that is destroyed and returns: one TCP connection through it. QEMU's emulation of SVM
# kills PVH guests every few minutes: one that Xen itself saw die of that does not count, another one is tried, and this is
# said; any other end is a failure.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
ndvm=$(dom0 bulkhead domid ndvm)
attempts=5
leave() { for ((i = 1; i <= attempts; i++)); do dom0 bulkhead destroy "pvh$i" >/dev/null 2>&1 || true; done; }
leave_with=leave

survives() ( # NAME; `set -e` does not hold below `if`
  start_stream "$1" 00:16:3e:00:00:68 ndvm 'type="pvh"' 'tsc_mode="native"' 'memory=160' || exit 1
  equal "as xl has it" "$(dom0 xl list -l "$1" | grep -o '"type": "pvh"')" '"type": "pvh"'
  before=$(returns ndvm)
  dom0 xl destroy ndvm || exit 1
  await_returns ndvm $((before + 1))
  equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  stream_goes_on "$1"
  equal "cards that it has seen" "$("$BULKHEAD" lab log --name "$LAB" --guest "$1" </dev/null | grep -ac '@@ .* eth0 ' || true)" 1
)
# How often the emulated processor has killed a guest, as Xen says.
killed() { "$BULKHEAD" lab log --name "$LAB" </dev/null | grep -cE "domain_crash|Unexpected vmexit|Triple fault" || true; }

for ((attempt = 1; attempt <= attempts; attempt++)); do
  kills=$(killed)
  if survives "pvh$attempt"; then
    say "pvh$attempt went on"
    exit 0
  fi
  [ "$(killed)" -gt "$kills" ] || fail "the PVH guest failed, and Xen says of no reason in the emulated processor"
  say "Xen says that the emulated processor killed pvh$attempt: another one"
  dom0 bulkhead destroy "pvh$attempt" >/dev/null 2>&1 || true
  await_node "/local/domain/$ndvm/data/bulkhead/state" ready 120
done
fail "the emulated processor killed all $attempts guests"
