# A client whose ring netback refuses when its driver domain returns: the vif of that client alone is detached and attached
# again, the reason is told, and the other client keeps its connection.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
end() {
  leave
  dom0 bulkhead destroy ndvm >/dev/null 2>&1 || true
}
leave_with=end
dom0 bulkhead create /root/cfg/ndvm.cfg 'spare=0'
start_stream sound 00:16:3e:00:00:91
start_stream broken 00:16:3e:00:00:92
broken=$(dom0 bulkhead domid broken)

say "a frontend that names a page which it never granted"
dom0 xenstore-write "/local/domain/$broken/device/vif/0/tx-ring-ref" 999999
dom0 xl destroy ndvm
await_returns ndvm 1
stream_goes_on sound
event=$(dom0 bulkhead driverdomain events ndvm --json | grep '"event":"returned"')
echo "$event" | python3 -c '
import json, sys
vifs = {v["mac"]: v for v in json.load(sys.stdin)["detail"]["vifs"]}
sound, broken = vifs["00:16:3e:00:00:91"], vifs["00:16:3e:00:00:92"]
assert sound["state"] == "connected", sound
assert broken["state"] == "refused" and "ring" in broken["reason"] and "failed" not in broken["reason"], broken' ||
  fail "the report: $event"
nth_line broken ' dhcp ok=1' 2 120 # its new eth0 has an address again
equal "its backend" "$(node "/local/domain/$(dom0 bulkhead domid ndvm)/backend/vif/$broken/0/state")" 4
dom0 bulkhead destroy sound
dom0 bulkhead destroy broken
dom0 bulkhead destroy ndvm
leaves_nothing
