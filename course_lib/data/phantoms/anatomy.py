"""A chest drawn from formulas: body, lungs, heart, vessels, ribs, spine, clavicles.

The film spans [-1, 1] from left to right (x) and from top to bottom (y); the patient's left is on
the right of the film. `CM` is how long a centimeter is there. Numbers of a film have shape
(B, 1, 1), maps (B, H, W). Attenuation is what the film shows: 0 is air (black), 1 dense (white).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms.plan import Plan

CM = 0.05  # an inner chest 1.4 wide is one of 28 cm
ATELECTASIS, CARDIOMEGALY, EMPHYSEMA = (
    FINDINGS.index(name) for name in ("Atelectasis", "Cardiomegaly", "Emphysema")
)


def between(u: Tensor, low: float, high: float) -> Tensor:
    """Bring numbers of [0, 1) to [low, high)."""
    return low + (high - low) * u


@dataclass(frozen=True, eq=False)
class Shape:
    """Where things are in each film, all (B, 1, 1): what a finding may change."""

    chest: Tensor  # half of the inner width of the chest where it is widest
    apex: Tensor  # y of the top of the lungs
    widest: Tensor  # y where the chest is widest
    middle: Tensor  # half width of the mediastinum
    right_dome: Tensor  # y of the top of the diaphragm on the patient's right
    left_dome: Tensor
    dome_depth: Tensor  # how far it falls towards the chest wall
    heart_x: Tensor
    heart_y: Tensor
    heart_width: Tensor  # half of it
    heart_height: Tensor  # half of it
    heart_tilt: Tensor
    ratio: Tensor  # cardiothoracic ratio

    def __getitem__(self, films: Tensor) -> "Shape":
        """Return the shape of some of the films."""
        return Shape(*(getattr(self, field.name)[films] for field in fields(self)))

    def wall(self, y: Tensor) -> Tensor:
        """Return how far from the midline the inner chest wall is at height y."""
        up = ((self.widest - y) / (self.widest - self.apex)).clamp(0, 1)
        down = (y - self.widest).clamp(min=0)
        return self.chest * (1 - up * up * up).sqrt() * (1 - 0.35 * down * down)

    def border(self, y: Tensor) -> Tensor:
        """Return how far from the midline a lung begins at height y."""
        up = ((self.widest - y) / (self.widest - self.apex)).clamp(0, 1)
        return self.middle + 0.17 * ((up - 0.55).clamp(min=0) / 0.45) ** 2

    def dome(self, x: Tensor) -> Tensor:
        """Return the height of the diaphragm at x."""
        top = torch.where(x < 0, self.right_dome, self.left_dome)
        q = (x.abs() - 0.5 * self.chest) / (0.5 * self.chest)
        return top + self.dome_depth * q * q * torch.where(q > 0, 1.0, 0.25)


def make_shape(plan: Plan, truth: Tensor) -> Shape:
    """Return the shape of each film; an enlarged heart or a flat diaphragm comes from `truth`."""
    body = plan.body[:, :, None, None].unbind(1)
    there = truth[:, :, None, None].unbind(1)
    places = plan.places[..., None, None]
    breath = between(plan.pose[:, 4, None, None], -0.04, 0.04)
    emphysema = there[EMPHYSEMA] * between(places[:, EMPHYSEMA, 4], 0.05, 0.7)
    chest = between(body[0], 0.64, 0.74)
    apex = between(body[1], -0.78, -0.70) - 0.04 * emphysema
    dome = between(body[2], 0.38, 0.52) + breath + 0.13 * emphysema
    lost = there[ATELECTASIS] * between(places[:, ATELECTASIS, 4], 0.02, 0.08)
    lost_right = lost * (places[:, ATELECTASIS, 0] < 0.5)
    ratio = torch.where(
        there[CARDIOMEGALY] > 0,
        between(places[:, CARDIOMEGALY, 4], 0.505, 0.61),
        between(body[4], 0.38, 0.495),
    )
    width = ratio * chest
    height = 0.62 * width + 0.09
    tilt = between(body[5], 0.15, 0.4)
    return Shape(
        chest=chest,
        apex=apex,
        widest=between(body[6], 0.22, 0.32),
        middle=between(body[7], 0.12, 0.15),
        right_dome=dome - lost_right,
        left_dome=dome + between(body[3], 0.02, 0.07) - (lost - lost_right),
        dome_depth=between(body[8], 0.15, 0.27) * (1 - 0.75 * emphysema),
        heart_x=width * between(body[9], 0.24, 0.36),
        heart_y=dome - 0.13 * emphysema - 0.55 * height + 0.02,
        heart_width=width,
        heart_height=height,
        heart_tilt=tilt,
        ratio=ratio,
    )


@dataclass(frozen=True, eq=False)
class Scene:
    """Maps (B, H, W) of each film, before any opacity is drawn."""

    shape: Shape
    soft: float  # half of the width of an edge
    x: Tensor
    y: Tensor
    body: Tensor
    wall: Tensor  # distance to the chest wall, positive inside
    lung: Tensor  # share of a pixel that is lung, also behind the heart
    heart: Tensor
    texture: Tensor  # (B, 3, H, W) smooth random fields, the last one of the film

    @property
    def open_lung(self) -> Tensor:
        """Lung that is seen as such; what is behind the heart hardly is."""
        return self.lung * (1 - 0.85 * self.heart)

    def __getitem__(self, films: Tensor) -> "Scene":
        """Return the scene of some of the films."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return Scene(**{k: v if k == "soft" else v[films] for k, v in parts.items()})

    def inside(self, distance: Tensor) -> Tensor:
        """Return 1 where a distance is positive, 0 where negative, with a soft edge."""
        return (distance / (2 * self.soft) + 0.5).clamp(0, 1)

    def line(self, points: Sequence[tuple[Tensor | float, Tensor | float]]) -> Tensor:
        """Return the distance of each pixel from a line through `points` (x, y)."""
        nearest = torch.full_like(self.x, 9.0)
        for (x0, y0), (x1, y1) in pairwise(points):
            right, down = x1 - x0, y1 - y0
            length = (right * right + down * down) + 1e-9
            along = (((self.x - x0) * right + (self.y - y0) * down) / length).clamp(0, 1)
            across = (self.x - x0 - along * right) ** 2 + (self.y - y0 - along * down) ** 2
            nearest = torch.minimum(nearest, across)
        return nearest.sqrt()


