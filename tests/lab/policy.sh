# The mandatory policy in force: who starts beside whom, who may have which disk, what a daemon that dies remembers, and
# updates while domains run. The policies are those of Xen 4.1's xm-test (tools/xm-test/tests/security-acm).
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/policy_xml.sh"
quiet='cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
# new NAME LABEL OPTION...: a client without network; without a label if LABEL is empty.
new() {
  local options=("name=\"$1\"" 'vif=[]' "$quiet")
  [ -z "$2" ] || options+=("access_control=['policy=${policy:-xm-test},label=$2']")
  dom0 bulkhead create /root/cfg/client.cfg "${options[@]}" "${@:3}"
}
destroy() { dom0 bulkhead destroy "$@"; }
leave() {
  dom0 sh -c 'for d in blue red green later plain two; do bulkhead destroy $d; done; bulkhead policy mode enforcing
    bulkhead policy reset; rm -rf /tmp/disks '$places >/dev/null 2>&1 || true
}
leave_with=leave
types="SystemManagement green red blue"
policy_xml xm-test 1.0 "" "$types" "blue red" "$types" "$types" >"$work/1.xml"
policy_xml xm-test-update 1.1 "xm-test 1.0" "SystemManagement green red __UNLABELED__" "green red" \
  "SystemManagement GREEN=green<green red __UNLABELED__" "SystemManagement GREEN=green<green RED=red<red __UNLABELED__" \
  >"$work/2.xml"
