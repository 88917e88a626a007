# `bulkhead list --json` against `xl list`, with a driver domain running.
. "$(dirname "$0")/common.sh"
start_ndvm
[ "$rounds" -ge 30 ] || rounds=30
for ((i = 0; i < rounds; i++)); do
  for side in us peer; do
    if [ $side = us ]; then timed bulkhead list --json; else timed xl list; fi
    grep -q ndvm "$log" || die "the driver domain is not listed"
    sample list $side $took us
  done
done
