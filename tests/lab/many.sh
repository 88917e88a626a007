# many COUNT: that many clients, each with one TCP connection through one driver domain, which dies: all go on. Prints the
# median and the longest gap that they saw. A lab of its own, since it needs memory.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
count=$1
pace=$((1 + count / 16)) # seconds between the lines of each: that many talk to two emulated processors
down() { "$BULKHEAD" lab down --name "$LAB" >/dev/null 2>&1 </dev/null || true; }
leave_with=down

# all_go_on MORE: as stream_goes_on, of all side by side.
all_go_on() {
  local jobs=() name job
  for name in "${names[@]}"; do
    stream_goes_on "$name" "$1" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || fail "not all go on"; done
}

bash "$here/up.sh" virtio --nic virtio --memory $((1536 + 110 * count)) --dom0-memory 1024 >/dev/null

dom0 xl sched-credit2 -d Domain-0 -w 65535 # two emulated processors: it would starve among so many
dom0 bulkhead create /root/cfg/ndvm.cfg 'heartbeat_timeout=120' 'memory=192' 'cpu_weight=65535'
ndvm=$(dom0 bulkhead domid ndvm)
await_node "/local/domain/$ndvm/data/bulkhead/state" ready 120
say "$count clients start"
names=()
for ((i = 0; i < count; i++)); do
  names+=("many$i")
  # Addresses of their own: QEMU's DHCP server knows sixteen clients at most (NB_BOOTP_CLIENTS in libslirp).
  dom0 bulkhead create /root/cfg/client.cfg "name=\"many$i\"" 'memory=96' \
    "vif=[\"mac=00:16:3e:00:01:$(printf %02x "$i"),backend=ndvm\"]" \
    'cmdline="console=hvc0 panic=-1 rodata=off client.ip=10.0.2.'$((120 + i))'/24 client.test=stream client.pace='$pace' client.wait=600"' 2>/dev/null
  stamp "many$i" ' stream seq=' 300 >/dev/null
  dom0 bulkhead pause "many$i" # whoever runs takes the two emulated processors from those that still boot
done
for name in "${names[@]}"; do dom0 bulkhead unpause "$name"; done
all_go_on 2
dom0 bulkhead driverdomain show ndvm | grep -E 'xenstore|room' || true
await_spare

say "the driver domain dies"
for name in "${names[@]}"; do stream_number "$name"; done >"$work/before"
dom0 xl destroy ndvm
await_event ndvm '"event":"returned"' 1 300
equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
all_go_on 3
# The longest gap of each since its driver domain died.
for ((i = 0; i < count; i++)); do
  "$BULKHEAD" lab log --name "$LAB" --guest "many$i" </dev/null |
    sed -nE 's/.* stream seq=([0-9]+) gap_ms=([0-9]+).*/\1 \2/p' |
    awk -v before="$(sed -n $((i + 1))p "$work/before")" '$1 > before && $2 > most { most = $2 } END { print most + 0 }'
done | sort -n >"$work/gaps"
equal "clients that tell a gap" "$(grep -c '^[1-9]' "$work/gaps")" "$count"
echo "gaps of $count clients: median $(sed -n "$(((count + 1) / 2))p" "$work/gaps") ms, longest $(tail -n 1 "$work/gaps") ms"
dom0 bulkhead driverdomain events ndvm | grep returned
down
