# bulkheadd is killed with SIGKILL in the middle of a creation, and of a vif's coming and going. When it is back nothing
# half-made is there, the other domains are adopted and operations work.
. "$(dirname "$0")/common.sh"
names() { dom0 bulkhead list --json | python3 -c 'import json, sys; print(sorted(d["name"] for d in json.load(sys.stdin)))'; }
vifs() { dom0 bulkhead network-list --json 0; }
domains=$(names)
ndvm=$(dom0 bulkhead domid ndvm)

# The first changes below /libxl are the new domain's, the later ones its devices'.
for step in 1 4 8; do
  kill_daemon_at /libxl $step bulkhead create /root/cfg/client.cfg 'name="victim"' 'vif=["backend=ndvm,bridge=xenbr0"]'
  equal "domains after a creation killed at step $step" "$(names)" "$domains"
done

before=$(vifs)
served=$(dom0 xenstore-list "/local/domain/$ndvm/backend/vif" | sort | tr '\n' ' ')
unchanged() { # unchanged WHEN
  equal "dom0's vifs $1" "$(vifs)" "$before"
  equal "whom the NDVM serves $1" "$(dom0 xenstore-list "/local/domain/$ndvm/backend/vif" | sort | tr '\n' ' ')" "$served"
}
for step in 1 6; do
  kill_daemon_at "/local/domain/$ndvm/backend/vif/0" $step bulkhead network-attach 0 backend=ndvm mac=00:16:3e:00:00:60
  unchanged "after an attach killed at step $step"
done
for step in 1 2; do
  dom0 bulkhead network-attach 0 backend=ndvm mac=00:16:3e:00:00:60
  devid=$(dom0 bulkhead network-list --json 0 | python3 -c 'import json, sys; print([n["devid"] for d in json.load(sys.stdin) for n in d["nics"] if n["mac"] == "00:16:3e:00:00:60"][0])')
  kill_daemon_at "/local/domain/$ndvm/backend/vif/0/$devid" $step bulkhead network-detach 0 00:16:3e:00:00:60
  unchanged "after a detach killed at step $step"
done
