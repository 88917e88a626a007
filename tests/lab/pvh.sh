# A PVH guest is a client as well.
. "$(dirname "$0")/common.sh"
dom0 bulkhead create /root/cfg/pvh.cfg
contains "dhcp" "$(stamp pvh ' dhcp ' 120)" "ok=1"
contains "transfer" "$(stamp pvh ' transfer ' 120)" "ok=1"
pvh=$(dom0 bulkhead domid pvh)
folder=/local/domain/$(dom0 bulkhead domid ndvm)/backend/vif/$pvh
equal "its vifs in the NDVM" "$(dom0 xenstore-list "$folder")" 0
dom0 bulkhead destroy pvh
refused 1 "$folder" dom0 xenstore-list "$folder" # an empty folder would be none of the agent's to remove
refused 1 "pvh" dom0 bulkhead domid pvh
