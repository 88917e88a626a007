# The same client, served by the same driver domain, made by `bulkhead create` and by `xl create`.
. "$(dirname "$0")/common.sh"

# round SIDE TOOL KEEP
round() {
  local start returned
  watch "/local/domain/$ndvm/backend/vif"
  clock
  start=$now
  quietly "$2" create "$configs/client.cfg"
  clock
  returned=$now
  local client
  client=$(xl domid client)
  while :; do
    # Asks only when something changed that can make it true: asking takes time from the domains.
    case $event in
    */"$client"/0/state | */"$client"/0/hotplug-status)
      [ "$(xenstore-read "/local/domain/$ndvm/backend/vif/$client/0/"{state,hotplug-status} 2>/dev/null)" = $'4\nconnected' ] && break
      ;;
    esac
    next_event
  done
  clock
  if [ "$3" = keep ]; then
    sample create_to_the_command\'s_end "$1" $((returned - start)) us
    sample create_to_the_client\'s_vif_connected "$1" $((now - start)) us
  fi
  unwatch
  quietly "$2" destroy client
  await_node "/local/domain/$ndvm/backend/vif/$client" is ''
}

start_ndvm
domains+=(client)
round us bulkhead warm
round peer xl warm
for ((i = 0; i < rounds; i++)); do
  round us bulkhead keep
  round peer xl keep
done
