# The same domain with a vif on dom0's bridge and a disk (a loop device: the lab's losetup is not the one that Xen's block
# script wants for files), made by `bulkhead create` and by `xl create`, one after the other: Debian's kernel, and the
# smallest guest, which leaves the toolstack alone to be measured. Both commands return when both back ends have been
# connected. The smallest guest without devices is what the rest costs.
. "$(dirname "$0")/common.sh"
bridge=benchbr
image=/tmp/bench.disk
leave_devices() {
  leave
  ip link set $bridge down 2>/dev/null && brctl delbr $bridge || true
  losetup -d "$device" 2>/dev/null || true
  rm -f $image
}
device=$(losetup -f)
trap leave_devices EXIT
quietly brctl addbr $bridge
quietly ip link set $bridge up
quietly dd if=/dev/zero of=$image bs=1M count=4
quietly losetup "$device" $image

devices="vif = [ \"mac=00:16:3e:00:00:33,bridge=$bridge\" ]
disk = [ \"phy:$device,xvda,w\" ]"
{ grep -v '^vif' $configs/client.cfg; echo "$devices"; } >$configs/linux_with_devices.cfg
printf '%s\n' 'name = "client"' 'kernel = "/root/bench/stub"' 'memory = 4' "$devices" >$configs/stub_with_devices.cfg
printf '%s\n' 'name = "client"' 'kernel = "/root/bench/stub"' 'memory = 4' >$configs/stub_alone.cfg

# round SIDE TOOL CONFIG KEEP
round() {
  timed "$2" create "$configs/$3.cfg"
  [ "$4" != keep ] || sample "create_$3" "$1" $took us
  local id
  id=$(xl domid client)
  case $3 in *with_devices)
    is "$(value "/local/domain/0/backend/vif/$id/0/hotplug-status")" connected || die "$2: the vif is not connected"
    is "$(value "/local/domain/0/backend/vbd/$id/51712/hotplug-status")" connected || die "$2: the disk is not connected"
    ;;
  esac
  quietly "$2" destroy client
  await_node "/local/domain/0/backend/vif/$id" is ''
  await_node "/local/domain/0/backend/vbd/$id" is ''
}

domains+=(client)
for config in linux_with_devices stub_with_devices stub_alone; do
  round us bulkhead $config warm
  round peer xl $config warm
  for ((i = 0; i < rounds; i++)); do
    round us bulkhead $config keep
    round peer xl $config keep
  done
done
