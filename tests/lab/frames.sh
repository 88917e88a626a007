# Sourced: who hears whom, shown by packets that arrive or do not, counted by the one who would receive them. For guests
# of the client image with one vif, and addresses in 10.9.0.0/24.

# client NAME NUMBER VIF [OPTION...]: a guest with the address 10.9.0.NUMBER and MAC 00:16:3e:00:0f:0NUMBER.
client() {
  dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" "vif=[\"mac=00:16:3e:00:0f:0$2,$3\"]" \
    "cmdline=\"console=hvc0 panic=-1 rodata=off client.ip=10.9.0.$2/24 client.test=none\"" "${@:4}"
}

serial=$(($$ * 1000)) # other scenarios of the lab may have had guests of these names
in_guest() { # in_guest NAME COMMAND: its exit status
  serial=$((serial + 1))
  echo "{ $2; } >/dev/null 2>&1; echo status-\$(($serial + 5000))-\$?-" | dom0 bulkhead console "$1" >/dev/null
  [[ $(stamp "$1" "status-$((serial + 5000))-" 30) =~ status-[0-9]+-([0-9]+)- ]] || fail "$1 does not answer"
  return "${BASH_REMATCH[1]}"
}

# passes FROM NUMBER: a ping to 10.9.0.NUMBER and back.
passes() { in_guest "$1" "ping -c 1 -W 5 10.9.0.$2" || fail "$1 does not reach 10.9.0.$2"; }

# nothing_comes FROM COMMAND TO: nothing of what the command sends may come to the other guest.
nothing_comes() {
  in_guest "$3" 'cat /sys/class/net/eth0/statistics/rx_packets >/tmp/before'
  in_guest "$1" "$2" || true
  in_guest "$3" '[ $(cat /sys/class/net/eth0/statistics/rx_packets) = $(cat /tmp/before) ]' ||
    fail "what $1 sends by '$2' comes to $3"
}

# Silence, so that packets can be counted: no IPv6, one ARP request for each question, and no looking after neighbours.
quiet='echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; cd /proc/sys/net/ipv4/neigh/eth0;
  echo 1 >mcast_solicit; echo 10000 >delay_first_probe_time'
silence() { for name in "$@"; do in_guest "$name" "${quiet//$'\n'/}" || fail "$name cannot be quiet"; done; }

# For a guest's eth0: an address that ends in these two digits.
address() { echo "ip link set eth0 down; ip link set eth0 address 00:16:3e:00:0f:$1 && ip link set eth0 up"; }
