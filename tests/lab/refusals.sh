# What cannot work is refused before anything starts, each with its own message.
. "$(dirname "$0")/common.sh"
refused 1 "e1000e" "$BULKHEAD" lab up --name refusal --nic e1001
refused 1 "ocaml" "$BULKHEAD" lab up --name refusal --xenstored rust
refused 1 "--memory" "$BULKHEAD" lab up --name refusal --memory 64
refused 1 "1048576 MiB" "$BULKHEAD" lab up --name refusal --memory 999999999
refused 1 "../x" "$BULKHEAD" lab up --name ../x
refused 1 "/none" "$BULKHEAD" lab up --name refusal --image ndvm=/none
refused 1 "--hypervisor" "$BULKHEAD" lab up --name refusal --xsm-policy "$BULKHEAD"
refused 1 "not a binary FLASK policy" "$BULKHEAD" lab up --name refusal --hypervisor "$BULKHEAD" --xsm-policy "$BULKHEAD"
refused 1 "lab up" "$BULKHEAD" lab exec --name refusal -- true
"$BULKHEAD" lab down --name refusal 2>/dev/null || fail "lab down of no lab is not an error"
refused 1 "qemu-system-x86" env PATH=/none "$BULKHEAD" lab up --name refusal
refused 1 "No space left" bash "$here/small_cache.sh"
refused 1 "e1001" "$BULKHEAD" image ndvm --output "$work/image" --nic e1001
[ ! -e "$work/image" ] || fail "a refused image left a folder"
[ -z "$("$BULKHEAD" lab status --json | grep refusal || true)" ] || fail "a refused lab is listed"
