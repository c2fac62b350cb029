"""How each finding looks on a film, drawn as a radiologist would say it.

Each function takes the scene of the films that have the finding, and six numbers u (B, 6, 1, 1) of
[0, 1): side, height, depth, size, density, form. It returns what it adds to the attenuation
(B, H, W) and how much of each pixel it takes (B, H, W): above 0.5 is its place.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.data.phantoms.anatomy import CM, Scene, between

Drawn = tuple[Tensor, Tensor]


def atelectasis(scene: Scene, u: Tensor) -> Drawn:
    """A dense wedge or plate in the lower lung; the diaphragm is drawn up (see `make_shape`)."""
    left, _, _, size, density, form = _numbers(u)
    x, y = _from_hilum(scene, left)
    angle, radius = torch.atan2(y, x), (x * x + y * y).sqrt()
    toward = between(form, 0.55, 1.2)
    wedge = scene.inside(0.8 * radius * (between(size, 0.14, 0.26) - (angle - toward).abs()))
    wedge = wedge * scene.inside(radius - 0.05)
    floor = scene.shape.dome(scene.x)
    tilt = between(form, -0.25, 0.25)
    across = floor - scene.y - between(size, 0.10, 0.18) + tilt * (scene.x.abs() - 0.35)
    plate = scene.inside(between(size, 0.025, 0.04) - across.abs())
    weight = torch.where(form < 0.35, plate, wedge) * _of_side(scene, left)
    return weight * between(density, 0.10, 0.22), weight


def cardiomegaly(scene: Scene, u: Tensor) -> Drawn:
    """A heart wider than half of the chest; it was drawn so, and its place is the whole heart."""
    return torch.zeros_like(scene.x), scene.heart


def consolidation(scene: Scene, u: Tensor) -> Drawn:
    """A dense white part of a lobe with a sharp edge at a fissure, and dark bronchi in it."""
    left, height, _, size, density, form = _numbers(u)
    fissure = torch.where(form < 0.4, between(height, -0.25, -0.1), between(height, -0.02, 0.16))
    slope = between(size, -0.2, 0.3)
    edge = fissure - scene.y + slope * (scene.x.abs() - 0.35)
    edge = torch.where(form < 0.4, edge, -edge)  # an upper lobe ends below, a lower one above
    far = ((edge - between(size, 0.26, 0.42)) / 0.12).clamp(0, 1)
    weight = scene.inside(edge) * (1 - far) * _of_side(scene, left)
    x, y = _from_hilum(scene, left)
    bronchi = ((torch.cos(torch.atan2(y, x) * 11) - 0.75) * 4).clamp(0, 1)
    return weight * between(density, 0.14, 0.28) * (1 - 0.3 * bronchi), weight


def edema(scene: Scene, u: Tensor) -> Drawn:
    """Haze around both hila, like the wings of a bat."""
    _, _, _, size, density, _ = _numbers(u)
    away = scene.x.abs() - scene.shape.middle - 0.10
    wide = between(size, 0.17, 0.24)
    haze = torch.exp(-((away / wide) ** 2) - ((scene.y - 0.02) / (1.5 * wide)) ** 2)
    haze = haze * scene.open_lung * (1 + 0.2 * scene.texture[:, 2]).clamp(0, 1.5)
    return haze * between(density, 0.06, 0.20), haze * 1.1


def effusion(scene: Scene, u: Tensor) -> Drawn:
    """Fluid that fills the angle of the diaphragm, its edge rising along the wall: a meniscus."""
    left, _, _, size, density, form = _numbers(u)
    shape = scene.shape
    deepest = torch.where(scene.x < 0, shape.right_dome, shape.left_dome) + shape.dome_depth
    level = deepest - between(size * size, 0.02, 0.50)
    wall = scene.wall.clamp(min=0)
    meniscus = 0.26 * torch.exp(-wall / 0.09) + 0.05 * torch.exp(-(wall - 0.5).clamp(min=0) / 0.1)
    side = torch.where(form < 0.3, 1.0, _half(scene, left))  # three of ten have both sides
    weight = scene.inside(scene.y - level + meniscus) * side * scene.open_lung
    return weight * between(density, 0.24, 0.38), weight


def emphysema(scene: Scene, u: Tensor) -> Drawn:
    """Lungs too dark, with few vessels, above a flat and low diaphragm (see `make_shape`)."""
    density = _numbers(u)[4]
    air = scene.lung * (1 - scene.heart)
    return -air * between(density, 0.0, 0.06), air


def fibrosis(scene: Scene, u: Tensor) -> Drawn:
    """A net of fine lines, most of all low in the lungs and near the wall."""
    _, _, _, size, density, form = _numbers(u)
    pitch = between(size, 62.0, 78.0)
    wave = 0.8 * scene.texture[:, 2]
    net = torch.maximum(
        torch.cos(pitch * (scene.x + 0.6 * scene.y) + 3 * wave),
        torch.cos(pitch * (0.9 * scene.y - 0.5 * scene.x) + 2 * wave + 6.28 * form),
    ).clamp(min=0)
    low = ((scene.y - between(form, -0.25, 0.0)) / 0.3).clamp(0, 1)
    rim = torch.exp(-((scene.wall.clamp(min=0) / 0.22) ** 2)) * 0.7 + 0.3
    place = low * rim * scene.lung * (1 - scene.heart)
    return place * (net - 0.25) * between(density, 0.10, 0.27), place * 1.4


def hernia(scene: Scene, u: Tensor) -> Drawn:
    """A round pouch of the stomach behind the heart: a wall, air on top, fluid below."""
    side, _, _, size, density, form = _numbers(u)
    radius = between(size, 0.11, 0.18)
    x = scene.x - between(side, -0.02, 0.12)
    y = scene.y - (scene.shape.left_dome - 0.75 * radius)
    distance = (x * x + 0.9 * y * y).sqrt()
    whole = scene.inside(radius - distance)
    rim = scene.inside(0.018 - (distance - radius).abs())
    level = between(form, -0.1, 0.4) * radius
    air = whole * scene.inside(level - y)
    return between(density, 0.7, 1.3) * (0.08 * rim - 0.17 * air + 0.04 * (whole - air)), whole


def infiltration(scene: Scene, u: Tensor) -> Drawn:
    """A patchy haze without an edge, of low contrast."""
    left, height, depth, size, density, _ = _numbers(u)
    x, y = _inside_lung(scene, left, between(height, 0.35, 0.85), between(depth, 0.3, 0.7))
    wide = between(size, 0.13, 0.22)
    bell = torch.exp(-(((scene.x - x) / wide) ** 2 + ((scene.y - y) / (1.3 * wide)) ** 2))
    patchy = (0.75 + 0.6 * scene.texture[:, 2]).clamp(0, 1.6)
    weight = bell * patchy * scene.open_lung
    return weight * between(density, 0.09, 0.17), weight * 1.3


def mass(scene: Scene, u: Tensor) -> Drawn:
    """A round opacity of more than 3 cm, its edge a little uneven."""
    size = _numbers(u)[3]
    return _round(scene, u, between(size, 3.2, 6.5) * CM / 2, 0.18, 0.32, uneven=0.10)


def nodule(scene: Scene, u: Tensor) -> Drawn:
    """A round opacity of at most 3 cm."""
    size = _numbers(u)[3]
    return _round(scene, u, between(size, 1.4, 3.0) * CM / 2, 0.22, 0.36, uneven=0.0)


def pleural_thickening(scene: Scene, u: Tensor) -> Drawn:
    """A dense band along the inner chest wall, or a cap on top of the lung."""
    left, height, depth, size, density, form = _numbers(u)
    thick = between(size, 0.08, 0.15)
    y = between(height, -0.25, 0.3)
    tall = between(form, 0.25, 0.50)
    band = thick * (1 - ((scene.y - y) / tall) ** 2)
    cap = thick * 1.3 * ((scene.shape.apex + 0.30 - scene.y) / 0.2).clamp(0, 1)
    band = torch.where(form < 0.3, cap, band)
    side = torch.where(depth < 0.4, 1.0, _half(scene, left))  # four of ten have both sides
    weight = scene.inside(band - scene.wall) * side * scene.open_lung
    return weight * between(density, 0.22, 0.36), weight


def pneumonia(scene: Scene, u: Tensor) -> Drawn:
    """An opacity of a segment: denser than an infiltration, less even than a consolidation."""
    left, height, depth, size, density, form = _numbers(u)
    x, y = _inside_lung(scene, left, between(height, 0.3, 0.9), between(depth, 0.35, 0.75))
    wide = between(size, 0.14, 0.22)
    right, down = (scene.x - x) / wide, (scene.y - y) / (wide * between(form, 0.8, 1.3))
    core = (1.25 - (right * right + down * down).sqrt() + 0.22 * scene.texture[:, 2]) * 2.5
    weight = core.clamp(0, 1) * scene.open_lung
    spots = (0.8 + 0.35 * scene.texture[:, 2]).clamp(0.3, 1.3)
    return weight * spots * between(density, 0.10, 0.20), weight


def pneumothorax(scene: Scene, u: Tensor) -> Drawn:
    """Air between chest wall and lung: dark, without vessels, inside of a thin bright line."""
    left, _, _, size, density, _ = _numbers(u)
    shape = scene.shape
    low = ((scene.y - shape.apex) / (shape.widest - shape.apex)).clamp(0, 1.4)
    gap = between(size, 0.07, 0.28) * (1.25 - 0.75 * low) + 0.10 * (1 - low * 4).clamp(min=0)
    side = _of_side(scene, left) * (1 - scene.heart)
    weight = scene.inside(gap - scene.wall) * side
    line = scene.inside(0.012 - (gap - scene.wall).abs()) * side
    lung = side * (1 - weight)
    add = between(density, 0.05, 0.11) * weight
    return 0.10 * line + 0.02 * lung * size - add, weight


def hides_vessels(name: str) -> float:
    """Return which share of the vessels a finding takes away in its place."""
    return {"Pneumothorax": 1.0, "Emphysema": 0.5, "Effusion": 1.0, "Consolidation": 0.8}.get(
        name, 0.0
    )


def _numbers(u: Tensor) -> tuple[Tensor, ...]:
    """Return left (True or False), height, depth, size, density, form."""
    side, *others = u.unbind(1)
    return (side, *others)


def _half(scene: Scene, side: Tensor) -> Tensor:
    """Return 1 on the side of a finding: on the patient's right, the left of the film, if < 0.5."""
    return ((scene.x >= 0) == (side >= 0.5)).to(scene.x.dtype)


