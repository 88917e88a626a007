# Clean shutdown: the client, dom0's vif and the NDVM go in order and leave no xenstore node, no process, no device.
. "$(dirname "$0")/common.sh"
ndvm=$(dom0 bulkhead domid ndvm)
client=$(dom0 bulkhead domid client)
dom0 bulkhead shutdown -w client
refused 1 "client" dom0 bulkhead domid client
equal "the client's nodes" "$(dom0 xenstore-ls "/local/domain/$client" 2>/dev/null || true)" ""
dom0 bulkhead network-detach 0 00:16:3e:00:00:40
equal "backends in the NDVM" "$(dom0 xenstore-ls "/local/domain/$ndvm/backend" | tr '\n' ' ')" ""
dom0 bulkhead shutdown -w ndvm
equal "the NDVM's nodes" "$(dom0 xenstore-ls "/local/domain/$ndvm" 2>/dev/null || true)" ""
contains "the NIC is assignable again" "$(dom0 bulkhead pci-assignable-list)" "0000:00:02.0"
equal "processes left" "$(dom0 sh -c 'ps | grep -E "xl |xenconsole |qemu|libxl" | grep -v grep' || true)" ""
leaves_nothing
