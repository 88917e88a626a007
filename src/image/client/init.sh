#!/bin/busybox sh
# /init of Bulkhead's test client: a guest that configures its network, tests it and opens a shell.
#
# It reports on its console, one event per line, for programs to read:
#     @@ UPTIME EVENT key=value...
# UPTIME is in seconds since the guest's kernel started, as in /proc/uptime. Events: init, modules, eth0, carrier, dhcp, address, ping,
# transfer, stream, stream-end, gap, done. `ok` is 1 or 0.
#
# Words of the kernel command line:
#     client.ip=dhcp|ADDRESS/LENGTH[,GATEWAY]|none   default dhcp
#     client.test=NAME,...     ping, transfer, stream, gaps; default ping; none for no test
#     client.target=ADDRESS:PORT   a TCP echo, default 10.0.2.100:7 (the lab's)
#     client.transfer=MIB      how much `transfer` sends, default 4
#     client.pace=SECONDS      how long `stream` rests between two lines, default 0.1
#     client.seed=NUMBER       what it sends, default 1
#     client.wait=SECONDS      how long to wait for the network, default 120
#
# The same file is /sbin/poweroff, which Linux runs when the toolstack asks for a shutdown (drivers/xen/manage.c), and
# udhcpc's event program.
set -f

case $0 in
*/poweroff) exec /bin/busybox poweroff -f ;; # without -f it would ask PID 1, and this is PID 1
*/udhcpc-event)
    case $1 in
    bound | renew)
        /bin/busybox ip addr replace "$ip/${mask:-24}" dev "$interface"
        [ -n "$router" ] && /bin/busybox ip route replace default via "${router%% *}" dev "$interface"
        echo "$ip ${serverid:-$ip} ${router%% *}" >/run/dhcp
        ;;
    esac
    exit 0
    ;;
esac

export PATH=/bin:/sbin HOME=/ TERM=linux
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin 2>/dev/null # complains about /bin/sh, which is there
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp

stamp() {
    read -r uptime rest </proc/uptime
    echo "@@ $uptime $*"
}

# Hundredths of a second since boot, into $now: no process is started for it.
read_clock() {
    read -r now rest </proc/uptime
    now=$((${now%.*} * 100 + 1${now#*.} - 100)) # the 1 keeps "08" from being an octal number
}

# Sleeps without a process of its own, which would cost more than the pause in an emulated machine.
mkfifo /run/never
pause() { read -r -t "$1" rest <>/run/never; }

ip=dhcp tests=ping target=10.0.2.100:7 mib=4 seed=1 pace=0.1 patience=120
for word in $(cat /proc/cmdline); do
    value=${word#*=}
    case $word in
    client.ip=*) ip=$value ;;
    client.test=*) tests=$value ;;
    client.target=*) target=$value ;;
    client.transfer=*) mib=$value ;;
    client.pace=*) pace=$value ;;
    client.seed=*) seed=$value ;;
    client.wait=*) patience=$value ;;
    esac
done
for number in "$mib" "$seed" "$patience"; do
    case $number in
    '' | *[!0-9]* | ?????????*) stamp init ok=0 "error=\"not a number: $number\"" ;;
    esac
done
host=${target%:*} port=${target##*:}
stamp init ok=1 "kernel=$(uname -r)" "hypervisor=$(cat /sys/hypervisor/type 2>/dev/null)" \
    "guest=$(cat /sys/hypervisor/guest_type 2>/dev/null)"

loaded=' '
insert() {
    case $loaded in *" $1 "*) return ;; esac
    loaded="$loaded$1 "
    while read -r name path needed; do
        [ "$name" = "$1" ] && { insmod "$path" || stamp modules ok=0 "name=$1"; }
    done </lib/bulkhead/modules
}
for wanted in $(cat /lib/bulkhead/load); do
    while read -r name path needed; do
        [ "$name" = "$wanted" ] || continue
        [ "$needed" = - ] || for one in $(echo "$needed" | tr , ' '); do insert "$one"; done
    done </lib/bulkhead/modules
    insert "$wanted"
done

gateway= neighbour= # what answers a ping when there is no gateway: QEMU's network with restrict=on names none
configure() {
    ip link set eth0 up
    case $ip in
    dhcp)
        rm -f /run/dhcp
        read_clock
        local end=$((now + patience * 100))
        # Several short attempts: the first packets are lost while a bridge or an NDVM is still coming up.
        until udhcpc -i eth0 -n -q -t 3 -T 1 -s /sbin/udhcpc-event >/dev/null 2>&1 && [ -s /run/dhcp ]; do
            read_clock
            [ "$now" -ge "$end" ] && { stamp dhcp ok=0; return 1; }
            pause 0.2
        done
        read -r address neighbour gateway </run/dhcp
        stamp dhcp ok=1 "ip=$address" "gateway=$gateway" "server=$neighbour"
        ;;
    *)
        local address=${ip%%,*}
        ip addr replace "$address" dev eth0 || { stamp address ok=0 "ip=$address"; return 1; }
        case $ip in *,*)
            gateway=${ip#*,}
            ip route replace default via "$gateway" dev eth0
            ;;
        esac
        stamp address ok=1 "ip=$address" "gateway=$gateway"
        ;;
    esac
}