def _of_side(scene: Scene, side: Tensor) -> Tensor:
    """Return the lung of the side of a finding."""
    return scene.open_lung * _half(scene, side)


def _from_hilum(scene: Scene, side: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far outwards and downwards from the hilum each pixel is."""
    return scene.x.abs() - scene.shape.middle - 0.04, scene.y + 0.02


def _inside_lung(
    scene: Scene, side: Tensor, height: Tensor, depth: Tensor
) -> tuple[Tensor, Tensor]:
    """Return x and y of a place: height 0 is the apex, 1 the diaphragm; depth 1 is the wall."""
    shape = scene.shape
    sign = torch.where(side < 0.5, -1.0, 1.0)
    floor = torch.where(side < 0.5, shape.right_dome, shape.left_dome)
    y = shape.apex + height * (floor - shape.apex)
    near, far = shape.border(y), shape.wall(y)
    return sign * (near + depth * (far - near)), y


def _round(
    scene: Scene, u: Tensor, radius: Tensor, faint: float, dense: float, *, uneven: float
) -> Drawn:
    side, height, depth, _, density, _ = _numbers(u)
    x, y = _inside_lung(scene, side, between(height, 0.25, 0.85), between(depth, 0.32, 0.75))
    distance = ((scene.x - x) ** 2 + (scene.y - y) ** 2).sqrt()
    if uneven:
        radius = radius * (1 + uneven * scene.texture[:, 2].clamp(-1.5, 1.5))
    weight = scene.inside(radius - distance)
    ball = (1 - (distance / radius) ** 2).clamp(min=0).sqrt()  # how thick a ball is there
    return weight * (0.5 + 0.5 * ball) * between(density, faint, dense), weight


# In the order of FINDINGS.
DRAWINGS: tuple[Callable[[Scene, Tensor], Drawn], ...] = (
    atelectasis,
    cardiomegaly,
    consolidation,
    edema,
    effusion,
    emphysema,
    fibrosis,
    hernia,
    infiltration,
    mass,
    nodule,
    pleural_thickening,
    pneumonia,
    pneumothorax,
)
