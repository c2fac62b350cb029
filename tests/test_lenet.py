"""LeNet-5: the paper's table, the pattern of C3, the codes, and training on real digits."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.data.digits import digits
from course_lib.models import lenet5, lenet5_connections, lenet5_dense
from course_lib.models.lenet import (
    C3_INPUTS,
    EuclideanRBF,
    ScaledTanh,
    SparseConv2d,
    digit_codes,
    map_loss,
)
from course_lib.training import accuracy, fit

# Table I as it is drawn: rows are maps of S2, columns maps of C3.
TABLE = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_parameters_layer_by_layer():
    model = lenet5()
    counts = {n: count_parameters(layer) for n, layer in model.named_children()}
    assert [counts[n] for n in ("c1", "s2", "c3", "s4", "c5", "f6", "output")] == [
        156, 12, 1516, 32, 48120, 10164, 0,
    ]  # fmt: skip
    assert count_parameters(model) == 60_000
    assert sum(b.numel() for b in model.output.buffers()) == 840


def test_the_dense_variant():
    model = lenet5_dense()
    counts = [count_parameters(layer) for layer in model if count_parameters(layer)]
    assert counts == [156, 2416, 48120, 10164, 850]
    assert sum(counts) == 61_706
    assert count_macs(model, 32) == 416_520


def test_connections():
    wanted = {
        "c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000,
        "c5": 48_120, "f6": 10_164, "output": 840,
    }  # fmt: skip
    assert lenet5_connections(lenet5()) == wanted
    assert sum(wanted.values()) == 340_908


def test_the_table_of_c3():
    rows = [line.split() for line in TABLE.split("\n") if line]
    columns = [tuple(r for r in range(6) if rows[r][c] == "X") for c in range(16)]
    assert columns == list(C3_INPUTS)
    assert sum(map(len, C3_INPUTS)) == 60
    assert all(row.count("X") == 10 for row in rows)


def test_sizes_and_receptive_field():
    sizes, x = [], torch.zeros(1, 1, 32, 32)
    for layer in lenet5():
        x = layer(x)
        sizes.append(tuple(x.shape[1:]))
    for wanted in ((6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,)):
        assert wanted in sizes
    fields = {row.name: row.receptive_field for row in receptive_field(lenet5(), 32)}
    assert fields["c5"] == (32, 32)


def test_sparse_convolution_is_a_loop_over_its_connections():
    layer = SparseConv2d(C3_INPUTS, 5).double()
    layer.weight.data = randn(60, 5, 5).double()
    layer.bias.data = randn(16, seed=1).double()
    x = randn(2, 6, 9, 8, seed=2).double()
    kernels = iter(layer.weight)
    for out, maps in enumerate(C3_INPUTS):
        wanted = layer.bias[out] + sum(
            F.conv2d(x[:, c : c + 1], next(kernels)[None, None])[:, 0] for c in maps
        )
        torch.testing.assert_close(layer(x)[:, out], wanted)
    layer(x).sum().backward()
    assert layer.weight.grad.abs().min() > 0


def test_output_units():
    codes = digit_codes()
    assert codes.shape == (10, 12, 7)
    flat = codes.flatten(1)
    distances = torch.cdist(flat, flat).square()
    assert (distances + 999 * torch.eye(10)).min() >= 4 * 7  # seven pixels apart at least
    unit = EuclideanRBF(flat)
    x = randn(3, 84)
    for n in range(3):
        for k in range(10):
            wanted = -sum((x[n, j].item() - flat[k, j].item()) ** 2 for j in range(84))
            assert unit(x)[n, k].item() == pytest.approx(wanted, rel=1e-5)
    assert unit(flat).argmax(dim=1).tolist() == list(range(10))


def test_squashing_leaves_one_where_it_is():
    ones = torch.tensor([1.0, -1.0, 100.0])
    wanted = torch.tensor([1.0, -1.0, 1.7159])
    torch.testing.assert_close(ScaledTanh()(ones), wanted, atol=1e-4, rtol=0)


def test_loss_of_the_paper():
    logits, labels, j = -randn(4, 10).square() * 9, torch.tensor([3, 1, 4, 1]), 1.0
    wanted = [
        -logits[n, d].item()
        + math.log(math.exp(-j) + sum(math.exp(value) for value in logits[n].tolist()))
        for n, d in enumerate(labels.tolist())
    ]
    assert map_loss(logits, labels).item() == pytest.approx(sum(wanted) / 4, rel=1e-5)


def test_weights_start_as_in_the_paper():
    model = lenet5(output="linear")
    for layer, fan_in in ((model.c1, 25), (model.c5, 400), (model.f6, 120), (model.output, 84)):
        assert 0.8 * 2.4 / fan_in < layer.weight.abs().max() <= 2.4 / fan_in
    limits = torch.tensor([2.4 / (25 * len(maps)) for maps in C3_INPUTS for _ in maps])
    assert (model.c3.weight.abs().amax(dim=(1, 2)) <= limits).all()
    assert (model.c3.weight.abs().amax(dim=(1, 2)) > 0.5 * limits).all()


def test_refuses():
    with pytest.raises(ValueError, match='`num_classes` must be 10 with `output="rbf"`, got 7'):
        lenet5(7)
    with pytest.raises(ValueError, match="`output` must be 'rbf' or 'linear', got 'softmax'"):
        lenet5(output="softmax")
    with pytest.raises(ValueError, match="`inputs` must name"):
        SparseConv2d(((0, 0),), 5)
    assert lenet5(7, output="linear")(torch.zeros(1, 1, 32, 32)).shape == (1, 7)


def test_learns_real_digits():
    data = digits(32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = lenet5()
    adam = torch.optim.Adam(model.parameters(), 0.003)
    draws = torch.Generator().manual_seed(0)
    before = accuracy(model, data.test_images, data.test_labels)
    fit(
        model, data.train_images, data.train_labels, adam, epochs=3, batch_size=64,
        generator=draws, loss=map_loss,
    )  # fmt: skip
    assert before < 0.3
    assert accuracy(model, data.test_images, data.test_labels) > 0.5
