"""receptive_field against published tables, the support of gradients, and a walk back by hand."""

import copy
import math
import subprocess
import sys
from fractions import Fraction

import pytest
import torch
import torchvision.models as zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.arithmetic import count_macs, receptive_field

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
AVG = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
UP = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def few(max_examples):
    return settings(max_examples=max_examples, deadline=None, derandomize=True)


def on_meta(name, **more):
    if name in ("googlenet", "inception_v3"):
        more.setdefault("init_weights", False)
    with torch.device("meta"):
        return zoo.get_model(name, **more)


# Published tables

LAST = {"features": 224, "inception5b": 224, "Mixed_7c": 299, "layer4": 224}
TORCHVISION = [  # computed for this course by a second program; some are also in Araujo et al. 2019
    ("alexnet", "features", 195, 32),
    ("vgg11", "features", 150, 32),
    ("vgg13", "features", 156, 32),
    ("vgg16_bn", "features", 212, 32),
    ("vgg19", "features", 268, 32),
    ("googlenet", "inception5b", 379, 32),
    ("inception_v3", "Mixed_7c", 1311, 32),
    ("resnet18", "layer4", 435, 32),
    ("resnet34", "layer4", 899, 32),
    ("resnet50", "layer4", 427, 32),
    ("resnet101", "layer4", 971, 32),
    ("resnet152", "layer4", 1451, 32),
    ("densenet121", "features", 2071, 32),
    ("densenet161", "features", 2967, 32),
    ("densenet169", "features", 3351, 32),
    ("densenet201", "features", 3863, 32),
    ("squeezenet1_0", "features", 155, 16),
    ("mobilenet_v2", "features", 491, 32),
]


@pytest.mark.parametrize(("name", "block", "field", "jump"), TORCHVISION)
def test_torchvision_networks(name, block, field, jump):
    row = receptive_field(on_meta(name).eval(), LAST[block])[block]
    assert (row.receptive_field, row.jump) == ((field, field), (jump, jump))


def chain(*layers):
    """Build a chain of (name, kind, kernel, stride, padding) with one channel."""
    modules = {"conv": nn.Conv2d, "pool": lambda _, __, *rest: nn.MaxPool2d(*rest)}
    return nn.Sequential(*(modules[kind](1, 1, *how) for _, kind, *how in layers)), [
        name for name, *_ in layers
    ]


ALEXNET = chain(
    ("conv1", "conv", 11, 4, 0), ("pool1", "pool", 3, 2, 0), ("conv2", "conv", 5, 1, 2),
    ("pool2", "pool", 3, 2, 0), ("conv3", "conv", 3, 1, 1), ("conv4", "conv", 3, 1, 1),
    ("conv5", "conv", 3, 1, 1), ("pool5", "pool", 3, 2, 0),
)  # fmt: skip


def vgg(depths):
    layers = []
    for stage, depth in enumerate(depths, 1):
        layers += [(f"conv{stage}_{i}", "conv", 3, 1, 1) for i in range(1, depth + 1)]
        layers.append((f"pool{stage}", "pool", 2, 2, 0))
    return chain(*layers)


SLIM = {  # google-research/receptive_field: field, effective stride, effective padding
    "alexnet_v2": (ALEXNET, "conv1 11/4/0; pool1 19/8/0; conv2 51/8/16; conv3 99/16/32; "
                   "conv4 131/16/48; conv5 163/16/64; pool5 195/32/64"),
    "vgg_a": (vgg((1, 1, 2, 2, 2)), "conv1_1 3/1/1; pool1 4/2/1; conv2_1 8/2/3; pool2 10/4/3; "
              "conv3_1 18/4/7; conv3_2 26/4/11; pool3 30/8/11; conv4_1 46/8/19; conv4_2 62/8/27; "
              "pool4 70/16/27; conv5_1 102/16/43; conv5_2 134/16/59; pool5 150/32/59"),
    "vgg_16": (vgg((2, 2, 3, 3, 3)), "conv1_1 3/1/1; pool1 6/2/2; conv2_1 10/2/4; pool2 16/4/6; "
               "conv3_1 24/4/10; conv3_2 32/4/14; pool3 44/8/18; conv4_1 60/8/26; "
               "conv4_2 76/8/34; pool4 100/16/42; conv5_1 132/16/58; conv5_2 164/16/74; "
               "pool5 212/32/90"),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIM)
