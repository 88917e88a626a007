# up DRIVER OPTIONS...: builds the images and starts the lab.
. "$(dirname "$0")/common.sh"
driver=$1
shift
"$BULKHEAD" lab down --name "$LAB" >/dev/null 2>&1 || true
"$BULKHEAD" image ndvm --output "$work/ndvm" --nic "$driver"
"$BULKHEAD" image client --output "$work/client"
up() { "$BULKHEAD" lab up --name "$LAB" --timeout 120 --image "ndvm=$work/ndvm" --image "client=$work/client" "$@"; }
# Seen once in about fifty starts: dom0's kernel stood still for good while it looked at its PCI devices.
up "$@" || {
  say "lab up failed; once more"
  up "$@"
}
dom0 mkdir -p /root/cfg
for config in "$here"/configs/*.cfg; do put "$config" "/root/cfg/$(basename "$config")"; done
