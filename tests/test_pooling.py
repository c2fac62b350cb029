"""Pooling and downsampling: figures draw what was given, max pooling agrees with torch."""

import random
import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from course_lib.exercises import find
from course_lib.plotting import pooling
from course_lib.plotting.style import ACCENT, ACCENT_2


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_network_has_its_maps_and_its_sizes() -> None:
    stages = [("in", (1, 32, 32)), ("S2", (6, 14, 14)), ("S4", (16, 5, 5)), ("F6", (84,))]
    (ax,) = pooling.show_network(stages, pooled=["S2", "S4"]).axes
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert [box.get_width() for box in boxes] == [32, *[14] * 6, *[5] * 8, 3]
    assert boxes[-1].get_height() == 84 / 4
    colors = [to_hex(box.get_edgecolor()) for box in boxes]
    assert colors == [ACCENT.lower(), *[ACCENT_2.lower()] * 14, ACCENT.lower()]
    words = [text.get_text() for text in ax.texts]
    assert words == ["in", "1×\n32×32", "S2", "6×\n14×14", "S4", "16×\n5×5", "F6", "84"]
    ends = [box.get_x() + box.get_width() for box in boxes]
    assert max(ends[:1]) < boxes[1].get_x()
    assert max(ends[:7]) < boxes[7].get_x()


def test_windows_lie_below_their_cells_and_unread_cells_are_hatched() -> None:
    (ax,) = pooling.show_windows(6, [[(0, 3), (2, 5)], [(0, 3), (2, 5), (4, 7)]]).axes
    cells = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert [cell.get_x() for cell in cells] == [*range(6)] * 2
    assert [n for n, cell in enumerate(cells) if cell.get_hatch()] == [5]
    assert [text.get_text() for text in ax.texts] == list("123456") * 2
    bars = [(*line.get_xdata(), line.get_linestyle()) for line in ax.lines]
    solid = [(a, b) for a, b, style in bars if style == "-"]
    assert [(round(a), round(b)) for a, b in solid] == [(0, 3), (2, 5), (0, 3), (2, 5), (4, 6)]
    assert [(a, round(b)) for a, b, style in bars if style == ":"] == [(6, 7)]  # past the end


def test_bytes_are_as_long_as_they_say() -> None:
    figure = pooling.show_bytes(["first", "second"], {"a": [4, 8], "b": [2, 0.5]})
    (ax,) = figure.axes
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert [bar.get_width() for bar in bars] == [4, 8, 2, 0.5]
    assert [text.get_text() for text in ax.texts] == ["4", "8", "2", "0.5"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert ax.get_xlabel() == "MiB"
    assert bars[0].get_y() < bars[2].get_y() < bars[1].get_y()  # pairs, layer by layer


def test_changes_are_means_with_bars_from_least_to_most() -> None:
    measured = {"max": [[0.5, 0.7], [0.1, 0.2, 0.6]], "mean": [[1.0], [0.0, 0.5]]}
    figure = pooling.show_changes(measured, x="rounds", y="change")
    (ax,) = figure.axes
    for container, values in zip(ax.containers, measured.values(), strict=True):
        line, _, (bars,) = container.lines
        assert [round(place) for place in line.get_xdata()] == [0, 1]
        assert list(line.get_ydata()) == pytest.approx([sum(v) / len(v) for v in values])
        spans = [segment[:, 1] for segment in bars.get_segments()]
        for span, found in zip(spans, values, strict=True):
            assert list(span) == pytest.approx([min(found), max(found)])
    assert ax.containers[0].lines[0].get_xdata()[0] < ax.containers[1].lines[0].get_xdata()[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["max", "mean"]
    assert ax.get_ylim()[0] == 0


def test_figures_have_only_so_many_colors() -> None:
    with pytest.raises(ValueError, match=re.escape("`changes` must have 1 to 4 names, got 5")):
        pooling.show_changes({name: [[1.0]] for name in "abcde"}, x="", y="")
    for names in ("", "abc"):
        expected = f"`amounts` must have 1 or 2 networks, got {len(names)}"
        with pytest.raises(ValueError, match=re.escape(expected)):
            pooling.show_bytes(["one"], {name: [1.0] for name in names})
    pooling.show_bytes(["one"], {"a": [1.0]})


def test_the_max_pooling_of_the_exercise_is_that_of_torch() -> None:
    exercise = find("pooling/code-max-pool")
    assert exercise.stub.startswith(exercise.lines[0])
    made: dict[str, object] = {}
    exec("\n".join(exercise.lines), made)
    rng = random.Random(0)
    padded = 0
    for _ in range(300):
        (rows, size, stride, padding), _ = exercise.draw(rng)
        image = torch.tensor(rows, dtype=torch.float64)[None, None]
        wanted = F.max_pool2d(image, size, stride, padding)[0, 0].tolist()
        assert exercise.reference(rows, size, stride, padding) == wanted
        assert made["max_pool"](rows, size, stride, padding) == wanted
        padded += padding > 0
    assert padded > 100
