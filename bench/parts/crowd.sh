# Twenty domains created side by side, by us and by xl; then a hundred domains, one operation that hangs, and how long the
# daemon takes to list them.
. "$(dirname "$0")/common.sh"
printf '%s\n' 'kernel = "/root/bench/stub"' 'memory = 4' >/root/bench/stub.cfg
together=20 many=100
[ "$rounds" -le 3 ] || rounds=3 # each takes more than a minute

together() { # together TOOL
  local jobs=() i
  for ((i = 1; i <= together; i++)); do
    "$1" create -p -q /root/bench/stub.cfg "name=\"c$i\"" >>"$log" 2>&1 </dev/null &
    jobs+=($!)
  done
  for i in "${jobs[@]}"; do wait "$i" || die "$1 create failed: $(cat "$log")"; done
}
end_all() { # as many as there are
  local i
  for ((i = 1; i <= $1; i++)); do xl destroy "c$i" >/dev/null 2>&1 </dev/null || die "c$i is not there"; done
}
round() { # round SIDE TOOL KEEP
  local start
  : >"$log"
  clock
  start=$now
  together "$2"
  clock
  [ "$3" != keep ] || sample 20_created_side_by_side "$1" $((now - start)) us
  end_all $together
}
for ((i = 1; i <= many; i++)); do domains+=("c$i"); done
round us bulkhead warm
round peer xl warm
for ((i = 0; i < rounds; i++)); do
  round us bulkhead keep
  round peer xl keep
done

for ((first = 1; first <= many; first += together)); do
  jobs=()
  for ((i = first; i < first + together; i++)); do
    bulkhead create -p -q /root/bench/stub.cfg "name=\"c$i\"" >>"$log" 2>&1 </dev/null &
    jobs+=($!)
  done
  for i in "${jobs[@]}"; do wait "$i" || die "create failed: $(cat "$log")"; done
done
bulkhead shutdown -w c1 >/dev/null 2>&1 </dev/null & # paused: it hangs for the minute that libxl gives a guest to answer
hanging=$!
# The hundredth part of the answers must be many: the start of the operation alone, bulkheadd's fork, delays one or two.
times=$(/root/bench/asker /run/bulkhead/bulkheadd.sock 1000 | sort -n) || die "the daemon does not answer"
kill -0 $hanging || die "the operation does not hang"
kill $hanging
[ "$(wc -l <<<"$times")" = 1000 ] || die "not 1000 answers"
sample list_of_100_domains_while_an_operation_hangs,_p99 us "$(sed -n 990p <<<"$times")" us
for ((i = 0; i < 10; i++)); do
  for side in us peer; do
    if [ $side = us ]; then timed bulkhead list; else timed xl list; fi
    [ "$(grep -c 'c[0-9]' "$log")" -ge $many ] || die "not all are listed"
    sample list_of_100_domains $side $took us
  done
done
