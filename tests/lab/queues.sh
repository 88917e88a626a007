# Several queues and several vifs: a client with two processors and two vifs, each with two queues. Its driver domain dies
# five times in a row; then the client is saved while it is away, and restored. One TCP connection lasts through all.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
end() {
  leave
  dom0 bulkhead destroy ndvm >/dev/null 2>&1 || true
  dom0 rm -f /root/broad.saved
}
leave_with=end

dom0 bulkhead create /root/cfg/ndvm.cfg 'vcpus=2'
start_stream broad 00:16:3e:00:00:a8 ndvm 'vcpus=2' \
  'vif=["mac=00:16:3e:00:00:a8,backend=ndvm", "mac=00:16:3e:00:00:a9,backend=ndvm"]'
ndvm=$(dom0 bulkhead domid ndvm)
ends() { # the queues and states of both vifs
  local broad vif
  broad=$(dom0 bulkhead domid broad)
  for vif in 0 1; do
    echo "$(node "/local/domain/$broad/device/vif/$vif/multi-queue-num-queues")" \
      "$(node "/local/domain/$broad/device/vif/$vif/state")" \
      "$(node "/local/domain/$ndvm/backend/vif/$broad/$vif/state")"
  done
}
both=$'2 4 4\n2 4 4'
equal "queues and states" "$(ends)" "$both"

# A NIC may go on with its DMA when its domain has crashed; the IOMMU stops it, and the event tells how often. (xl's
# destroy stops the NIC before anybody else knows.)
blocked() { dom0 xl dmesg | grep -cF 'Request device [0000:00:02.0]' || true; }
told() { dom0 bulkhead driverdomain events ndvm --json | grep '"returned"' | tail -n 1 | grep -oE '"blocked_dma":[0-9]+'; }

for ((death = 1; death <= 5; death++)); do
  say "death $death"
  blocked=$(blocked)
  if ((death % 2)); then dom0 xl sysrq ndvm c; else dom0 xl destroy ndvm >/dev/null 2>&1; fi
  await_returns ndvm "$death"
  ((death % 2 == 0)) || equal "DMA that was blocked" "$(told)" "\"blocked_dma\":$(($(blocked) - blocked))"
  equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  equal "queues and states" "$(ends)" "$both"
  stream_goes_on broad
done

say "saved while it is away"
dom0 xl destroy ndvm >/dev/null 2>&1
dom0 xl save broad /root/broad.saved >/dev/null 2>&1
await_returns ndvm 6
dom0 xl restore /root/broad.saved >/dev/null 2>&1
equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
stream_goes_on broad
equal "queues and states" "$(ends)" "$both"

dom0 bulkhead destroy broad
dom0 bulkhead destroy ndvm
dom0 rm -f /root/broad.saved
leaves_nothing
