# From `bulkhead create` to the driver domain's "ready" (its NIC in its bridge), against the time in which the same kernel
# with the same memory and no PCI device reaches an init that does nothing but speak.
. "$(dirname "$0")/common.sh"

bare() {
  local start line said=
  clock
  start=$now
  quietly bulkhead create "$configs/bare.cfg"
  # busybox's shell as init: its greeting is its first line. bulkhead returns before the kernel is that far, and what the
  # console said before somebody listens is kept.
  while read -r -t "$patience" line; do
    case $line in *'built-in shell'*) said=1; break ;; esac
  done < <(exec xl console bare </dev/null 2>/dev/null)
  clock
  [ -n "$said" ] || die "the bare kernel did not reach its init"
  [ "$1" != keep ] || sample create_to_ready_/_create_to_bare_init peer $((now - start)) us
  quietly bulkhead destroy bare
}

ours() {
  local start returned stage ndvm
  clock
  start=$now
  quietly bulkhead create "$configs/ndvm.cfg"
  clock
  returned=$now
  ndvm=$(bulkhead domid ndvm)
  await_ready "$ndvm"
  if [ "$1" = keep ]; then
    sample create_to_ready_/_create_to_bare_init us $((now - start)) us
    sample of_which_the_command us $((returned - start)) us
    for stage in init modules card ready; do
      sample "kernel_start_to_$stage" us $(($(xenstore-read "/local/domain/$ndvm/data/bulkhead/timing/$stage") * 1000)) us
    done
  fi
  quietly bulkhead destroy ndvm
}

domains+=(bare ndvm)
ours warm
bare warm
for ((i = 0; i < rounds; i++)); do
  ours keep
  bare keep
done
