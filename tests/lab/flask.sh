# A hypervisor with XSM keeps labels apart by itself, whatever the toolstack wants. A lab of its own: its Xen is Debian's
# source package built with XSM (packaging/xen-xsm, kept in the cache), its FLASK policy is ours.
. "$(dirname "$0")/common.sh"
xen_xsm=$here/../../packaging/xen-xsm/xen-xsm
end() { "$BULKHEAD" lab down --name "$LAB" >/dev/null 2>&1 </dev/null || true; }
leave_with=end
"$BULKHEAD" lab down --name "$LAB" >/dev/null 2>&1 </dev/null || true

say "a hypervisor and policies"
hypervisor=$("$xen_xsm" hypervisor | tail -n 1)
cat >"$work/banks.toml" <<'TOML'
name = "banks"
[[organisation]]
name = "A-Bank"
[[organisation]]
name = "B-Bank"
[[organisation]]
name = "AutoCorp"
[[exclusion]]
types = ["A-Bank", "B-Bank"]
TOML
"$BULKHEAD" policy new "$work/banks.toml" --output "$work/banks.xml"
"$BULKHEAD" policy compile --flask "$work/banks.xml" --output "$work/banks"
"$xen_xsm" policy "$work/banks" "$work/banks.bin"
# Its update 1.1, in which A-Bank is called Alpha and Domain-0 may not run AutoCorp.
python3 - "$work/banks.xml" >"$work/next.xml" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
text = text.replace("<Version>1.0</Version>",
                    "<Version>1.1</Version><FromPolicy><PolicyName>banks</PolicyName><Version>1.0</Version></FromPolicy>", 1)
text = re.sub(r"<Name>A-Bank</Name>", '<Name from="A-Bank">Alpha</Name>', text)
before, label = text.split("<Name>SystemManagement</Name>", 1)
text = before + "<Name>SystemManagement</Name>" + re.sub(r"<Type>AutoCorp</Type>", "", label, count=1)
print(text, end="")
PY
"$BULKHEAD" policy diff "$work/banks.xml" "$work/next.xml" >/dev/null
"$BULKHEAD" policy compile --flask "$work/next.xml" --output "$work/next"
"$xen_xsm" policy "$work/next" "$work/next.bin"
cc -O1 -ffreestanding -fno-stack-protector -fno-pic -mno-sse -mno-red-zone -nostdlib -static \
  -Wl,-N,--no-warn-rwx-segments,--section-start=.note.Xen=0x100000,-Ttext=0x101000,--build-id=none \
  -o "$work/probe" "$here/probe_start.S" "$here/probe_guest.c"
"$BULKHEAD" image client --output "$work/client"

"$BULKHEAD" lab up --name "$LAB" --timeout 120 --nic virtio --nic-in-dom0 --image "client=$work/client" \
  --hypervisor "$hypervisor" --xsm-policy "$work/banks.bin"
put "$work/probe" /root/probe
put "$work/next.bin" /root/next.bin
put "$work/next.xml" /root/next.xml
equal "xl getenforce" "$(dom0 xl getenforce || true)" Enforcing
equal "getenforce" "$(dom0 bulkhead getenforce)" Enforcing
equal "Domain-0's label" "$(dom0 bulkhead getenforce --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["domain0"])')" system_u:system_r:dom0_t

# label NAME: its security context, as Xen has it.
label() { dom0 xl list -Z "$1" | awk 'NR == 2 { print $NF }'; }
# probe NAME [LABEL'S TYPE]: starts a probe by xl alone, and waits until it has said all. Its answers are then in
# $work/NAME.
probe() {
  local name=$1 type=${2:-}
  dom0 sh -c 'printf "%s\n" "kernel = \"/root/probe\"" "memory = 4" "name = \"$1\"" "vcpus = 1" ${2:+"seclabel = \"system_u:system_r:$2\""} >/root/probe.cfg
    xl create -q /root/probe.cfg' probe "$name" "$type" </dev/null
  local id
  id=$(dom0 xl domid "$name")
  timeout 60 grep -m1 -aF "(d$id) probe: done" < <(exec "$BULKHEAD" lab log --name "$LAB" --follow 2>/dev/null </dev/null) >/dev/null ||
    fail "$name (domain $id) did not say that it is done"
  "$BULKHEAD" lab log --name "$LAB" </dev/null | sed -n "s/^.*(d$id) probe: domain //p" >"$work/$name"
}
# reaches FROM TO: what Xen answered.
reaches() { sed -n "s/^$(dom0 xl domid "$2") //p" "$work/$1" | tr -d '\r'; }
open='map 0 read ok copy 0 channel 0'
shut='map -8 copy -8 channel -13'

say "domains without a toolstack that cares"
probe one acm_vm_A_2dBank_t
probe two acm_vm_A_2dBank_t
probe car acm_vm_AutoCorp_t
probe none
equal "label of one" "$(label one)" system_u:system_r:acm_vm_A_2dBank_t
equal "label of none" "$(label none)" system_u:system_r:domU_t
equal "two reaches one, of its label" "$(reaches two one)" "$open"
equal "car reaches one" "$(reaches car one)" "$shut"
equal "car reaches two" "$(reaches car two)" "$shut"
equal "none reaches car" "$(reaches none car)" "$shut"
dom0 bulkhead setenforce permissive
equal "xl getenforce" "$(dom0 xl getenforce)" Permissive
probe any acm_vm_AutoCorp_t
equal "permissive: any reaches one" "$(reaches any one)" "$open"
dom0 bulkhead setenforce 1

