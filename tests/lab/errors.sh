# Every wrong order has its own message, says what to do, and leaves nothing half-made.
. "$(dirname "$0")/common.sh"

say "names"
refused 1 "nosuch" dom0 bulkhead destroy nosuch
refused 1 "nosuch" dom0 bulkhead network-attach nosuch
refused 1 "nosuch" dom0 bulkhead console nosuch
refused 1 "4711" dom0 bulkhead domname 4711
refused 2 "did you mean" dom0 bulkhead craete x.cfg

say "files"
refused 1 "/root/none.cfg" dom0 bulkhead create /root/none.cfg
dom0 sh -c 'printf "name = \"x\"\nmemory = \"lots\"\n" >/root/bad.cfg; printf "name = \"x\"\nvif = [ \"mac=zz\" ]\nkernel = \"/k\"\n" >/root/vif.cfg; printf "name = [\n" >/root/syntax.cfg'
refused 1 "bad.cfg:2" dom0 bulkhead create /root/bad.cfg
refused 1 "vif.cfg:2" dom0 bulkhead create /root/vif.cfg
refused 1 "syntax.cfg:" dom0 bulkhead create /root/syntax.cfg
refused 1 "/none/kernel" dom0 bulkhead create /root/cfg/client.cfg 'kernel="/none/kernel"' 'vif=[]'
refused 1 "/none/ramdisk" dom0 bulkhead create /root/cfg/client.cfg 'ramdisk="/none/ramdisk"' 'vif=[]'

say "back ends"
refused 1 "4711" dom0 bulkhead create /root/cfg/client.cfg 'vif=["backend=4711"]'
refused 1 "nosuch" dom0 bulkhead network-attach 0 backend=nosuch
refused 1 "zz" dom0 bulkhead network-attach 0 mac=zz

say "devices"
refused 1 "not assignable" dom0 bulkhead create /root/cfg/ndvm.cfg
refused 1 "pci-assignable-add" dom0 bulkhead create /root/cfg/ndvm.cfg
refused 1 "00:1e.7" dom0 bulkhead create /root/cfg/ndvm.cfg 'pci=["00:1e.7"]'
refused 1 "nonsense" dom0 bulkhead pci-assignable-add nonsense
refused 1 "00:1e.7" dom0 bulkhead pci-assignable-add 00:1e.7

say "no daemon"
refused 1 "bulkheadd" dom0 env BULKHEAD_SOCKET=/run/none.sock bulkhead list

leaves_nothing
