"""What the scripts about speed share: who takes turns, what is claimed, and how it is shown.

A script holds functions that measure one `Claim` each, and ends with `main(...)` of them. A claim
compares two ways that say the same, which it asserts first. With `--small` it takes a second, for
the tests; with `--into` it is kept as JSON, for `make bench`. All runs on one thread: most peers
have one, and with several the ratio would be one of the machine, and of what else runs on it.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

Call = Callable[[], object]
Measure = Callable[[bool], "Claim"]
LEAST_SECONDS = 0.005  # what takes less is called several times in a row


@dataclass(frozen=True)
class Bar:
    """What a claim asks for: so many times faster, a share of the peer's time, or a few ms more."""

    kind: Literal["times", "share", "more"]
    limit: float

    def is_met(self, case: "Case") -> bool:
        """Say whether a case is as fast as it has to be."""
        if self.kind == "more":
            return case.more_ms <= self.limit
        least = self.limit if self.kind == "times" else 1 / self.limit
        return case.times >= least


@dataclass(frozen=True)
class Case:
    """One line of a table: medians over the rounds, of times and of what the rounds say."""

    name: str
    ours_ms: float
    peer_ms: float
    times: float  # the peer's time over ours, in the same round
    times_low: float
    times_high: float
    more_ms: float  # our time less the peer's, in the same round
    rounds: int
    has_bar: bool


@dataclass(frozen=True)
class Claim:
    """Two ways to the same numbers, and which is faster."""

    title: str
    means: str  # what is measured, in plain words
    size: str
    ours: str
    peer: str
    bar: Bar | None
    cases: list[Case]
    device: str = "cpu"


def take_turns(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each call, round by round.

    All of them are called in each round, so that a busy moment hits them all; the order turns.
    The first call of each is not counted.
    """
    repeats = {
        name: max(1, round(LEAST_SECONDS / _seconds(call, 1))) for name, call in calls.items()
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in calls if turn % 2 else reversed(calls):
            found[name].append(_seconds(calls[name], repeats[name]) * 1000)
    return found


def _seconds(call: Call, repeats: int) -> float:
    _wait()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    _wait()
    return (time.perf_counter() - start) / repeats


def _wait() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def case(name: str, ours: list[float], peer: list[float], *, has_bar: bool = True) -> Case:
    """Sum up the rounds of a call and of its peer, both in milliseconds."""
    times = [b / a for a, b in zip(ours, peer, strict=True)]
    return Case(
        name=name,
        ours_ms=statistics.median(ours),
        peer_ms=statistics.median(peer),
        times=statistics.median(times),
        times_low=min(times),
        times_high=max(times),
        more_ms=statistics.median(a - b for a, b in zip(ours, peer, strict=True)),
        rounds=len(ours),
        has_bar=has_bar,
    )


def compare(name: str, ours: Call, peer: Call, rounds: int, *, has_bar: bool = True) -> Case:
    """Let two calls take turns."""
    found = take_turns({"ours": ours, "peer": peer}, rounds)
    return case(name, found["ours"], found["peer"], has_bar=has_bar)


def as_record(claim: Claim, script: str) -> dict[str, Any]:
    """Return what the page shows, numbers rounded to four digits."""
    record = asdict(claim)
    for line, one in zip(record["cases"], claim.cases, strict=True):
        line.update({k: float(f"{v:.4g}") for k, v in line.items() if isinstance(v, float)})
        judged = claim.bar is not None and line.pop("has_bar")
        line.pop("has_bar", None)
        line["met"] = claim.bar.is_met(one) if claim.bar and judged else None
    packages = [name for name in (claim.ours, claim.peer) if name in PACKAGES]
    return {
        "script": script,
        **record,
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in packages},
    }


PACKAGES = (
    "confidenceinterval",
    "lifelines",
    "scikit-learn",
    "scikit-survival",
    "torch",
    "torchsurv",
    "torchvision",
)


def machine() -> dict[str, Any]:
    """Say on what it runs: processor, cores that we may use, how busy it is."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(),
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": load if load is None else round(load, 2),
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main(*measures: Measure) -> None:
    """Measure each claim, print its table, and keep it where `--into` says."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument(
        "--small", action="store_true", help="small sizes: nothing to conclude from"
    )
    parser.add_argument("--into", type=Path, help="JSON file for what was measured")
    options = parser.parse_args()
    torch.set_num_threads(1)
    records = []
    for measure in measures:
        try:
            claim = measure(options.small)
        except ModuleNotFoundError as error:
            sys.exit(f"{error}: `make bench` installs what we compare with")
        records.append(as_record(claim, f"benchmarks/{Path(sys.argv[0]).name}"))
        print(table(records[-1]), flush=True)
    if options.into:
        options.into.write_text(json.dumps(records), encoding="utf-8")


def table(record: dict[str, Any]) -> str:
    """Show one claim as text.

    A ratio is the peer's time over ours: above 1 we are faster.
    """
    title = (
        f"{record['title']}: {record['size']}, {record['device']}, {record['threads']} thread(s)"
    )
    lines = [title, f"{'':34}{record['ours'][:13]:>14}{record['peer'][:19]:>20}{'ratio':>9}"]
    for line in record["cases"]:
        met = {True: "", False: "  BAR NOT MET", None: "  (no bar)"}[line["met"]]
        lines.append(
            f"  {line['name']:32}{line['ours_ms']:11.3f} ms{line['peer_ms']:17.3f} ms"
            f"{line['times']:9.3g}{met}"
        )
    return "\n".join(lines) + "\n"