def test_the_tables_of_araujo_norris_and_sim(name):
    (model, names), published = SLIM[name]
    rows = dict(zip(names, receptive_field(model, 224), strict=True))
    for end_point in published.split("; "):
        name, numbers = end_point.split()
        field, jump, padding = map(int, numbers.split("/"))
        row = rows[name]
        assert (row.receptive_field[0], row.jump[0], -row.start[0]) == (field, jump, padding)


def test_inception_v3_block_by_block():
    rows = receptive_field(on_meta("inception_v3").eval(), 299)
    slim = {"5b": 63, "5c": 95, "5d": 127, "6a": 159, "6b": 351, "6c": 543, "6d": 735, "6e": 927,
            "7a": 1055, "7b": 1183, "7c": 1311}  # fmt: skip
    for block, field in slim.items():
        assert rows[f"Mixed_{block}"].receptive_field == (field, field)
    assert rows["Mixed_6a"].jump == (16, 16)
    assert rows["Mixed_7a"].jump == (32, 32)


@pytest.mark.parametrize(
    ("depth", "published"),
    [(50, (35, 99, 291, 483)), (101, (35, 99, 835, 1027)), (152, (35, 163, 1315, 1507))],
)
def test_resnets_with_the_stride_where_the_paper_has_it(depth, published):
    model = on_meta(f"resnet{depth}").eval()
    for block in model.modules():
        if isinstance(block, zoo.resnet.Bottleneck):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, (1, 1)
    rows = receptive_field(model, 224)
    assert tuple(rows[f"layer{i}"].receptive_field[0] for i in (1, 2, 3, 4)) == published


def test_heads_that_only_train_are_rows_in_train_mode():
    model = on_meta("googlenet", aux_logits=True, transform_input=True)
    training, running = (receptive_field(model.train(mode), 224) for mode in (True, False))
    assert "aux1.fc2" in training
    assert "aux1.fc2" not in running
    assert training["inception5b"] == running["inception5b"]
    assert on_meta("inception_v3").training
    assert "AuxLogits.fc" in receptive_field(on_meta("inception_v3"), 299)


def test_video_networks_have_an_axis_of_their_own_for_time():
    with torch.device("meta"):
        rows = receptive_field(zoo.video.r3d_18(), (16, 112, 112))
    assert rows["stem"].receptive_field == (3, 7, 7)
    assert rows["layer4"].receptive_field == (109, 219, 219)
    assert rows["layer4"].jump == (8, 16, 16)


def test_densenet_that_saves_memory_is_followed_all_the_same():
    saving = receptive_field(on_meta("densenet121", memory_efficient=True), 64)
    assert saving["features"] == receptive_field(on_meta("densenet121"), 64)["features"]


# The support of the gradient


def support(model, size, position, rank):
    """Return first and last pixel along each axis that the output at `position` depends on."""
    image = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
    model(image)[(0, slice(None), *position)].sum().backward()
    seen = image.grad[0, 0] != 0
    return tuple(
        (int(where.min()), int(where.max()))
        for where in (seen.nonzero()[:, axis] for axis in range(rank))
    )


def positive(model):
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.125)
    return model.double()


class Sum(nn.Module):
    def __init__(self, *branches, along=None):
        super().__init__()
        self.branches, self.along = nn.ModuleList(branches), along

    def forward(self, x):
        made = [branch(x) for branch in self.branches]
        return sum(made) if self.along is None else torch.cat(made, self.along)


