"""From a plan and its findings to films, and to the place of each finding."""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms import anatomy
from course_lib.data.phantoms.devices import draw_device, draw_marker
from course_lib.data.phantoms.findings import DRAWINGS, hides_vessels
from course_lib.data.phantoms.plan import Plan
from course_lib.data.phantoms.sites import Site, expose

_PIXELS = 2**17  # of one go; more don't fit into the cache of a processor


@dataclass(frozen=True)
class Setting:
    """What is the same for all films of a data set."""

    size: int
    sites: tuple[Site, ...]
    marker: str | None


def render(
    plan: Plan, truth: Tensor, devices: Tensor, sites: Tensor, setting: Setting
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw all films.

    Returns:
        Images (N, 1, size, size), the cardiothoracic ratios (N,), and a mask for each finding that
        is there, bool (M, size, size), in the order of `truth.nonzero()`.
    """
    step = max(1, _PIXELS // setting.size**2)
    parts = []
    for start in range(0, len(truth), step):
        films = slice(start, start + step)
        parts.append(_render(plan[films], truth[films], devices[films], sites[films], setting))
    images, ratios, masks = (torch.cat(part) for part in zip(*parts, strict=True))
    return images[:, None], ratios, masks


def organs(plan: Plan, truth: Tensor, size: int) -> dict[str, Tensor]:
    """Return where the organs are, bool (B, size, size) each."""
    scene = anatomy.make_scene(plan, anatomy.make_shape(plan, truth), size)
    right = scene.x < 0
    lung = scene.lung > 0.5
    return {"right lung": lung & right, "left lung": lung & ~right, "heart": scene.heart > 0.5}


def _render(
    plan: Plan, truth: Tensor, devices: Tensor, sites: Tensor, setting: Setting
) -> tuple[Tensor, Tensor, Tensor]:
    size = setting.size
    shape = anatomy.make_shape(plan, truth)
    scene = anatomy.make_scene(plan, shape, size)
    branches = anatomy.vessels(plan, scene) * scene.open_lung
    added = torch.zeros_like(scene.x)
    row = truth.flatten().cumsum(0).view(truth.shape) - 1
    masks = torch.zeros(int(truth.sum()), size, size, dtype=torch.bool)
    for number, draw in enumerate(DRAWINGS):
        films = truth[:, number].nonzero()[:, 0]
        if not len(films):
            continue
        some = scene[films]
        add, weight = draw(some, plan.places[films, number][:, :, None, None])
        added[films] += add
        taken = hides_vessels(FINDINGS[number])
        if taken:
            branches[films] *= 1 - taken * weight
        top = weight.amax(dim=(1, 2), keepdim=True)
        masks[row[films, number]] = (weight > 0.5) | ((weight == top) & (top > 0))
    attenuation = anatomy.tissue(plan, scene) + anatomy.bones(plan, scene) + branches + added
    for number in range(4):
        films = devices[:, number].nonzero()[:, 0]
        if len(films):
            attenuation[films] += draw_device(number, scene[films], plan[films])
    films = devices[:, 4].nonzero()[:, 0]
    if len(films) and setting.marker:
        lead = draw_marker(setting.marker, size, plan[films])
        attenuation[films] += lead * (1.15 - attenuation[films]).clamp(min=0)
    return expose(attenuation, plan, sites, setting.sites), shape.ratio[:, 0, 0], masks
