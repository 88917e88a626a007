# Sourced by the scenarios about driver domains that return.
streams=

leave() { for client in $streams; do dom0 bulkhead destroy "$client" >/dev/null 2>&1 || true; done; }
leave_with=leave

# start_stream NAME MAC [BACKEND] [SETTING...]: a client of a name that was never used in this lab, with one TCP connection
# through its driver domain that lasts as long as the client.
start_stream() {
  streams="$streams $1"
  dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" "vif=[\"mac=$2,backend=${3:-ndvm}\"]" "${@:4}" \
    'cmdline="console=hvc0 panic=-1 rodata=off client.ip=dhcp client.test=stream"'
  stamp "$1" ' stream seq=' 120 >/dev/null
}

# How often the driver domain has returned.
returns() { dom0 bulkhead driverdomain events "$1" --json | grep -c '"event":"returned"' || true; }

# await_event NAME PATTERN COUNT [SECONDS]: follows the events until COUNT of them match.
await_event() {
  timeout "${4:-120}" "$BULKHEAD" lab exec --name "$LAB" -- bash -c '
    coproc bulkhead driverdomain events "$1" --follow --json
    seen=0
    while [ $seen -lt "$3" ] && read -r line <&"${COPROC[0]}"; do
      [[ $line =~ $2 ]] && seen=$((seen + 1))
    done
    kill "$COPROC_PID"
    [ $seen -ge "$3" ]' await "$1" "$2" "$3" ||
    fail "$1: fewer than $3 events '$2': $(dom0 bulkhead driverdomain events "$1" | tail -n 5)"
}

await_returns() { await_event "$1" '"event":"returned"' "$2"; }
await_spare() { await_event ndvm '"event":"(spare|no-spare)"' 1; }

# The last number that came back to the client.
stream_number() {
  "$BULKHEAD" lab log --name "$LAB" --guest "$1" </dev/null | grep -aoE ' stream seq=[0-9]+' | tail -n 1 | grep -oE '[0-9]+'
}

# stream_goes_on NAME [MORE]: numbers beyond the present one come back, in order, on the same connection.
stream_goes_on() {
  local now line
  now=$(stream_number "$1")
  while IFS= read -r line; do
    [[ $line != *' stream-end '* ]] || break
    if [[ $line =~ ' stream seq='([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -gt $((now + ${2:-20})) ]; then return 0; fi
  done < <(exec timeout 90 "$BULKHEAD" lab log --name "$LAB" --guest "$1" --follow 2>/dev/null)
  fail "$1: its connection has ended or stands still: $("$BULKHEAD" lab log --name "$LAB" --guest "$1" | tail -n 3)"
}
