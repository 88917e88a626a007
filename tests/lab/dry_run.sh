# `bulkhead create -N` says what `xl create -N` says, for every configuration of these tests.
. "$(dirname "$0")/common.sh"
for config in "$here"/configs/*.cfg; do
  name=$(basename "$config")
  dom0 xl -N create "/root/cfg/$name" >"$work/xl.json"
  dom0 bulkhead create -N "/root/cfg/$name" >"$work/ours.json"
  python3 - "$work/xl.json" "$work/ours.json" "$name" <<'PY' || fail "$name: -N differs from xl's"
import json, sys
xl, ours = (json.load(open(f)) for f in sys.argv[1:3])
for tree in (xl, ours):
    tree["c_info"].pop("uuid", None)  # random in both
if xl != ours:
    print("xl:  ", json.dumps(xl, sort_keys=True))
    print("ours:", json.dumps(ours, sort_keys=True))
    sys.exit(1)
PY
  echo "$name: equal"
done