def make_scene(plan: Plan, shape: Shape, size: int) -> Scene:
    """Put each patient before the film: turned, nearer or farther, shifted a little."""
    axis = (torch.arange(size) + 0.5) * 2 / size - 1
    turn, scale, right, down = (plan.pose[:, n, None, None] for n in range(4))
    turn = between(turn, -0.05, 0.05)
    scale = between(scale, 0.96, 1.04)
    columns = (axis - between(right, -0.05, 0.05)) / scale
    rows = (axis[:, None] - between(down, -0.05, 0.05)) / scale
    x = columns * turn.cos() - rows * turn.sin()
    y = columns * turn.sin() + rows * turn.cos()
    soft = max(0.016, 1 / size)
    ramp = 1 / (2 * soft)
    away = x.abs()
    wall = shape.wall(y) - away
    depth = torch.minimum(torch.minimum(wall, away - shape.border(y)), shape.dome(x) - y)
    heart = _heart(shape, x, y)
    torso = between(plan.body[:, 10, None, None], 0.86, 0.98)
    neck = between(plan.body[:, 11, None, None], 0.24, 0.32)
    rise = ((y + 0.98) / 0.34).clamp(0, 1)
    outline = neck + (torso - neck) * rise.sqrt()
    fields_ = F.interpolate(plan.texture, (size, size), mode="bicubic", align_corners=False)
    return Scene(
        shape=shape,
        soft=soft,
        x=x,
        y=y,
        body=((outline - away) * ramp + 0.5).clamp(0, 1),
        wall=wall,
        lung=(depth * ramp + 0.5).clamp(0, 1),
        heart=(heart * ramp + 0.5).clamp(0, 1),
        texture=fields_,
    )


def _heart(shape: Shape, x: Tensor, y: Tensor) -> Tensor:
    """Return about how far inside of the heart a pixel is: an ellipse that leans to the left."""
    down = y - shape.heart_y
    lean = shape.heart_tilt * shape.heart_height
    narrow = (shape.heart_width**2 - lean**2).sqrt()  # so that it is heart_width wide in the end
    across = (x - shape.heart_x - shape.heart_tilt * down) / narrow
    radius = (across**2 + (down / shape.heart_height) ** 2).sqrt()
    return (1 - radius) * torch.minimum(narrow, shape.heart_height)


