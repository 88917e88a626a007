# demo NIC: `lab demo` to its end with that NIC; what it reports is complete, and nothing of it is left.
. "$(dirname "$0")/common.sh"
nic=$1
LAB=demo-$nic
"$BULKHEAD" lab demo --name "$LAB" --nic "$nic" --json </dev/null >"$work/report"
python3 - "$nic" "$work/report" <<'PY' || fail "the report is wrong: $(cat "$work/report")"
import json, sys
nic, report = sys.argv[1], json.load(open(sys.argv[2]))
driver = {"e1000e": "e1000e", "e1000": "e1000", "rtl8139": "8139cp", "virtio": "virtio_net"}[nic]
stages = [stage["name"] for stage in report["stages"]]
assert stages == ["images", "Xen and dom0 boot", "NDVM created", "NDVM ready", "client created", "client has an address",
                  "client transferred data", "dom0 attached", "dom0 pings", "lab down"], stages
assert all(stage["seconds"] >= 0 for stage in report["stages"])
assert report["proven"] is True
print(json.dumps(report))
PY
equal "labs left" "$("$BULKHEAD" lab status --json | grep -c "\"$LAB\"" || true)" 0
