"""Claims of speed: a script makes each, the record has it, the page shows it. Nothing is timed."""

import importlib
import json
import tomllib

import pytest
import torch

import measuring
from all_speed import scripts
from coursebook.speed import bar_in_words, claim_section, is_met, verdict
from website import ROOT

RECORD = json.loads((ROOT / "course_lib/data/recorded/speed.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PEERS = ("confidenceinterval", "sksurv", "torchsurv")  # only `make bench` installs them

# The bars: script, peer, size, cases with the bar, and the bar.
BARS = [
    ("auroc", "scikit-learn", "112,120 films × 14", 3, {"kind": "share", "limit": 0.6}),
    ("bootstrap_auroc", "scikit-learn", "1,000 images, 2,000", 3, {"kind": "times", "limit": 50}),
    (
        "bootstrap_concordance",
        "lifelines",
        "1,000 patients, 2,000",
        4,
        {"kind": "times", "limit": 50},
    ),
    ("delong", "confidenceinterval", "100,000", 2, {"kind": "times", "limit": 5}),
    ("concordance", "lifelines", "100,000", 2, {"kind": "times", "limit": 5}),
    ("concordance", "scikit-survival", "20,000", 2, {"kind": "times", "limit": 25}),
    ("cox_loss", "torchsurv", "a batch, a study, a register", 8, {"kind": "share", "limit": 1}),
    ("import_time", "torch", "one import each", 1, {"kind": "more", "limit": 150}),
]


def claims_of_scripts():
    for script in scripts():
        for measure in importlib.import_module(script.stem).CLAIMS:
            yield pytest.param(script.name, measure, id=f"{script.stem}-{measure.__name__}")


def recorded(script, title):
    found = [
        claim
        for claim in RECORD["claims"]
        if claim["script"] == f"benchmarks/{script}" and claim["title"] == title
    ]
    assert len(found) == 1, f"{title} of {script} is in the record {len(found)} times: `make bench`"
    return found[0]


@pytest.mark.parametrize(("script", "measure"), list(claims_of_scripts()))
def test_both_sides_find_the_same_and_the_record_has_the_words_of_the_script(script, measure):
    threads = torch.get_num_threads()
    try:
        claim = measure(True)  # asserts that what is compared is equal
    except ModuleNotFoundError as error:
        if error.name not in PEERS:
            raise
        pytest.skip(f"{error.name} comes with `make bench` only")
    finally:
        torch.set_num_threads(threads)
    now = json.loads(json.dumps(measuring.as_record(claim, f"benchmarks/{script}")))
    kept = recorded(script, claim.title)
    assert now.keys() == kept.keys()
    for key in ("script", "means", "ours", "peer", "bar"):
        assert now[key] == kept[key]
    assert {frozenset(case) for case in kept["cases"]} == {frozenset(now["cases"][0])}


@pytest.mark.parametrize(("script", "peer", "size", "cases", "bar"), BARS)
def test_each_bar_has_its_row(script, peer, size, cases, bar):
    (claim,) = (
        claim
        for claim in RECORD["claims"]
        if claim["script"] == f"benchmarks/{script}.py" and claim["peer"] == peer and claim["bar"]
    )
    assert size in claim["size"]
    assert claim["bar"] == bar
    assert sum(case["met"] is not None for case in claim["cases"]) == cases


def test_no_other_claim_has_a_bar():
    assert sum(claim["bar"] is not None for claim in RECORD["claims"]) == len(BARS)


def test_the_record_says_on_what_it_was_measured():
    made = RECORD["made_by"]
    assert made["command"] == "make bench"
    assert {"date", "device", "python", "torch"} < set(made)
    assert {"processor", "cores", "system", "load_before"} == set(made["machine"])
    for claim in RECORD["claims"]:
        assert claim["threads"] >= 1
        packages = {claim["ours"], claim["peer"]} & set(measuring.PACKAGES)
        assert set(claim["versions"]) == packages


def test_the_record_agrees_with_itself():
    for claim in RECORD["claims"]:
        for case in claim["cases"]:
            assert 0 < case["times_low"] <= case["times"] <= case["times_high"]
            assert case["times_low"] <= case["peer_ms"] / case["ours_ms"] * 1.001
            assert case["peer_ms"] / case["ours_ms"] <= case["times_high"] * 1.001
            if case["met"] is not None:
                bar, times = claim["bar"], case["times"]
                assert (
                    case["met"]
                    is {
                        "times": times >= bar["limit"],
                        "share": times >= 1 / bar["limit"],
                        "more": case["more_ms"] <= bar["limit"],
                    }[bar["kind"]]
                )


def test_the_page_names_each_script_and_shows_each_case():
    page = "\n".join(claim_section(claim).astext() for claim in RECORD["claims"])
    for script in scripts():
        assert f"benchmarks/{script.name}" in page
    for claim in RECORD["claims"]:
        for case in claim["cases"]:
            assert case["name"] in page
    text = (ROOT / "book/speed.md").read_text(encoding="utf-8")
    assert "```{speed-machine}" in text
    assert "```{speed-claims}" in text


def one_claim(*met, bar=("times", 50)):
    case = {"name": "x", "ours_ms": 2.0, "peer_ms": 8.0, "times": 4.0, "times_low": 3.5}
    case |= {"times_high": 4.5, "more_ms": -6.0, "rounds": 3}
    return {
        "script": "benchmarks/x.py",
        "title": "Adding",
        "means": "One and one.",
        "size": "2 numbers",
        "ours": "ours",
        "peer": "theirs",
        "bar": bar and {"kind": bar[0], "limit": bar[1]},
        "cases": [{**case, "met": one} for one in met],
        "device": "cpu",
        "threads": 1,
        "versions": {"theirs": "1.0"},
    }


def test_a_bar_that_was_not_met_is_shown():
    claim = one_claim(True, False)
    assert not is_met(claim)
    assert verdict({"claims": [one_claim(True, None), claim]}) == (
        "1 of 2 bars were met. Not met: Adding."
    )
    assert verdict({"claims": [one_claim(True), one_claim(None, bar=None)]}) == (
        "All 1 bars were met."
    )
    shown = claim_section(claim).astext()
    assert "not met" in shown
    assert "at least 50 times faster" in shown
    assert "4.00 (3.50 to 4.50)" in shown
    assert bar_in_words({"kind": "share", "limit": 1}) == "no slower"


def test_a_claim_of_more_time_shows_the_difference():
    shown = claim_section(one_claim(True, bar=("more", 150))).astext()
    assert "-6" in shown
    assert "at most 150 ms more" in shown


class Clock:
    def __init__(self):
        self.now, self.calls = 0.0, []

    def call(self, name, seconds):
        def once():
            self.calls.append(name)
            self.now += seconds

        return once


def test_calls_take_turns_and_short_ones_are_repeated(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: clock.now)
    calls = {"short": clock.call("short", 0.001), "long": clock.call("long", 0.5)}
    found = measuring.take_turns(calls, 3)
    assert found == {"short": pytest.approx([1.0] * 3), "long": pytest.approx([500.0] * 3)}
    warm, short = ["short", "long"], ["short"] * 5
    assert clock.calls == [*warm, "long", *short, *short, "long", "long", *short]


def test_ratios_are_of_the_same_round():
    found = measuring.case("x", [1.0, 2.0, 10.0], [5.0, 8.0, 20.0])
    assert (found.times, found.times_low, found.times_high) == (4.0, 2.0, 5.0)
    assert (found.ours_ms, found.peer_ms, found.more_ms) == (2.0, 8.0, -6.0)


@pytest.mark.parametrize(
    ("bar", "met"),
    [
        (("times", 4), True),
        (("times", 4.1), False),
        (("share", 0.25), True),
        (("share", 0.24), False),
        (("more", -6), True),
        (("more", -7), False),
    ],
)
def test_a_bar_is_met_from_its_limit_on(bar, met):
    assert measuring.Bar(*bar).is_met(measuring.case("x", [2.0], [8.0])) is met


def test_the_package_needs_no_peer():
    """scikit-survival is under the GPL: it may be measured, and nothing may build on it."""
    needed = PROJECT["project"]["dependencies"]
    groups = {k: v for k, v in PROJECT["dependency-groups"].items() if not k.startswith("bench")}
    for entry in [*needed, *(one for group in groups.values() for one in group)]:
        assert not str(entry).startswith(("confidenceinterval", "scikit-survival", "torchsurv"))
        assert "bench" not in str(entry)
    for path in (ROOT / "course_lib").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(f"import {peer}" in text or f"from {peer}" in text for peer in PEERS)
