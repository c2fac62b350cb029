"""Where a film comes from: hospitals with a scanner each, and a marker that gives disease away."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib._checks import one_of
from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms._inputs import at_least, number_from, text
from course_lib.data.phantoms.plan import Plan

MARKERS = ("L", "R")


@dataclass(frozen=True)
class Site:
    """A hospital and its scanner. One with two scanners is two sites.

    >>> Site("B", contrast=0.7, noise=0.04).share
    1.0

    Args:
        name: What it is called; each site of a data set has its own.
        share: How many of the patients it has, next to the shares of the other sites; above 0.
        exposure: Added to each gray value, -0.5 to 0.5: higher is brighter.
        contrast: Factor of differences from middle gray, 0.2 to 3.
        noise: Standard deviation of the noise in the brightest parts, 0 to 0.5; a third in air.
        scatter: Share of the rays that come from elsewhere, 0 to 0.9: a veil.

    Raises:
        ValueError: If a number is out of its range.
    """

    name: str
    share: float = 1.0
    exposure: float = 0.0
    contrast: float = 1.0
    noise: float = 0.02
    scatter: float = 0.15

    def __post_init__(self) -> None:
        """Refuse what is no site."""
        text("name", self.name)
        at_least("share", self.share, 0, open_end=True)
        number_from(-0.5, 0.5, "exposure", self.exposure)
        number_from(0.2, 3, "contrast", self.contrast)
        number_from(0, 0.5, "noise", self.noise)
        number_from(0, 0.9, "scatter", self.scatter)


@dataclass(frozen=True)
class Shortcut:
    """A lead marker in a corner of the film that goes with a finding at one site.

    >>> Shortcut("L", "Pneumonia", site="A", strength=0.95).elsewhere
    0.5

    Args:
        marker: "L", in the upper right corner as the patient's left is there, or "R".
        finding: One of `FINDINGS`; the injected one, not the label.
        site: Name of the site where the marker gives it away.
        strength: Chance there that a film with the finding has the marker, and that one without has
            none, 0 to 1; 0.5 says nothing.
        elsewhere: The same for all other sites: 0.5 has nothing to do with the finding, below 0.5
            goes the other way.

    Raises:
        ValueError: If there is no such marker or finding, or a chance is out of [0, 1].

    Zech et al., "Variable generalization performance of a deep learning model to detect pneumonia
    in chest radiographs", PLoS Medicine 15 (2018), met such markers.
    """

    marker: str
    finding: str
    site: str
    strength: float
    elsewhere: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no shortcut."""
        one_of("marker", self.marker, MARKERS)
        one_of("finding", self.finding, FINDINGS)
        text("site", self.site)
        number_from(0, 1, "strength", self.strength)
        number_from(0, 1, "elsewhere", self.elsewhere)


def expose(attenuation: Tensor, plan: Plan, sites: Tensor, table: tuple[Site, ...]) -> Tensor:
    """Turn attenuation (B, H, W) into gray values in [0, 1], as the scanner of each site does."""

    def of_film(name: str) -> Tensor:
        return torch.tensor([float(getattr(s, name)) for s in table])[sites][:, None, None]

    size = attenuation.shape[-1]
    coarse = F.interpolate(attenuation[:, None], (8, 8), mode="area")
    veil = F.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)[:, 0]
    scatter = of_film("scatter")
    seen = (1 - scatter) * attenuation + scatter * veil
    jitter = (plan.pose[:, 6:8, None, None] - 0.5).unbind(1)
    gray = 0.5 + of_film("contrast") * (1 + 0.16 * jitter[0]) * (seen - 0.5)
    gray = gray + of_film("exposure") + 0.08 * jitter[1]
    grain = of_film("noise") * (0.33 + 0.67 * seen.clamp(0, 1))
    return (gray + grain * plan.noise(size)).clamp(0, 1)
