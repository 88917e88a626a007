# Size of the driver domain's image, and memory in use when it idles without a NIC; and whether ours lives in 96 MB.
. "$(dirname "$0")/common.sh"
images=/var/lib/bulkhead/images

# 12 beats: the pages of the start are free again, and memory/* was written since.
await_idle() { await_node "$1" at_least 12; }

start_ndvm 'pci=[]' 'memory=192' 'cmdline="console=hvc0 panic=-1 rodata=off bulkhead.nic=none"'
await_idle "/local/domain/$ndvm/data/bulkhead/heartbeat"
memory=/local/domain/$ndvm/data/bulkhead/memory
sample memory_in_use_when_idle us $(($(xenstore-read $memory/total) - $(xenstore-read $memory/available))) KiB
quietly bulkhead destroy ndvm

start_classic
await_idle "/local/domain/$classic/data/classic/beat"
memory=/local/domain/$classic/data/classic
sample memory_in_use_when_idle peer $(($(xenstore-read $memory/total) - $(xenstore-read $memory/available))) KiB
quietly xl destroy classic

sample initramfs_compressed us "$(stat -c %s $images/ndvm/initramfs)" bytes
sample initramfs_compressed peer "$(stat -c %s $images/classic/initramfs)" bytes

# With its NIC, as it is meant to run. It is up, or this part has failed.
start_ndvm 'memory=96'
await_idle "/local/domain/$ndvm/data/bulkhead/heartbeat"
memory=/local/domain/$ndvm/data/bulkhead/memory
sample available_of_96_MB_with_a_NIC us "$(xenstore-read $memory/available)" KiB
