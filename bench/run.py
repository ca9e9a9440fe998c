#!/usr/bin/env python
"""Runs the bench on the interpreter that runs it: threadwork beside its peers, same work, same run, read as ratios."""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from cases import ALL
from harness import machine
from harness.case import Case, Findings, judged_honestly
from harness.effort import FULL, SMOKE, Effort
from harness.report import Finished, as_json, heading, section

CHECKOUT = Path(__file__).resolve().parent.parent


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"which cases (default: all): {', '.join(ALL)}")
    parser.add_argument("--smoke", action="store_true", help="one small round of everything, to see that it all still works")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default: 3, smoke 1)")
    parser.add_argument("--ours", action="store_true", help="leave out the slow peers; for quick looks while tuning")
    parser.add_argument(
        "--quiet-tries", type=int, default=1, metavar="N", help="measure anew, up to N times, while others use the cores"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the measurements (default: .benchmarks/<build>.json)")
    parsed = parser.parse_args()
    if unknown := [name for name in parsed.cases if name not in ALL]:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(ALL)}")
    return parsed


def main() -> int:
    """Run the chosen cases, print each as soon as it is done, and write the JSON. Status 1 when a promise was missed."""
    asked = arguments()
    base = SMOKE if asked.smoke else FULL
    effort = Effort(asked.rounds or base.rounds, base.scale, base.seconds, base.all_peers and not asked.ours, asked.quiet_tries)
    about, mode = machine.describe(), "smoke" if asked.smoke else "full"
    print(heading(about, mode), flush=True)
    finished = []
    for name in asked.cases or ALL:
        finished.append(run_case(ALL[name], effort, smoke=asked.smoke))
        print(f"\n{section(finished[-1])}", flush=True)
    about["gil_enabled_after"] = machine.gil_enabled()
    target = asked.json or CHECKOUT / ".benchmarks" / f"{about['python']}{'t' if about['free_threaded'] else ''}-{mode}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"mode": mode, "machine": about, "cases": [as_json(one) for one in finished]}, indent=1))
    print(f"\nEvery measurement: {target}", file=sys.stderr)
    return int(any(failed(one.findings) for one in finished))


def run_case(case: Case, effort: Effort, *, smoke: bool) -> Finished:
    """One case, with the time it took and the company it had."""
    print(f"{case.name} ...", file=sys.stderr)
    load, began = machine.OtherLoad(), time.perf_counter()
    findings = judged_honestly(case.run(effort))
    if smoke:  # one small round shows that everything works, not how fast it is
        findings = replace(findings, targets=[replace(target, met=None) for target in findings.targets])
    return Finished(case, findings, time.perf_counter() - began, load.cores())


def failed(findings: Findings) -> bool:
    """Whether a promise was missed, or threadwork itself broke or gave wrong results."""
    broken = any("threadwork" in row.name and row.note.startswith("FAILED") for row in findings.rows)
    return broken or any(target.met is False for target in findings.targets)


if __name__ == "__main__":
    sys.exit(main())
