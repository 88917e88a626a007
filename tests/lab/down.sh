# Ends the lab and checks that no process and no file of it is left.
. "$(dirname "$0")/common.sh"
folder=$("$BULKHEAD" lab status --name "$LAB" --json | python3 -c 'import json,sys; d=json.load(sys.stdin); d=d[0] if isinstance(d, list) else d; print(d["folder"])')
pid=$("$BULKHEAD" lab status --name "$LAB" --json | python3 -c 'import json,sys; d=json.load(sys.stdin); d=d[0] if isinstance(d, list) else d; print(d["pid"])')
"$BULKHEAD" lab down --name "$LAB"
[ ! -e "$folder" ] || fail "lab down left $folder: $(ls "$folder")"
[ ! -e "/proc/$pid" ] || fail "lab down left QEMU running as $pid"
