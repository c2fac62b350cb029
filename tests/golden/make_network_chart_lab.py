"""Write `network_chart_lab.json.gz`: where matplotlib draws the networks of the lab.

For every setting [view, by, log, family, weights]: the limits of both axes, and for each network
its place from 0 to 1 as matplotlib's own scales compute it, with those limits. After a change of
the table or of the axes: `python tests/golden/make_network_chart_lab.py`.
"""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure

from course_lib.networks import FAMILIES, NETWORKS
from course_lib.widgets.network_chart_lab import ALL, MEASURES, VIEWS, WEIGHTS

PATH = Path(__file__).with_name("network_chart_lab.json.gz")
LIMITS = {  # by cost and whether logarithmic, for the networks with an accuracy and for all
    ("operations", True): ((0.2, 20), (0.0002, 20)),
    ("operations", False): ((0, 20), (0, 20)),
    ("parameters", True): ((1, 200), (0.05, 200)),
    ("parameters", False): ((0, 150), (0, 150)),
    ("depth", True): ((5, 500), (5, 500)),
    ("depth", False): ((0, 250), (0, 250)),
}


def compute() -> dict[str, Any]:
    """Place the networks of each setting."""
    settings = itertools.product(VIEWS, MEASURES, (True, False), (ALL, *FAMILIES), WEIGHTS)
    found = [[list(setting), _places(*setting)] for setting in settings]
    return {"cases": found}


def _places(view: str, by: str, log: bool, family: str, weights: str) -> dict[str, Any]:
    costs = LIMITS[by, log][view == "timeline"]
    axes = Figure().add_subplot()
    is_timeline = view == "timeline"
    if log:
        (axes.set_yscale if is_timeline else axes.set_xscale)("log")
    axes.set_xlim((1996, 2020) if is_timeline else costs)
    axes.set_ylim(costs if is_timeline else (55, 85))
    places = {}
    for network in NETWORKS:
        right = network.top1.get("V1")
        if weights == "best" and right is not None:
            right = max(network.top1.values())
        is_hidden = network.name == "AlexNet 2014" if is_timeline else right is None
        if is_hidden or family not in (ALL, network.family):
            continue
        cost = {
            "operations": network.macs / 1e9,
            "parameters": network.parameters / 1e6,
            "depth": network.depth,
        }[by]
        point = (network.year, cost) if is_timeline else (cost, right)
        x, y = axes.transAxes.inverted().transform(axes.transData.transform(point))
        places[network.name] = [round(float(x), 9), round(float(y), 9)]
    return {"x": list(axes.get_xlim()), "y": list(axes.get_ylim()), "places": places}


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
