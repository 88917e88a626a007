# A wrong bridge name: the CLI shows the agent's own error, and nothing of the vif is left.
. "$(dirname "$0")/common.sh"
ndvm=$(dom0 bulkhead domid ndvm)
before=$(dom0 xenstore-list "/local/domain/$ndvm/backend/vif/0" | tr '\n' ' ')
refused 1 "bridge 'nosuch0' does not exist in this driver domain; it has: xenbr0" \
  dom0 bulkhead network-attach 0 backend=ndvm bridge=nosuch0
equal "dom0's vifs" "$(dom0 xenstore-list "/local/domain/$ndvm/backend/vif/0" | tr '\n' ' ')" "$before"
