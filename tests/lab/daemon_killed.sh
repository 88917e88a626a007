# bulkheadd is killed with SIGKILL in the middle of a creation; when it is back, the half-made domain is gone, the other
# domains are adopted and an operation works.
. "$(dirname "$0")/common.sh"
before=$(dom0 bulkhead list --json | python3 -c 'import json,sys; print(sorted(d["name"] for d in json.load(sys.stdin)))')
for delay in 0.2 0.6 1.0 1.5; do
  dom0 sh -c "bulkhead create /root/cfg/client.cfg 'name=\"victim\"' 'vif=[]' >/dev/null 2>&1 & sleep $delay; kill -9 \$(pidof bulkheadd); wait" || true
  timeout 60 "$BULKHEAD" lab exec --name "$LAB" -- sh -c 'until bulkhead list >/dev/null 2>&1; do sleep 0.1; done' ||
    fail "bulkheadd did not come back after a kill at $delay s"
  if [ -n "$(dom0 bulkhead list --json | grep victim || true)" ]; then
    # Killed after the creation was over: then it must be a whole domain that we can end.
    dom0 bulkhead destroy victim
  fi
  equal "domains after a kill at $delay s" "$(dom0 bulkhead list --json | python3 -c 'import json,sys; print(sorted(d["name"] for d in json.load(sys.stdin)))')" "$before"
done
