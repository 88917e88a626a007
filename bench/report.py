"""report.py [--json] FILE...: reads SAMPLE lines (parts/common.sh) and prints the table, or JSON."""
import json
import statistics
import sys

# (part, measure): text, function of (us, peer) medians, limit. The limits are those of the project's goals.
GOALS = {
    ("image", "initramfs compressed"): ("at most 4 MB", lambda us, peer: us / 4e6),
    ("image", "available of 96 MB with a NIC"): ("runs in 96 MB", lambda us, peer: 0 if us > 0 else 2),
    ("ready", "create to ready / create to bare init"): ("us/peer at most 1.30", lambda us, peer: us / peer / 1.3),
    ("crowd", "20 created side by side"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("crowd", "list of 100 domains while an operation hangs, p99"): ("under 20 ms", lambda us, peer: us / 20e3),
    ("devices", "create stub with devices"): ("peer/us at least 3", lambda us, peer: 3 * us / peer),
    ("devices", "create linux with devices"): ("peer/us at least 3", lambda us, peer: 3 * us / peer),
    ("devices", "create stub alone"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("list", "list"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("crowd", "list of 100 domains"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("save", "save 256 MiB"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("save", "restore 256 MiB"): ("us/peer at most 1", lambda us, peer: us / peer),
    ("outage", "by the spare"): ("peer/us at least 5", lambda us, peer: 5 * us / peer),
}
ORDER = ["create", "devices", "attach", "image", "ready", "list", "crowd", "save", "outage"]


def read(files):
    rows = {}
    for name in files:
        for line in open(name, encoding="utf-8"):
            words = line.split()
            if len(words) != 6 or words[0] != "SAMPLE":
                continue
            _, part, measure, side, value, unit = words
            row = rows.setdefault((part, measure.replace("_", " ")), {"unit": unit, "us": [], "peer": []})
            row[side].append(int(value))
    return rows


def p99(values):
    return sorted(values)[min(len(values) - 1, round(0.99 * (len(values) - 1)))]


def summary(values):
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "p99": p99(values), "runs": len(values)}


def shown(side, unit, with_p99):
    if side is None:
        return "-"
    scale, name, digits = {"us": (1000, "ms", 0), "KiB": (1024, "MiB", 1), "bytes": (1e6, "MB", 2)}[unit]
    if unit == "us" and side["median"] < 100000:
        digits = 1

    def one(value):
        return f"{value / scale:.{digits}f}"

    text = f"{one(side['median'])} {name}"
    if side["runs"] > 1:
        text += f" ({one(side['min'])}..{one(side['max'])})"
    if with_p99:
        text += f" p99 {one(side['p99'])}"
    return text


def verdict(text, part_of_limit):
    if part_of_limit <= 1:
        return f"{text}: met" + (f", {100 * part_of_limit:.0f} % of it" if part_of_limit else "")
    return f"{text}: NOT met, {100 * (part_of_limit - 1):.0f} % over"


def main(arguments):
    as_json = arguments[:1] == ["--json"]
    rows = read(arguments[1:] if as_json else arguments)
    results = []
    for (part, measure), row in sorted(rows.items(), key=lambda item: ORDER.index(item[0][0])):
        us, peer = summary(row["us"]), summary(row["peer"])
        result = {"part": part, "measure": measure, "unit": row["unit"], "us": us, "peer": peer, "ratio": None, "goal": None}
        if us and peer:
            result["ratio"] = round(peer["median"] / us["median"], 3)
        goal = GOALS.get((part, measure))
        if goal and us and (peer or part not in ("ready", "outage", "devices")):
            share = goal[1](us["median"], peer and peer["median"])
            result["goal"] = {"text": goal[0], "met": share <= 1, "verdict": verdict(goal[0], share)}
        results.append(result)
    if as_json:
        print(json.dumps({"absolute_times_mean_nothing": True, "ratio": "peer/us", "results": results}, indent=2))
        return
    table = [["part", "measure", "us", "peer", "peer/us", "goal"]]
    for result in results:
        table.append([
            result["part"], result["measure"],
            shown(result["us"], result["unit"], result["part"] == "list"),
            shown(result["peer"], result["unit"], result["part"] == "list"),
            f"{result['ratio']:.2f}" if result["ratio"] else "-",
            result["goal"]["verdict"] if result["goal"] else "",
        ])
    widths = [max(len(row[i]) for row in table) for i in range(6)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print("\nMedian (min..max) of the rounds. The machine is emulated: its milliseconds mean nothing, the ratios count;\n"
          "above 1 we are faster or smaller than the peer.")


main(sys.argv[1:])
