# Clients before, during and after their driver domain's boot: nobody waits, and each gets its vif when it is ready. What
# waits survives bulkheadd.
. "$(dirname "$0")/common.sh"
leave() { for name in early during asked ndvm; do dom0 bulkhead destroy $name >/dev/null 2>&1 || true; done; }
leave_with=leave
client() { # client NAME MAC OPTION...
  dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" "vif=[\"mac=$2,backend=ndvm\"]" "${@:3}" \
    'cmdline="console=hvc0 panic=-1 rodata=off client.ip=dhcp client.test=none"' 2>&1
}
pending() { dom0 bulkhead network-list --json "$1" | python3 -c 'import json, sys; print([v["backend"] for v in json.load(sys.stdin)[0]["pending"]])'; }

say "before"
contains "what create says" "$(client early 00:16:3e:00:00:70)" "there is no domain 'ndvm' yet"
equal "what early waits for" "$(pending early)" "['ndvm']"
contains "network-list" "$(dom0 bulkhead network-list early)" "waits for driver domain ndvm"
times=$(recoveries)
dom0 sh -c 'kill -9 $(pidof bulkheadd)'
nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
equal "what early waits for after bulkheadd's death" "$(pending early)" "['ndvm']"

say "during"
dom0 bulkhead create /root/cfg/ndvm.cfg
contains "what create says" "$(client during 00:16:3e:00:00:71)" "will come when driver domain 'ndvm' is ready"
contains "early" "$(stamp early ' dhcp ' 120)" "ok=1"
contains "during" "$(stamp during ' dhcp ' 120)" "ok=1"
equal "what early waits for" "$(pending early)" "[]"

say "while it is away"
dom0 bulkhead driverdomain restart ndvm &
restart=$!
timeout 60 "$BULKHEAD" lab exec --name "$LAB" -- bash -c '
  coproc bulkhead driverdomain events ndvm --follow --json
  while read -r line <&"${COPROC[0]}"; do [[ $line != *"making it again"* ]] || break; done
  kill "$COPROC_PID"' </dev/null || fail "ndvm was not restarted"
dom0 bulkhead network-attach 0 backend=ndvm mac=00:16:3e:00:00:72
client asked 00:16:3e:00:00:73 -w
contains "asked" "$(stamp asked ' dhcp ' 120)" "ok=1"
wait "$restart"
dom0 bulkhead network-detach 0 00:16:3e:00:00:72

say "a vif that nobody will ever serve can be given up"
dom0 bulkhead destroy asked
dom0 bulkhead create /root/cfg/client.cfg 'name="asked"' 'vif=["backend=nobody"]'
refused 1 "no vif 1" dom0 bulkhead network-detach asked 1
dom0 bulkhead network-detach asked 0
equal "what asked waits for" "$(pending asked)" "[]"
for name in early during asked ndvm; do dom0 bulkhead destroy $name; done
leaves_nothing