def vessels(plan: Plan, scene: Scene) -> Tensor:
    """Return the vessels of the lungs: branches that leave the hila and grow thin."""
    shape, total = scene.shape, torch.zeros_like(scene.x)
    hilum = shape.middle + 0.06
    away = scene.x.abs() - hilum
    down = scene.y - torch.where(scene.x < 0, 0.0, -0.05)
    radius = (away * away + down * down).sqrt()
    angle = torch.atan2(down, away)
    left = scene.x > 0
    for branch in range(6):
        u = plan.body[:, 12 + branch, None, None]
        at = -1.25 + 0.5 * branch + between(torch.where(left, u, 1 - u), -0.2, 0.2)
        bent = angle - at - 0.5 * (u - 0.5) * radius
        thin = 0.022 * (1 - radius).clamp(min=0.15) + scene.soft * 0.4
        total += torch.exp(-((bent * radius / thin) ** 2))
    fading = (1 - 1.3 * radius).clamp(min=0)
    root = torch.exp(-((away / 0.075) ** 2) - (down / 0.13) ** 2)
    return 0.17 * total.clamp(max=1) * fading + 0.13 * root


def bones(plan: Plan, scene: Scene) -> Tensor:
    """Return ribs, clavicles and spine."""
    shape = scene.shape
    gap = between(plan.body[:, 18, None, None], 0.135, 0.155)
    first = between(plan.body[:, 19, None, None], 0.0, 1.0)
    q = scene.x.abs() / shape.chest
    caged = scene.inside(scene.wall + 0.03) * scene.inside(q - 0.1) * scene.body
    fade = ((0.75 - scene.y) / 0.3).clamp(0, 1)
    behind = (scene.y + 0.16 * q - 0.36 * q * q * q) / gap + first
    before = (scene.y - 0.42 * (1 - q)) / gap + first
    ribs = 0.075 * _bars(behind) + 0.04 * _bars(before) * scene.inside(q - 0.35)
    end = between(plan.body[:, 20, None, None], -0.72, -0.62)
    collar = torch.minimum(
        scene.line([(0.07, -0.53), (0.3, -0.57), (0.72, end)]),
        scene.line([(-0.07, -0.53), (-0.3, -0.57), (-0.72, end + 0.02)]),
    )
    spine = scene.inside(0.075 - scene.x.abs()) * (0.10 + 0.03 * torch.cos(scene.y * 48 + first))
    return (
        ribs * caged * fade + 0.13 * scene.inside(0.028 - collar) * scene.body + spine * scene.body
    )


def _bars(phase: Tensor) -> Tensor:
    """Return a bar of a third of the width at each whole number."""
    return ((torch.cos(phase * 6.2832) - 0.35) * 2.5).clamp(0, 1)


def tissue(plan: Plan, scene: Scene) -> Tensor:
    """Return soft tissue with the lungs cut out of it: what there is without vessels and bones."""
    body = plan.body[:, :, None, None].unbind(1)
    x, y, shape = scene.x, scene.y, scene.shape
    thick = between(body[21], 0.58, 0.70)
    abdomen = ((y - shape.dome(x)) / 0.3).clamp(0, 1)
    soft = scene.body * (thick + 0.10 * (1 - x * x) + 0.08 * abdomen)
    knob = (x - shape.middle - 0.015) ** 2 + (y + 0.27) ** 2
    center = scene.inside(shape.border(y) - x.abs()) * ((shape.dome(x) - y) / 0.2).clamp(0, 1)
    soft = soft + 0.07 * center * scene.body
    open_lung = scene.lung * (1 - scene.heart) * (1 - 0.8 * scene.inside(0.075 - knob.sqrt()))
    air = between(body[22], 0.40, 0.50) * (1 - 0.10 * (y + 0.2))
    windpipe = torch.exp(-((x / 0.045) ** 2)) * ((-0.2 - y) / 0.1).clamp(0, 1) * 0.14
    breast = body[23] - 0.5
    shadow = scene.inside(0.30 - ((x.abs() - 0.42) ** 2 + (y - 0.22) ** 2).sqrt())
    bubble = ((x - 0.38) / 0.13) ** 2 + ((y - shape.dome(x) - 0.10) / 0.06) ** 2
    gas = 0.16 * scene.inside((1 - bubble.sqrt()) * 0.06) * (plan.pose[:, 5, None, None] < 0.6)
    rough = 0.012 * scene.texture[:, 0] + 0.008 * scene.texture[:, 1]
    return (
        soft
        - air * open_lung
        + 0.12 * breast.clamp(min=0) * shadow
        + scene.body * (rough - windpipe - gas)
    )
