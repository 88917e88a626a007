# A chain: "relay" serves its client over a vif that "ndvm" serves. Either one returns, and both at once; the client keeps
# its connection.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
end() {
  leave
  for name in relay ndvm; do dom0 bulkhead destroy $name >/dev/null 2>&1 || true; done
}
leave_with=end

"$BULKHEAD" image ndvm --output "$work/relay" --nic vif >/dev/null
put "$work/relay/initramfs" /root/relay
dom0 bulkhead create /root/cfg/ndvm.cfg
dom0 bulkhead create /root/cfg/ndvm.cfg 'name="relay"' 'ramdisk="/root/relay"' 'pci=[]' \
  'vif=["mac=00:16:3e:00:00:a0,backend=ndvm"]'
start_stream linked 00:16:3e:00:00:a1 relay
ndvm=$(dom0 bulkhead domid ndvm)
relay=$(dom0 bulkhead domid relay)
contains "relay's card" "$(node "/local/domain/$relay/data/bulkhead/nic/driver")" vif
equal "backend of the client's vif" "$(node "/local/domain/$(dom0 bulkhead domid linked)/device/vif/0/backend-id")" "$relay"

die() { # die NAME...: all of them die and come back under their ids
  local name
  local -A before=()
  say "$* dies"
  for name in "$@"; do before[$name]=$(returns "$name"); done
  dom0 sh -c 'for name; do xl destroy $name & done; wait' die "$@" </dev/null
  for name in "$@"; do await_returns "$name" $((before[$name] + 1)); done
  equal "their ids" "$(dom0 bulkhead domid ndvm) $(dom0 bulkhead domid relay)" "$ndvm $relay"
  stream_goes_on linked
}
die relay
die ndvm
die ndvm relay

say "the host's end: who is served goes first"
dom0 sh -c 'mkdir -p /etc/default; printf "%s\n" XENDOMAINS_SAVE= XENDOMAINS_STOP_MAXWAIT=60 >/etc/default/xendomains'
dom0 bulkhead domains stop
ended=$("$BULKHEAD" lab log --name "$LAB" --guest bulkheadd </dev/null | grep -oE "'(linked|relay|ndvm)' has shut down" | tail -n 3)
equal "order" "$ended" "'linked' has shut down
'relay' has shut down
'ndvm' has shut down"
dom0 rm -f /root/relay /etc/default/xendomains
leaves_nothing
