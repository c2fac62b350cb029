"""Directives `speed-machine` and `speed-claims`: what `make bench` measured, and on what.

Both read the record, so that no number is typed into the page.
"""

import datetime
import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

RECORD = "course_lib/data/recorded/speed.json"


class _FromRecord(SphinxDirective):
    """A directive that shows the record; the page is written anew when that changes."""

    def read(self) -> dict[str, Any]:
        """Read what was measured."""
        self.env.note_dependency(f"../{RECORD}")
        path = Path(self.env.srcdir).parent / RECORD
        if not path.exists():
            raise self.error(f"{RECORD} is missing: `make bench` writes it")
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record


class SpeedMachine(_FromRecord):
    """On what it was measured, and how many bars were met."""

    def run(self) -> list[nodes.Node]:
        """Say it in two paragraphs."""
        record = self.read()
        return [_paragraph(words) for words in (machine_in_words(record), verdict(record))]


class SpeedClaims(_FromRecord):
    """A section for each claim."""

    def run(self) -> list[nodes.Node]:
        """Show each claim: what it means, with whom it is compared, and a table."""
        return [claim_section(claim) for claim in self.read()["claims"]]


def machine_in_words(record: dict[str, Any]) -> str:
    """Say on what a record was measured.

    >>> where = {"processor": "A", "cores": 2, "system": "Linux x86_64", "load_before": 0.1}
    >>> made = {"date": "2026-01-31", "machine": where, "device": "device: cpu", "python": "3.11.7"}
    >>> machine_in_words({"made_by": {**made, "torch": "2.6.0"}, "claims": []})
    'Measured on January 31, 2026, on 2 cores of an A under Linux x86_64, device: cpu, with Python 3.11.7 and torch 2.6.0. Before it began, 0.1 processes wanted to run on average.'
    """  # noqa: E501
    made = record["made_by"]
    where, day = made["machine"], datetime.date.fromisoformat(made["date"])
    article = "an" if where["processor"][:1] in "AEIOU" else "a"
    words = (
        f"Measured on {day:%B} {day.day}, {day.year}, on {where['cores']} cores of {article} "
        f"{where['processor']} under {where['system']}, {made['device']}, "
        f"with Python {made['python']} and torch {made['torch']}."
    )
    if where["load_before"] is not None:
        words += f" Before it began, {where['load_before']} processes wanted to run on average."
    return words


def verdict(record: dict[str, Any]) -> str:
    """Count the claims whose every case meets its bar, and name the others."""
    held = [claim for claim in record["claims"] if claim["bar"]]
    missed = [claim["title"] for claim in held if not is_met(claim)]
    if not missed:
        return f"All {len(held)} bars were met."
    return f"{len(held) - len(missed)} of {len(held)} bars were met. Not met: {'; '.join(missed)}."


def is_met(claim: dict[str, Any]) -> bool:
    """Say whether no case of a claim misses its bar."""
    return all(case["met"] is not False for case in claim["cases"])


def bar_in_words(bar: dict[str, Any] | None) -> str:
    """Say what is asked for.

    >>> bar_in_words({"kind": "share", "limit": 0.6})
    "at most 0.6 of the other's time"
    """
    if bar is None:
        return "none"
    if bar == {"kind": "share", "limit": 1}:
        return "no slower"
    return {
        "times": f"at least {bar['limit']:g} times faster",
        "share": f"at most {bar['limit']:g} of the other's time",
        "more": f"at most {bar['limit']:g} ms more",
    }[bar["kind"]]


def claim_section(claim: dict[str, Any]) -> nodes.section:
    """Show one claim: what it means, with whom it is compared, the bar, a table, the script."""
    title = claim["title"]
    section = nodes.section("", nodes.title("", title), names=[nodes.fully_normalize_name(title)])
    section["ids"] = [nodes.make_id(title)]
    section += _paragraph(f"{claim['means']} Size: {claim['size']}.")
    against = " and ".join(f"{name} {number}" for name, number in claim["versions"].items())
    threads = f"{claim['threads']} thread{'' if claim['threads'] == 1 else 's'}"
    rounds = claim["cases"][0]["rounds"]
    times = f"{rounds} round{'' if rounds == 1 else 's'}"
    facts = [
        *([f"Versions: {against}."] if against else []),
        f"Where: {claim['device']}, {threads}, {times}.",
        f"Bar: {bar_in_words(claim['bar'])}.",
    ]
    section += _paragraph(" ".join(facts))
    section += _table(claim)
    line = nodes.paragraph("", "Script: ")
    line += nodes.literal("", claim["script"])
    section += line
    return section


def _table(claim: dict[str, Any]) -> nodes.table:
    more = bool(claim["bar"]) and claim["bar"]["kind"] == "more"
    # The narrow screen of a phone shows the first columns, and scrolls to the others.
    head = ["", "More, ms" if more else "Times faster", *(["Bar"] if claim["bar"] else [])]
    head += [f"{claim['ours']}, ms", f"{claim['peer']}, ms"]
    rows = []
    for case in claim["cases"]:
        spread = (
            f"{number(case['times'])} ({number(case['times_low'])} to {number(case['times_high'])})"
        )
        row = [case["name"], number(case["more_ms"]) if more else spread]
        if claim["bar"]:
            row.append({True: "met", False: "not met", None: "no bar"}[case["met"]])
        row += [number(case["ours_ms"]), number(case["peer_ms"])]
        rows.append(row)
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec("", colwidth=1) for _ in head]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["speed"])


def _row(cells: list[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _paragraph(words)) for words in cells))


def _paragraph(words: str) -> nodes.paragraph:
    return nodes.paragraph("", words)


def number(value: float) -> str:
    """Show three digits, with commas in thousands.

    >>> [number(value) for value in (0.00712, 1.0, 23.45, 151.2, 12345.6)]
    ['0.00712', '1.00', '23.4', '151', '12,346']
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1 else f"{value:.{2 if value < 10 else 1}f}"


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("speed-machine", SpeedMachine)
    app.add_directive("speed-claims", SpeedClaims)