# Waits until a file in eth0's sysfs folder holds a value ("" for any). Sysfs has no event that a shell could wait for.
wait_eth0() {
    local value= end
    read_clock
    end=$((now + patience * 100))
    until { read -r value <"/sys/class/net/eth0/$1"; } 2>/dev/null && [ -z "$2" -o "$value" = "$2" ]; do
        read_clock
        [ "$now" -ge "$end" ] && return 1
        pause 0.05
    done
    return 0 # a loop's status is its last command's, and a pause that is over is a failure
}

bring_up() {
    wait_eth0 ifindex '' || { stamp eth0 ok=0; return 1; }
    ifindex=$(cat /sys/class/net/eth0/ifindex)
    stamp eth0 ok=1 "mac=$(cat /sys/class/net/eth0/address)" "ifindex=$ifindex"
    ip link set eth0 up
    wait_eth0 carrier 1 || { stamp carrier ok=0; return 1; }
    stamp carrier ok=1
    configure
}

# A new eth0 (detached and attached again) has another index and no address.
follow() {
    while :; do
        pause 0.5
        local index=
        { read -r index </sys/class/net/eth0/ifindex; } 2>/dev/null
        [ -n "$index" ] && [ "$index" != "$ifindex" ] && bring_up
    done
}

test_ping() {
    local end aim=${gateway:-${neighbour:-$host}}
    read_clock
    end=$((now + patience * 100))
    until ping -c 1 -W 1 "$aim" >/dev/null 2>&1; do
        read_clock
        [ "$now" -ge "$end" ] && { stamp ping "target=$aim" ok=0; return 1; }
    done
    stamp ping "target=$aim" ok=1
}

# MiB of data that differ at every place, so that lost, doubled and swapped parts all change the checksum.
generate() {
    seq "$seed" $((seed + 15000)) | head -c 65536 >/tmp/chunk
    local block=0
    while [ "$block" -lt $((mib * 16)) ]; do
        echo "block $block"
        cat /tmp/chunk
        block=$((block + 1))
    done | head -c "$1"
}

test_transfer() {
    local size=$((mib * 1048576)) start sent received count ok=0 pids
    rm -f /tmp/*.fifo
    mkfifo /tmp/sent.fifo /tmp/back.fifo /tmp/received.fifo
    sha256sum </tmp/sent.fifo >/tmp/sent &
    pids=$!
    sha256sum </tmp/received.fifo >/tmp/received &
    pids="$pids $!"
    read_clock
    start=$now
    # The sending side stays open until everything is back, so that the test does not depend on how well the echo and what
    # lies between treat a half-closed connection.
    rm -f /tmp/over
    {
        generate $size | tee /tmp/sent.fifo
        while [ ! -e /tmp/over ]; do pause 0.2; done
    } | nc -w 10 "$host" "$port" >/tmp/back.fifo &
    local pipe=$!
    count=$(timeout $((patience + mib * 10)) head -c $size </tmp/back.fifo | tee /tmp/received.fifo | wc -c)
    : >/tmp/over
    kill $pipe 2>/dev/null # an echo that does not close would keep it for ever
    wait $pids
    read_clock
    read -r sent rest </tmp/sent
    read -r received rest </tmp/received
    [ "$count" = $size ] && [ "$sent" = "$received" ] && ok=1
    stamp transfer "bytes=$count" "sha256=$received" "ms=$(((now - start) * 10))" ok=$ok
    [ $ok = 1 ]
}

# One TCP connection for as long as it lasts: numbered lines go out and come back. Each second, at most, one event tells the
# last number and the longest gap between two lines; numbers out of order end the test.
test_stream() {
    {
        number=0
        while :; do
            number=$((number + 1))
            echo $number
            pause "$pace"
        done
    } | nc -w 10 "$host" "$port" | {
        read_clock
        last=$now said=$now gap=0 expected=1 number=0
        while read -r number; do
            read_clock
            [ $((now - last)) -gt $gap ] && gap=$((now - last))
            last=$now
            [ "$number" = $expected ] || break
            expected=$((expected + 1))
            if [ $((now - said)) -ge 100 ]; then
                stamp stream "seq=$number" "gap_ms=$((gap * 10))"
                said=$now gap=0
            fi
        done
        stamp stream-end "seq=$number" "expected=$expected" ok=0
    }
}

# Pings for ever, ten a second; each time that no answer comes for a second and then one does, one event tells how long it
# took. ping ends when its network is taken away, and is started again.
test_gaps() {
    local aim=${gateway:-${neighbour:-$host}}
    while :; do
        ping -i 0.1 "$aim" 2>/dev/null
        pause 0.1
    done | {
        read_clock
        local last=$now line
        while read -r line; do
            case $line in *seq=*) ;; *) continue ;; esac
            read_clock
            [ $((now - last)) -gt 100 ] && stamp gap "ms=$(((now - last) * 10))"
            last=$now
        done
    }
}

run_tests() {
    local ok=1
    if [ "$ip" != none ]; then
        bring_up || ok=0
        follow &
    fi
    if [ $ok = 1 ] && [ "$tests" != none ]; then
        for test in $(echo "$tests" | tr , ' '); do
            case $test in
            ping) test_ping || ok=0 ;;
            transfer) test_transfer || ok=0 ;;
            stream) test_stream & ;;
            gaps) test_gaps & ;;
            *)
                stamp "$test" ok=0 'error="no such test: ping, transfer, stream, gaps"'
                ok=0
                ;;
            esac
        done
    fi
    stamp done ok=$ok
}

ip link set lo up
run_tests
export PS1='client# '
while :; do
    setsid cttyhack sh
    pause 0.2 # no console: do not spin
done
