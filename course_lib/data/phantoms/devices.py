"""Tubes, lines, a pacemaker and lead markers: what is on a film and is no disease."""

import torch
from torch import Tensor

from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms.anatomy import Scene, between
from course_lib.data.phantoms.plan import Plan
from course_lib.data.phantoms.sites import Shortcut

# Device, the finding that it goes with, its chance with and without that finding.
_CHANCES = (
    ("Edema", 0.25, 0.04),  # endotracheal tube
    ("Effusion", 0.20, 0.08),  # central line
    ("Pneumothorax", 0.50, 0.01),  # chest tube: it treats it
    ("Cardiomegaly", 0.20, 0.03),  # pacemaker
)


def place_devices(
    plan: Plan, truth: Tensor, sites: Tensor, shortcut: Shortcut | None, site_names: tuple[str, ...]
) -> Tensor:
    """Return which device is on which film, bool (N, 5)."""
    chances = []
    for finding, high, low in _CHANCES:
        chances.append(torch.where(truth[:, FINDINGS.index(finding)], high, low))
    marker = torch.zeros(len(truth))
    if shortcut:
        here = sites == site_names.index(shortcut.site)
        chance = torch.where(here, shortcut.strength, shortcut.elsewhere)
        marker = torch.where(truth[:, FINDINGS.index(shortcut.finding)], chance, 1 - chance)
    return plan.devices[:, :5] < torch.stack([*chances, marker], dim=1)


def draw_device(number: int, scene: Scene, plan: Plan) -> Tensor:
    """Return what device `number` adds to the attenuation of each film, (B, H, W)."""
    drawing = (_endotracheal_tube, _central_line, _chest_tube, _pacemaker)[number]
    return drawing(scene, plan.devices[:, 5:, None, None].float(), plan)


def _wire(scene: Scene, distance: Tensor, width: float) -> Tensor:
    """Return how much of a pixel a wire covers; it stays visible where it is thinner than one."""
    return ((width - distance) / scene.soft + 1).clamp(0, 1)


def _endotracheal_tube(scene: Scene, u: Tensor, plan: Plan) -> Tensor:
    tip = between(u[:, 0], -0.45, -0.32)
    return 0.22 * _wire(scene, scene.line([(0.012, -1.1), (0.004, tip)]), 0.008)


def _central_line(scene: Scene, u: Tensor, plan: Plan) -> Tensor:
    start = between(u[:, 0], -0.55, -0.35)
    tip = between(u[:, 1], -0.12, 0.05)
    points: list[tuple[Tensor | float, Tensor | float]]
    points = [(start, -0.66), (-0.16, -0.55), (-0.09, -0.42), (-0.09, tip)]
    return 0.20 * _wire(scene, scene.line(points), 0.005)


def _chest_tube(scene: Scene, u: Tensor, plan: Plan) -> Tensor:
    """On the side of the pneumothorax."""
    side = plan.places[:, FINDINGS.index("Pneumothorax"), 0, None, None]
    sign = torch.where(side < 0.5, -1.0, 1.0)
    low = between(u[:, 0], 0.10, 0.30)
    points = [
        (sign * (scene.shape.chest + 0.25), low + 0.08),
        (sign * (scene.shape.chest - 0.08), low),
        (sign * 0.42, between(u[:, 1], -0.5, -0.35)),
    ]
    return 0.22 * _wire(scene, scene.line(points), 0.010)


def _pacemaker(scene: Scene, u: Tensor, plan: Plan) -> Tensor:
    x, y = between(u[:, 0], 0.40, 0.52), between(u[:, 1], -0.45, -0.36)
    box = torch.maximum((scene.x - x).abs() - 0.10, (scene.y - y).abs() - 0.075)
    lead = scene.line([(x, y), (0.12, -0.52), (-0.06, -0.35), (-0.08, 0.0), (0.16, 0.30)])
    return torch.maximum(0.5 * scene.inside(-box), 0.22 * _wire(scene, lead, 0.006))


def draw_marker(letter: str, size: int, plan: Plan) -> Tensor:
    """Return a lead letter in an upper corner of the film, (B, size, size)."""
    right, down = (between(plan.devices[:, n, None, None].float(), -0.04, 0.04) for n in (6, 7))
    axis = (torch.arange(size) + 0.5) * 2 / size - 1
    sign = 1.0 if letter == "L" else -1.0
    x, y = axis - (sign * 0.84 + right), axis[:, None] - (down - 0.80)
    strokes = {
        "L": [((-0.06, -0.1), (-0.06, 0.1)), ((-0.06, 0.1), (0.06, 0.1))],
        "R": [
            ((-0.06, -0.1), (-0.06, 0.1)),
            ((-0.06, -0.1), (0.06, -0.08)),
            ((0.06, -0.08), (-0.06, 0.0)),
            ((-0.06, 0.0), (0.06, 0.1)),
        ],
    }[letter]
    nearest = torch.full((len(plan.patients), size, size), 9.0)
    for (x0, y0), (x1, y1) in strokes:
        dx, dy = x1 - x0, y1 - y0
        along = (((x - x0) * dx + (y - y0) * dy) / (dx**2 + dy**2)).clamp(0, 1)
        away = (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2
        nearest = torch.minimum(nearest, away.sqrt())
    return ((0.022 - nearest) * size / 2 + 0.75).clamp(0, 1)
