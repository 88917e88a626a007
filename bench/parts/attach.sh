# A vif for a running client: by `bulkhead network-attach` from our driver domain, by `xl network-attach` from one with
# `xl devd` and Xen's hotplug scripts. Both driver domains have no NIC, the same kernel and the same memory.
. "$(dirname "$0")/common.sh"

# round SIDE BACKEND TOOL KEEP
round() {
  local vif=/local/domain/$2/backend/vif/$client/0 start
  watch "${vif%/0}"
  rm -f /tmp/bench.returned
  clock
  start=$now
  {
    "$3" network-attach client "backend=$5" bridge=xenbr0 mac=00:16:3e:00:00:70 </dev/null >"$log" 2>&1 && echo "$EPOCHREALTIME" >/tmp/bench.returned
  } &
  local command=$!
  while :; do
    case $event in
    "$vif/state" | "$vif/hotplug-status")
      [ "$(xenstore-read "$vif/state" "$vif/hotplug-status" 2>/dev/null)" = $'4\nconnected' ] && break
      [ "$(value "$vif/hotplug-status")" != error ] || die "$5: $(value "$vif/hotplug-error")"
      ;;
    esac
    next_event
  done
  clock
  wait "$command" || die "$3 network-attach: $(cat "$log")"
  local returned
  returned=$(cat /tmp/bench.returned)
  returned=${returned/[.,]/}
  if [ "$4" = keep ]; then
    sample attach_to_connected "$1" $((now - start)) us
    sample attach_to_the_command\'s_end "$1" $((returned - start)) us
  fi
  clock
  start=$now
  quietly "$3" network-detach client 0
  while xenstore-exists "$vif"; do next_event; done
  clock
  [ "$4" != keep ] || sample detach_to_back_end_gone "$1" $((now - start)) us
  unwatch
}

same=('pci=[]' 'memory=192' 'cmdline="console=hvc0 panic=-1 rodata=off bulkhead.nic=none"')
start_ndvm "${same[@]}"
start_classic
domains+=(client)
quietly bulkhead create "$configs/client.cfg" 'vif=[]' \
  'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
client=$(bulkhead domid client)
# The client's own netfront has to be loaded: its console says when it is done.
while read -r -t "$patience" line; do case $line in *'@@'*done*) break ;; esac; done < <(exec xl console client </dev/null)
round us "$ndvm" bulkhead warm ndvm
round peer "$classic" xl warm classic
for ((i = 0; i < rounds; i++)); do
  round us "$ndvm" bulkhead keep ndvm
  round peer "$classic" xl keep classic
done
