# A spare that is read back but cannot be completed: its NIC is taken away just then. What has been made goes, the vifs that
# were handed over already included; the client is left as it is, and the driver domain returns when it can.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
nic=0000:00:02.0
pciback=/sys/bus/pci/drivers/pciback
end() {
  dom0 sh -c "[ -e $pciback/$nic ] || echo $nic >$pciback/bind" </dev/null
  leave
  dom0 bulkhead destroy ndvm >/dev/null 2>&1 || true
}
leave_with=end

dom0 bulkhead create /root/cfg/ndvm.cfg
start_stream sufferer 00:16:3e:00:00:96
sufferer=$(dom0 bulkhead domid sufferer)
ndvm=$(dom0 bulkhead domid ndvm)
await_spare

dom0 timeout 60 bash -c '
  coproc xenstore-watch "/local/domain/$1"
  read -r _ <&"${COPROC[0]}" # it watches
  xl sysrq ndvm c
  gone=
  while read -r _ <&"${COPROC[0]}"; do
    if ! xenstore-read "/local/domain/$1/name" >/dev/null 2>&1; then
      gone=1
    elif [ "$gone" ]; then
      break # made again, and looked at before that: the NIC is there
    fi
  done
  kill "$COPROC_PID"
  echo "$2" >"$3/unbind"' take "$ndvm" "$nic" "$pciback" </dev/null || fail "the NIC could not be taken away"
await_event ndvm '"event":"not-returned"' 1
log=$("$BULKHEAD" lab log --name "$LAB" --guest bulkheadd </dev/null | grep "driver domain 'ndvm'")
contains "the log" "$log" "its spare cannot be used"
equal "the driver domain's nodes" "$(dom0 xenstore-list "/local/domain/$ndvm" 2>/dev/null || true)" ""
equal "the client's end" "$(node "/local/domain/$sufferer/device/vif/0/state")" 4

dom0 sh -c "echo $nic >$pciback/bind"
await_returns ndvm 1
equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
stream_goes_on sufferer
dom0 bulkhead destroy sufferer
dom0 bulkhead destroy ndvm
leaves_nothing
