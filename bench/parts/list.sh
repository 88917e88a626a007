# `bulkhead list --json` against `xl list`, with a driver domain running.
. "$(dirname "$0")/common.sh"
start_ndvm
[ "$rounds" -ge 30 ] || rounds=30
one() {
  local start
  clock
  start=$now
  "$@" >"$log" 2>&1 </dev/null || die "'$*' failed: $(cat "$log")"
  clock
  took=$((now - start))
  grep -q ndvm "$log" || die "'$*' does not list the driver domain"
}
for ((i = 0; i < rounds; i++)); do
  one bulkhead list --json
  sample list us $took us
  one xl list
  sample list peer $took us
done
