# Ends the lab and checks that no process and no file of it is left.
. "$(dirname "$0")/common.sh"
folder=${XDG_RUNTIME_DIR:-/tmp/bulkhead-$(id -u)}/bulkhead/lab/$LAB
[ -d "$folder" ] || fail "$folder is not there: has the lab's place changed?"
pid=$("$BULKHEAD" lab status --name "$LAB" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["pid"])')
"$BULKHEAD" lab down --name "$LAB"
[ ! -e "$folder" ] || fail "lab down left $folder: $(ls "$folder")"
# A zombie has ended; when it goes is up to this machine's init.
state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null || true)
[ -z "$state" ] || [ "$state" = Z ] || fail "lab down left QEMU running as $pid"