@st.composite
def layers(draw, rank, upsampling):
    """A random layer that takes and gives two channels."""
    kinds = ["conv", "conv", "pool", "residual", "parallel", "same"]
    kind = draw(st.sampled_from(kinds + ["transposed", "nearest", "linear"] * upsampling))
    kernel, stride, dilation = (draw(st.integers(1, n)) for n in (3, 2, 2))
    padding = draw(st.integers(0, kernel // 2))
    if kind == "conv":
        groups = draw(st.integers(1, 2))
        return CONV[rank - 1](2, 2, kernel, stride, padding, dilation, groups)
    if kind == "pool":
        return AVG[rank - 1](kernel, stride, padding)
    if kind == "same":
        return CONV[rank - 1](2, 2, 3, padding="same", dilation=dilation)
    if kind == "transposed":
        return UP[rank - 1](2, 2, kernel + 1, stride, padding)
    if kind in ("nearest", "linear"):
        word = ("linear", "bilinear", "trilinear")[rank - 1] if kind == "linear" else "nearest"
        return nn.Upsample(scale_factor=draw(st.sampled_from([2, 3])), mode=word)
    wide = CONV[rank - 1](2, 2 if kind == "residual" else 1, 3, stride, 1)
    narrow = CONV[rank - 1](2, 2 if kind == "residual" else 1, 1, stride)
    return Sum(wide, narrow, along=None if kind == "residual" else 1)


@pytest.mark.parametrize("upsampling", [False, True], ids=["down", "up"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@few(10)
@given(data=st.data())
def test_the_window_is_the_support_of_the_gradient(rank, upsampling, data):
    first = CONV[rank - 1](1, 2, data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2)))
    count = data.draw(st.integers(1, 4 if rank < 3 else 2))
    model = positive(
        nn.Sequential(first, *(data.draw(layers(rank, upsampling)) for _ in range(count)))
    )
    size = tuple(
        data.draw(st.integers(*limits))
        for limits in [(40, 60), (24, 30), (14, 16)][rank - 1 : rank] * rank
    )
    try:
        shape = model(torch.ones(1, 1, *size, dtype=torch.float64)).shape[2:]
    except RuntimeError:  # the image is too small for these layers
        with pytest.raises(ValueError, match="`model` must take an image"):
            receptive_field(model, size)
        return
    row = receptive_field(model, size)[-1]
    assert row.size == tuple(shape)
    for _ in range(3):
        position = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
        try:
            window = row.window(*position, inside=True)
        except ValueError:  # between the weights of a transposed convolution: sees nothing
            continue
        if any(first > last for first, last in window):  # only padding
            continue
        try:
            seen = support(model, size, position, rank)
        except RuntimeError:
            continue
        if window == row.window(*position):
            assert seen == window
        else:  # at the border, it may be that only padding would reach the ends of the window
            assert all(a <= c and d <= b for (a, b), (c, d) in zip(window, seen, strict=True))


# By hand, for a chain


@few(60)
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 3),
)
def test_a_chain_is_walked_back_by_hand(chosen, position):
    model = nn.Sequential(*(nn.Conv1d(1, 1, k, s, p, d) for k, s, p, d in chosen))
    row = receptive_field(model, 3000)[-1]
    first = last = position
    for kernel, stride, padding, dilation in reversed(chosen):
        first = first * stride - padding
        last = last * stride - padding + (kernel - 1) * dilation
    assert row.window(position) == ((first, last),)
    assert row.receptive_field == (last - first + 1,)
    assert row.start[0] + position * row.jump[0] == first
    assert row.center == (row.start[0] + Fraction(row.receptive_field[0] - 1, 2),)


# Single layers and what joins them