for file in 1 2; do "$BULKHEAD" policy check "$work/$file.xml"; done
dom0 mkdir -p $places /tmp/disks
put "$work/1.xml" $places/xm-test-security_policy.xml
put "$work/2.xml" $places/xm-test-update-security_policy.xml
state() { dom0 bulkhead policy get --json | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }
labels() { dom0 bulkhead list --json | python3 -c '
import json, sys
print(" ".join(d["name"] + "=" + d.get("label", "") for d in json.load(sys.stdin)))'; }
running() { dom0 xl list | awk 'NR > 2 { print $1 }' | sort | tr '\n' ' '; }

say "without a policy"
contains "policy get" "$(dom0 bulkhead policy get)" "No policy is installed."
new plain ""
refused 1 "does not let unlabeled domains run" dom0 bulkhead policy set xm-test
destroy plain
contains "policy set" "$(dom0 bulkhead policy set xm-test)" "Successfully set the new policy."
equal "state" "$(state state) $(state name) $(state version) $(state domain0)" "active xm-test 1.0 SystemManagement"
contains "the hypervisor's part" "$(dom0 bulkhead policy get)" "this hypervisor has no XSM"
refused 1 "its version 1.0 is not higher" dom0 bulkhead policy set xm-test

say "six at once: never blue and red"
cat >"$work/race.sh" <<'END'
for i in 1 2 3; do
  for label in blue red; do
    bulkhead create /root/cfg/client.cfg "name=\"$label$i\"" 'vif=[]' \
      "access_control=['policy=xm-test,label=$label']" >/dev/null 2>&1 &
  done
done
wait
xl list | awk 'NR > 2 { sub(/[0-9]+$/, "", $1); print $1 }' | sort -u
for i in 1 2 3; do for label in blue red; do bulkhead destroy $label$i; done; done >/dev/null 2>&1
END
put "$work/race.sh" /tmp/disks/race.sh
equal "labels that ran" "$(dom0 sh /tmp/disks/race.sh | wc -l)" 1

say "green and red together, blue and red not, unlabeled not (02, 03, 10)"
new green green
new red red
refused 1 "red and blue exclude each other by rule RER; red (red) is running" new blue blue
refused 1 "VM is not authorized to run" new plain ""
refused 1 "Label 'black' not found" new plain black
policy=other refused 1 "Active policy 'xm-test' different" new plain green
equal "running" "$(running)" "green red "
equal "labels" "$(labels)" "Domain-0=SystemManagement green=green red=red"
refused 1 "no domain with a label may run" dom0 bulkhead policy reset

say "bulkheadd dies; the wall holds"
times=$(recoveries)
dom0 sh -c 'kill -9 $(pidof bulkheadd)'
nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
equal "labels" "$(labels)" "Domain-0=SystemManagement green=green red=red"
refused 1 "exclude each other by rule RER" new blue blue
destroy red
new blue blue
refused 1 "exclude each other by rule RER" new red red
destroy green

say "disks (04, 05, 06)"
dom0 sh -c 'cd /tmp/disks; for d in blue red plain; do truncate -s 1M $d; done; ln -s red symlink; ln red hardlink'
dom0 bulkhead policy label file:/tmp/disks/blue blue
dom0 bulkhead policy label tap:aio:/tmp/disks/symlink red
equal "resources" "$(dom0 bulkhead policy resources)" "file:/tmp/disks/blue ACM:xm-test:blue
file:/tmp/disks/red ACM:xm-test:red"
refused 1 "is already labeled with 'ACM:xm-test:red'" dom0 bulkhead policy label /tmp/disks/hardlink green
dom0 bulkhead block-attach blue file:/tmp/disks/blue xvdb w
refused 1 "is in use by blue" dom0 bulkhead policy unlabel /tmp/disks/blue
for name in red symlink hardlink; do
  refused 1 "VM's access to block device '/tmp/disks/$name' denied" dom0 bulkhead block-attach blue "file:/tmp/disks/$name" xvdc w
done
loop=$(dom0 sh -c 'losetup -f; losetup "$(losetup -f)" /tmp/disks/hardlink' | head -n1)
refused 1 "denied: resource file:/tmp/disks/red" dom0 bulkhead block-attach blue "phy:$loop" xvdc r
dom0 losetup -d "$loop"
refused 1 "has no label" dom0 bulkhead block-attach blue file:/tmp/disks/plain xvdc w
equal "disks of blue" "$(dom0 xl block-list blue | awk 'NR > 1 { print $1 }')" 51728
refused 1 "VM's access to block device '/tmp/disks/red' denied" new two blue 'disk=["file:/tmp/disks/red,xvda,w"]'
refused 1 "VM's access to device 'ioports 3e8-3ef' denied" new two blue 'ioports=["3e8-3ef"]'
dom0 bulkhead policy label "name:ioports 3e8-3ef" blue
new two blue 'ioports=["3e8-3ef"]'
destroy two
dom0 bulkhead policy unlabel "name:ioports 3e8-3ef"
contains "why" "$(dom0 bulkhead policy explain file:/tmp/disks/hardlink)" "domains labelled blue may not use it"

say "Domain-0 (10)"
dom0 bulkhead policy relabel Domain-0 blue
refused 1 "blue is running" dom0 bulkhead policy relabel Domain-0 red
refused 1 "VM is not authorized to run" new green green
dom0 bulkhead policy relabel Domain-0 SystemManagement

say "updates (09, 10)"
refused 1 "blue runs with the label blue" dom0 bulkhead policy set xm-test-update
equal "policy" "$(state name)" xm-test
dom0 bulkhead block-detach blue xvdb
destroy blue
new later green
nth_line later ' init ok=1' 1 >/dev/null
dom0 bulkhead policy set xm-test-update
equal "labels" "$(labels)" "Domain-0=SystemManagement later=GREEN"
equal "resources" "$(dom0 bulkhead policy resources)" "file:/tmp/disks/blue INV_ACM:xm-test:blue
file:/tmp/disks/red ACM:xm-test-update:RED"
policy=xm-test-update refused 1 "exclude each other by rule RER; later (GREEN) is running" new red red
dom0 bulkhead reboot -w later
nth_line later ' init ok=1' 2 >/dev/null
equal "after its reboot" "$(labels)" "Domain-0=SystemManagement later=GREEN"
destroy later
refused 1 "Unknown policy type 'INV_ACM' in label for resource" new red red 'disk=["file:/tmp/disks/blue,xvda,w"]'
new plain ""
policy=xm-test-update new red red 'disk=["file:/tmp/disks/red,xvda,w"]'
destroy red

say "permissive"
dom0 bulkhead policy mode permissive
new blue blue
dom0 bulkhead policy mode enforcing
destroy blue
contains "the log" "$(dom0 cat /var/lib/bulkhead/policy.log)" '"decision":"would deny"'

unlabel() {
  local resource
  for resource in $(dom0 bulkhead policy resources --json | python3 -c '
import json, sys
print(*(r["resource"] for r in json.load(sys.stdin)))'); do dom0 bulkhead policy unlabel "$resource"; done
}
say "nothing is left"
destroy plain
unlabel
dom0 bulkhead policy reset
equal "state" "$(state state)" none
leave
leaves_nothing
