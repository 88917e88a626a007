# Domains that are kept: new, start, suspend, resume, delete; the store survives bulkheadd's death, and what a suspended
# domain was is restored once and never again.
. "$(dirname "$0")/common.sh"
end() {
  dom0 bulkhead destroy house >/dev/null 2>&1 || true
  dom0 bulkhead delete house >/dev/null 2>&1 || true
}
leave_with=end
rows() { dom0 bulkhead list --json | python3 -c '
import json, sys
print([(d["name"], d["id"] is not None, d.get("suspended", False)) for d in json.load(sys.stdin) if d["id"] != 0])'; }
images() { dom0 sh -c 'ls /var/lib/bulkhead/suspended 2>/dev/null' | wc -l; }
settings=('name="house"' 'vif=[]' 'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"')

refused 1 "no domain 'house' is kept" dom0 bulkhead start house
dom0 bulkhead new /root/cfg/client.cfg "${settings[@]}"
refused 1 "is kept already" dom0 bulkhead new /root/cfg/client.cfg "${settings[@]}"
refused 1 "start it with: bulkhead start house" dom0 bulkhead create /root/cfg/client.cfg "${settings[@]}"
refused 1 "No such file" dom0 bulkhead new /root/cfg/client.cfg 'name="other"' 'kernel="/nowhere"'
refused 2 "no configuration file" dom0 bulkhead new
equal "list" "$(rows)" "[('house', False, False)]"
contains "list's row" "$(dom0 bulkhead list)" house

say "started, suspended, resumed"
dom0 bulkhead start house
stamp house ' init ok=1' >/dev/null
refused 1 "runs already" dom0 bulkhead start house
refused 1 "shutdown -w house" dom0 bulkhead delete house
boots() { "$BULKHEAD" lab log --name "$LAB" --guest house </dev/null | grep -c ' init ok=1'; }
uuid=$(dom0 bulkhead list --json house | grep -o '"uuid": "[^"]*"')
nth_line house ' done ' 1 >/dev/null
dom0 bulkhead suspend house
equal "list" "$(rows)" "[('house', False, True)]"
equal "images" "$(images)" 1

say "bulkheadd dies and comes back"
times=$(recoveries)
dom0 sh -c 'kill -9 $(pidof bulkheadd)'
nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
equal "list" "$(rows)" "[('house', False, True)]"
dom0 bulkhead resume house
equal "list" "$(rows)" "[('house', True, False)]"
equal "images" "$(images)" 0
equal "boots" "$(boots)" 1
equal "uuid" "$(dom0 bulkhead list --json house | grep -o '"uuid": "[^"]*"')" "$uuid"

say "shut down, started anew"
dom0 bulkhead shutdown -w house
equal "list" "$(rows)" "[('house', False, False)]"
dom0 bulkhead start house
nth_line house ' init ok=1' 2 >/dev/null
dom0 bulkhead destroy house
dom0 bulkhead delete house
equal "list" "$(rows)" "[]"
leaves_nothing
