# `bulkhead create -N` says what `xl -N create` says: for the configurations of these tests, for those of xlcfg/ that
# together use every key of xl.cfg(5), and for Debian's examples; for some of them under xl.conf's masks, too.
. "$(dirname "$0")/common.sh"
leave_with=restore_xl_conf
tar -C "$here" -cf - configs xlcfg | dom0 busybox tar -xf - -C /tmp
dom0 bash -c '
  both() { # both HOW FILE...
    for file in "${@:2}"; do
      for command in "xl -N create" "bulkhead create -N"; do
        echo "=== ${command%% *} $file$1 $(grep -c "^uuid" "$file")"
        $command "$file" </dev/null 2>/tmp/dry_run.err || echo "exit status $?: $(tail -n 3 /tmp/dry_run.err)"
      done
    done
  }
  both "" /tmp/configs/*.cfg /tmp/xlcfg/*.cfg /etc/xen/xlexample.*
  # Processors that xl.conf keeps from guests.
  cp /etc/xen/xl.conf /root/xl.conf
  printf "%s\n" "vm.cpumask=\"0-1\"" "vm.pv.cpumask=\"0\"" "vm.hvm.cpumask=\"all,^0\"" >>/etc/xen/xl.conf
  cd /tmp/xlcfg
  both ",masked" pv-plain.cfg pv-affinity.cfg pv-affinity-soft.cfg pv-affinity-list.cfg pv-misc.cfg hvm-plain.cfg pvh-plain.cfg
  mv /root/xl.conf /etc/xen/xl.conf' >"$work/said" </dev/null
dom0 busybox rm -r /tmp/configs /tmp/xlcfg /tmp/dry_run.err </dev/null
python3 - "$work/said" <<'PY' || fail "-N differs from xl's"
import json, re, sys

def differences(path, xl, ours):
    if isinstance(xl, dict) and isinstance(ours, dict):
        for key in sorted(set(xl) | set(ours)):
            yield from differences(f"{path}.{key}", xl.get(key), ours.get(key))
    elif xl != ours:
        yield f"{path}: xl {xl}, ours {ours}"

answers = {}
for part in re.split(r"^=== ", open(sys.argv[1]).read(), flags=re.M)[1:]:
    head, text = part.split("\n", 1)
    program, file, has_uuid = head.split(" ")
    try:
        tree = json.loads(text)
        if has_uuid == "0":
            tree["c_info"].pop("uuid")  # random in both
        guest = tree["b_info"].get("type.hvm", {})
        if "ms_vm_genid" in guest:
            guest["ms_vm_genid"] = len(guest["ms_vm_genid"])  # random too
    except ValueError:
        tree = text.strip()
    answers.setdefault(file, {})[program] = tree

equal = 0
for file, by in answers.items():
    if isinstance(by["xl"], str):
        print(f"{file}: xl refuses it: {by['xl']}")
    elif by["xl"] == by["bulkhead"]:
        equal += 1
    else:
        print(f"{file}: {'; '.join(differences('', by['xl'], by['bulkhead']))}")
print(f"{len(answers)} configurations, {equal} equal")
sys.exit(equal != len(answers) or equal < 80)
PY