say "the wall"
# create NAME TYPE: by xl alone.
create() {
  dom0 sh -c 'printf "%s\n" "kernel = \"/root/probe\"" "memory = 4" "name = \"$1\"" "seclabel = \"system_u:system_r:$2\"" >/root/one.cfg
    xl create -q -p /root/one.cfg' create "$@" </dev/null
}
wall=acm_cw_block_B_2dBank
equal "the wall" "$(dom0 bulkhead policy boolean $wall)" "$wall: 0"
create b acm_vm_B_2dBank_t
dom0 xl destroy b
dom0 bulkhead policy boolean $wall 1
equal "the wall" "$(dom0 bulkhead policy boolean $wall)" "$wall: 1"
if create b acm_vm_B_2dBank_t 2>"$work/err"; then fail "a domain that the wall keeps out was created"; fi
contains "xl" "$(cat "$work/err")" "Permission denied"
create a acm_vm_A_2dBank_t
dom0 xl destroy a
refused 1 "no boolean acm_cw_block_X" dom0 bulkhead policy boolean acm_cw_block_X 1
dom0 bulkhead policy boolean $wall 0
create b acm_vm_B_2dBank_t
dom0 xl destroy b

say "an update"
refused 1 "/root/probe" dom0 bulkhead loadpolicy /root/probe
dom0 bulkhead loadpolicy /root/next.bin
equal "label of one" "$(label one)" system_u:system_r:acm_vm_Alpha_t
if create c acm_vm_AutoCorp_t 2>"$work/err"; then fail "a domain that Domain-0 may not run was created"; fi
contains "xl" "$(cat "$work/err")" "Permission denied"
probe three acm_vm_Alpha_t
equal "three reaches one" "$(reaches three one)" "$open"
equal "three reaches car" "$(reaches three car)" "$shut"
for name in one two three car any none; do dom0 xl destroy $name; done

say "an ordinary client"
dom0 sh -c 'busybox ip link add xenbr0 type bridge && busybox ip addr add 10.0.9.1/24 dev xenbr0 && busybox ip link set xenbr0 up'
cat >"$work/client.cfg" <<'CFG'
name = "client"
kernel = "/var/lib/bulkhead/images/client/kernel"
ramdisk = "/var/lib/bulkhead/images/client/initramfs"
cmdline = "console=hvc0 panic=-1 rodata=off client.ip=10.0.9.2/24,10.0.9.1 client.test=ping"
memory = 128
seclabel = "system_u:system_r:acm_vm_Alpha_t"
vif = [ "mac=00:16:3e:00:09:02,bridge=xenbr0" ]
CFG
put "$work/client.cfg" /root/client.cfg
dom0 bulkhead create /root/client.cfg
contains "its console and network" "$(stamp client ' ping target=' 120)" "ok=1"
equal "its vif" "$(node "/local/domain/0/backend/vif/$(dom0 bulkhead domid client)/0/state")" 4
equal "label of client" "$(label client)" system_u:system_r:acm_vm_Alpha_t
dom0 bulkhead destroy client

say "bulkheadd tells Xen who runs, and labels what it starts"
dom0 bulkhead policy set /root/next.xml
contains "policy get" "$(dom0 bulkhead policy get)" "by FLASK"
# ours NAME LABEL: as create, by bulkheadd, and with a label instead of a context.
ours() {
  dom0 sh -c 'printf "%s\n" "kernel = \"/root/probe\"" "memory = 4" "name = \"$1\"" "access_control = [ \"policy=banks,label=$2\" ]" >/root/one.cfg
    bulkhead create -p /root/one.cfg ${3:+"$3"}' ours "$@" </dev/null
}
refused 1 "leave it out" ours b B-Bank 'seclabel="system_u:system_r:domU_t"'
ours b B-Bank
equal "label of b" "$(label b)" system_u:system_r:acm_vm_B_2dBank_t
a_wall=acm_cw_block_A_2dBank # of the type, which has kept its name
equal "the wall" "$(dom0 bulkhead policy boolean $a_wall)" "$a_wall: 1"
refused 1 "exclude each other by rule" ours a Alpha
if create a acm_vm_Alpha_t 2>"$work/err"; then fail "a hostile toolstack has created what the wall keeps out"; fi
contains "xl" "$(cat "$work/err")" "Permission denied"
refused 1 "until it ends" dom0 bulkhead policy relabel b Alpha
dom0 xl destroy b
ours a Alpha
equal "label of a" "$(label a)" system_u:system_r:acm_vm_Alpha_t
equal "the wall" "$(dom0 bulkhead policy boolean $a_wall)" "$a_wall: 0"
equal "the wall" "$(dom0 bulkhead policy boolean $wall)" "$wall: 1"
dom0 bulkhead destroy a
dom0 bulkhead policy reset

"$BULKHEAD" lab log --name "$LAB" </dev/null | grep -aE 'avc: +denied' | sed 's/^.*avc:/avc:/' | sort | uniq -c >"$work/denied" || true
say "what Xen denied"
cat "$work/denied"
leaves_nothing
