# Sourced after common.sh: clients without a network, and their shells.
quiet='cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
# new NAME OPTION...: a client without network, which opens its shell at once.
new() { dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" 'vif=[]' "$quiet" "${@:2}"; }
# say_in NAME COMMAND WORD: runs a command on the guest's console and waits until it has said WORD on a line of its own.
# What is typed comes back on the console, too: the quotes keep it apart from what is said.
say_in() {
  printf '%s && echo "@@ ""%s"\n' "$2" "$3" | dom0 bulkhead console "$1" >/dev/null
  stamp "$1" "@@ $3" 30 >/dev/null
}
