# Sourced: a mandatory policy in few words.
# policy_xml NAME VERSION FROM TYPES RULE VM-LABELS RESOURCE-LABELS: a label is "NAME", of that type, "NAME=TYPE,TYPE", or
# "NEW<OLD", renamed.
policy_xml() {
  python3 - "$@" <<'END'
import sys
name, version, origin, types, rule, vms, resources = sys.argv[1:8]
t = lambda names: "".join(f"<Type>{n}</Type>" for n in names.replace(",", " ").split())
def label(kind, spec):
    text, _, old = spec.partition("<")
    name, _, type_ = text.partition("=")
    head = f'<Name from="{old}">{name}</Name>' if old else f"<Name>{name}</Name>"
    ste = types if name == "SystemManagement" and kind == "VirtualMachineLabel" else type_ or name
    wall = f"<ChineseWallTypes>{t(type_ or name)}</ChineseWallTypes>" if kind == "VirtualMachineLabel" else ""
    return f"<{kind}>{head}<SimpleTypeEnforcementTypes>{t(ste)}</SimpleTypeEnforcementTypes>{wall}</{kind}>"
old = ""
if origin:
    o = origin.split()
    old = f"<FromPolicy><PolicyName>{o[0]}</PolicyName><Version>{o[1]}</Version></FromPolicy>"
print(f'<?xml version="1.0" encoding="UTF-8"?><SecurityPolicyDefinition xmlns="http://www.ibm.com"><PolicyHeader>'
      f'<PolicyName>{name}</PolicyName><Version>{version}</Version>{old}</PolicyHeader><SimpleTypeEnforcement>'
      f'<SimpleTypeEnforcementTypes>{t(types)}</SimpleTypeEnforcementTypes></SimpleTypeEnforcement><ChineseWall '
      f'priority="PrimaryPolicyComponent"><ChineseWallTypes>{t(types)}</ChineseWallTypes><ConflictSets><Conflict '
      f'name="RER">{t(rule)}</Conflict></ConflictSets></ChineseWall><SecurityLabelTemplate><SubjectLabels '
      f'bootstrap="SystemManagement">' + "".join(label("VirtualMachineLabel", s) for s in vms.split()) +
      '</SubjectLabels><ObjectLabels>' + "".join(label("ResourceLabel", s) for s in resources.split()) +
      '</ObjectLabels></SecurityLabelTemplate></SecurityPolicyDefinition>')
END
}

# enforce NAME ARGUMENT...: as policy_xml; the policy is dom0's, and in force.
places=/etc/xen/acm-security/policies
enforce() {
  policy_xml "$@" >"$work/policy.xml"
  dom0 mkdir -p $places
  put "$work/policy.xml" "$places/$1-security_policy.xml"
  dom0 bulkhead policy set "$1"
}