class Calls(nn.Module):
    """Call `function` on what a convolution with field 3, jump 2 and start -1 gives."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.function = nn.Conv2d(1, 4, 3, 2, 1), function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    ("function", "expected"),  # size, field, jump, start
    [
        (lambda x: x + 1, (8, 3, 2, -1)),
        (lambda x: x.relu().mul_(2), (8, 3, 2, -1)),
        (lambda x: x.mean((2, 3)), (1, 17, 2, -1)),
        (lambda x: x.amax((2, 3), keepdim=True), (1, 17, 2, -1)),
        (lambda x: x.flatten(1), (8, 3, 2, -1)),
        (lambda x: x.flatten(1) @ torch.ones(256, 2), (1, 17, 2, -1)),
        (lambda x: x[:, 1:].unsqueeze(1).squeeze(1).log_softmax(1), (8, 3, 2, -1)),
        (lambda x: x[:, :, 1:, 1:].exp(), (7, 3, 2, 1)),
        (lambda x: x[:, :, ::2, ::2].exp(), (4, 3, 4, -1)),
        (lambda x: x.transpose(2, 3).transpose(2, 3).exp(), (8, 3, 2, -1)),
        (
            lambda x: x.permute(0, 2, 3, 1).matmul(torch.ones(4, 5)).movedim(3, 1).exp(),
            (8, 3, 2, -1),
        ),
        (lambda x: x.view(1, 2, 2, 8, 8).transpose(1, 2).reshape(1, 4, 8, 8).exp(), (8, 3, 2, -1)),
        (lambda x: nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), (10, 3, 2, -3)),
        (lambda x: x * x.mean((2, 3), keepdim=True), (8, 17, 0, -1)),
        (lambda x: nn.functional.layer_norm(x, (4, 8, 8)), (8, 3, 2, -1)),
        (lambda x: nn.functional.adaptive_avg_pool2d(x, 4), (4, 5, 4, -1)),
        (lambda x: nn.functional.adaptive_max_pool2d(x, 1), (1, 17, 2, -1)),
        (lambda x: nn.functional.interpolate(x, scale_factor=2), (16, 3, 1, -1)),
        (lambda x: nn.functional.interpolate(x, scale_factor=4).exp(), (32, 3, Fraction(1, 2), -1)),
        (lambda x: nn.functional.pixel_shuffle(x, 2), (16, 3, 1, -1)),
        (lambda x: nn.functional.pixel_unshuffle(x, 2), (4, 5, 4, -1)),
        (
            lambda x: nn.functional.scaled_dot_product_attention(
                *[x.flatten(2).transpose(1, 2)] * 3
            ),
            (8, 17, 0, -1),
        ),
    ],
)
def test_functions(function, expected):
    row = receptive_field(Calls(function), 16)[-1]
    found = (row.size, row.receptive_field, row.jump, row.start)
    assert found == tuple((value, value) for value in expected)


def test_adaptive_pooling_with_windows_of_two_sizes():
    row = receptive_field(nn.Sequential(nn.Conv1d(1, 1, 1), nn.AdaptiveAvgPool1d(3)), 7)[-1]
    assert [row.window(i) for i in range(3)] == [((0, 2),), ((2, 4),), ((4, 6),)]
    row = receptive_field(nn.Sequential(nn.Conv1d(1, 1, 1), nn.AdaptiveAvgPool1d(4)), 6)[-1]
    assert [row.window(i) for i in range(4)] == [((0, 1),), ((1, 2),), ((3, 4),), ((4, 5),)]
    assert (row.receptive_field, row.jump) == ((2,), (Fraction(3, 2),))


def test_what_depends_on_sizes_or_types_is_followed():
    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3)

        def forward(self, x):
            while x.shape[-1] > 8 and isinstance(x, torch.Tensor):
                x = self.conv(x)
            return {"out": x}

    rows = receptive_field(Chooses(), 14)
    assert [row.name for row in rows] == ["conv", "conv:2", "conv:3"]
    assert rows[-1].receptive_field == (7, 7)


# The table, errors, and what is left alone


def test_the_table_is_read_by_index_and_by_name():
    model = nn.Sequential(nn.Conv2d(1, 2, (3, 5)), nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)))
    rows = receptive_field(model, (8, 9))
    assert len(rows) == 3
    assert rows["0"] is rows[0]
    assert rows["1"].size == rows["1.1"].size == rows[-1].size == (3, 2)
    assert str(rows[:1]) == (
        "name  layer    size  receptive field  jump  start\n"
        "0     Conv2d  6 × 5            3 × 5     1      0"
    )
    assert len({len(line) for line in str(rows).splitlines()}) == 1
    with pytest.raises(KeyError, match="no layer 'conv1'"):
        rows["conv1"]
    with pytest.raises(ValueError, match=r"`position` must be inside of \(6, 5\), got \(6, 0\)"):
        rows[0].window(6, 0)


class Noisy(nn.Module):
    """Draws numbers, and keeps a tensor in a list."""

    def __init__(self):
        super().__init__()
        self.conv, self.scales = nn.Conv2d(1, 1, 3), [torch.ones(1, 1, 1)]

    def forward(self, x):
        noise = torch.randn(x.shape) + torch.rand(1, device="cpu").to(x.device)
        return nn.functional.dropout(self.conv(x + noise) * self.scales[0], 0.5, True)


def test_random_numbers_and_tensors_in_lists():
    model = Noisy()
    state, kept = torch.get_rng_state(), model.scales[0]
    assert receptive_field(model, 8)[-1].receptive_field == (3, 3)
    assert count_macs(model, 8) == 9 * 36
    assert torch.equal(torch.get_rng_state(), state)
    assert model.scales[0] is kept
    assert kept.device.type == "cpu"


def test_shared_layers_subclasses_and_wrappers():
    class Own(nn.Conv2d):
        pass

    conv = nn.Conv2d(1, 1, 3)
    rows = receptive_field(nn.Sequential(conv, nn.Sequential(nn.ReLU(), conv)), 9)
    assert [row.name for row in rows] == ["0", "1.0", "0:2"]
    assert rows[-1].receptive_field == (5, 5)
    weighed = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 1, 3))
    for other in (Own(1, 1, 3), weighed, nn.DataParallel(conv)):
        rows = receptive_field(nn.Sequential(other, nn.ReLU()), 9)
        assert rows[-1].receptive_field == (3, 3)
        assert rows[-1].name == "1"
    assert receptive_field(nn.DataParallel(conv), 9)[0].name == "module"


@torch.inference_mode()
def test_inference_mode_changes_nothing():
    assert receptive_field(nn.Conv2d(1, 1, 3), 8)[0].receptive_field == (3, 3)


def test_fully_connected_networks():
    model = nn.Sequential(nn.Flatten(), nn.Linear(63, 4), nn.ReLU(), nn.Linear(4, 2))
    rows = receptive_field(model, (7, 9), in_channels=1)
    assert rows[0].receptive_field == (1, 1)
    assert rows[-1].receptive_field == (7, 9)
    with pytest.raises(ValueError, match="`input_size` must be a tuple, as `model` has no conv"):
        receptive_field(model, 7)
    with pytest.raises(ValueError, match="`in_channels` must be given"):
        receptive_field(model, (7, 9))


def test_the_model_is_left_as_it_was():
    seen = []
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    model[0].register_forward_hook(lambda *_: seen.append("called"))
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    receptive_field(model, 8)
    assert seen == []
    assert len(model[0]._forward_hooks) == 1
    assert not model[1]._forward_hooks
    assert all(m.training for m in model.modules())
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x + nn.functional.interpolate(x[:, :, ::2, ::2], 8).flip(2), "jumps"),
        (lambda x: torch.cat([x, x], 2), "side by side, not along their channels"),
        (lambda x: x.sort(2)[0], "calls `sort`"),
        (lambda x: x if x.sum() > 0 else -x, "with the values of the image"),
        (lambda x: x * x.sum().item(), "with the values of the image"),
        (lambda x: x.view(1, 4, 4, 2, 8), "cuts an axis of the image"),
        (lambda x: x.roll(1, 2), "calls `roll`"),
        (lambda x: nn.functional.pad(x, (1, 1, 1, 1), mode="circular"), "calls `copy`"),
    ],
)
def test_what_it_does_not_follow_is_named(function, message):
    with pytest.raises(ValueError, match=f"^`model` must .*{message}"):
        receptive_field(Calls(function), 16)


def test_errors_name_the_layer():
    with pytest.raises(ValueError, match=r"its layer `1` \(MaxPool2d\) fails"):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(9)), 8)
    shrinking = Sum(nn.Conv1d(1, 1, 2, 2), nn.Conv1d(1, 1, 5, 1))
    with pytest.raises(ValueError, match="`add` in Sum joins branches with the jumps 1 and 2"):
        receptive_field(shrinking, 8)
    with pytest.raises(ValueError, match="`input_size` must be at least 1, got 0"):
        receptive_field(nn.Conv2d(1, 1, 3), 0)
    with pytest.raises(ValueError, match=r"of 8 × 8 pixels with 3 channels, but its layer `0`"):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3)), 8, in_channels=3)
    with pytest.raises(ValueError, match=r"`input_size` must be an int or 2 values, .* \(8,\)"):
        receptive_field(nn.Conv2d(1, 1, 3, padding=1), (8,))
    with pytest.raises(ValueError, match="must be run once before, as `0` is a lazy layer"):
        receptive_field(nn.Sequential(nn.LazyConv2d(3, 3)), 8)


def test_it_is_exported_lazily_and_stays_a_function():
    code = (
        "import sys, course_lib.arithmetic as a; before = 'torch' in sys.modules; "
        "a.receptive_field; print(before, callable(a.receptive_field), hasattr(a, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
    assert math.prod(receptive_field(nn.Conv3d(1, 1, 3), 5)[0].size) == 27
