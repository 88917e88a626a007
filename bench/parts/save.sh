# Saving and restoring a guest with 256 MiB, by us and by xl.
. "$(dirname "$0")/common.sh"
domains+=(saved)
file=/root/bench.saved
step() { # step MEASURE SIDE KEEP COMMAND...
  timed "${@:4}"
  [ "$3" != keep ] || sample "$1" "$2" $took us
}
round() { # round SIDE TOOL KEEP
  quietly "$2" create "$configs/client.cfg" 'name="saved"' 'memory=256' 'vif=[]' \
    'cmdline="console=hvc0 panic=-1 client.ip=none client.test=none"'
  # Linux says so when it listens to the toolstack (drivers/xen/manage.c).
  await_node "/local/domain/$(xl domid saved)/control/feature-suspend" is 1
  step save_256_MiB "$1" "$3" "$2" save saved $file
  step restore_256_MiB "$1" "$3" "$2" restore $file
  rm $file
  quietly "$2" destroy saved
}
round us bulkhead warm
round peer xl warm
for ((i = 0; i < rounds; i++)); do
  round us bulkhead keep
  round peer xl keep
done
