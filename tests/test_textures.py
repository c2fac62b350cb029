"""Patches of photographs, the record of the networks on them, and what the chapter says of both."""

import importlib.util
from pathlib import Path

import pytest
import skimage.color
import skimage.data
import torch
import torch.nn.functional as F

from course_lib.arithmetic import count_macs, count_parameters
from course_lib.data.labeled import read_record
from course_lib.data.textures import NAMES, photograph, textures, tissue


def test_photographs_are_those_of_the_library_in_two_parts():
    for name in NAMES:
        whole, left, right = (photograph(name, part) for part in ("all", "train", "test"))
        assert torch.equal(torch.cat([left, right], dim=2), whole)
        assert left.shape[2] == int(0.6 * whole.shape[2])
    stored = skimage.data.coins()
    assert torch.equal(photograph("coins")[0] * 255, torch.tensor(stored).float())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: photograph("sand"), "`name` must be one of brick, coins"),
        (
            lambda: photograph("brick", "left"),
            "`part` must be 'all', 'train' or 'test', got 'left'",
        ),
        (lambda: textures(7), "`size` must be from 8 to 150, got 7"),
        (lambda: textures(16, test=0), "`test` must be at least 1, got 0"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_patches_are_normalized_and_of_their_own_part():
    data = textures(24, train=4, test=3)
    for images, labels, part in (
        (data.train_images, data.train_labels, "train"),
        (data.test_images, data.test_labels, "test"),
    ):
        assert images.mean(dim=(1, 2, 3)).abs().max() < 1e-4
        assert images.std(dim=(1, 2, 3)).max() < 1.001
        image = images[NAMES.index("page") * len(images) // len(NAMES)]  # its picture is small
        windows = photograph("page", part)[0].unfold(0, 24, 1).unfold(1, 24, 1)
        start = windows[..., :2, :2]  # four pixels are enough to find the place
        found = []
        for turns in range(4):
            turned = image[0].rot90(turns)
            span = windows.amax((2, 3)) - windows.amin((2, 3))
            ratio = span / (turned.max() - turned.min())  # the deviation, if it is the place
            offset = windows[..., 0, 0] - ratio * turned[0, 0]
            guess = turned[:2, :2] * ratio[..., None, None] + offset[..., None, None]
            found.append((guess - start).abs().amax((2, 3)).min())
        assert min(found) < 1e-4
        assert len(labels) == len(images)


def test_patches_come_from_the_seed():
    first, again, other = (textures(16, train=2, test=1, seed=n) for n in (3, 3, 4))
    assert torch.equal(first.train_images, again.train_images)
    assert not torch.equal(first.train_images, other.train_images)


def test_dyes_are_unmixed_by_a_convolution_of_one_pixel():
    """The chapter's opening picture: scikit-image's matrices at each pixel, as a 1 x 1 layer."""
    picture = tissue()[:, :40, :50]
    absorbed = picture.clamp(min=1e-6).log() / torch.tensor(1e-6).log()
    kernel = torch.tensor(skimage.color.hed_from_rgb.T).float()[:, :, None, None]
    found = F.conv2d(absorbed[None], kernel)[0].clamp(min=0)
    wanted = torch.tensor(skimage.color.rgb2hed(picture.permute(1, 2, 0).numpy())).permute(2, 0, 1)
    torch.testing.assert_close(found, wanted.float(), atol=1e-5, rtol=1e-4)


def script(name):
    path = Path(__file__).parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_record_holds_and_is_made_here():
    """What the chapter says of the five seeds, and one run of them again."""
    record = read_record("inception_bottlenecks")
    right = {(run["network"], run["seed"]): run["right"] for run in record["runs"]}
    for seed in range(5):
        assert right["with bottlenecks", seed] >= right["without", seed]
    names = list(record["parameters"])
    assert record["parameters"][names[0]] * 2.8 < record["parameters"][names[1]]
    module = script("compare_inception")
    for name, make in module.NETWORKS.items():
        with torch.device("meta"):
            net = make().eval()
        assert count_parameters(net) == record["parameters"][name]
        assert count_macs(net, module.SIZE) == record["macs"][name]
    with torch.random.fork_rng():
        again = module.run("plain 3 x 3", 0)["right"]
    assert abs(again - right["plain 3 x 3", 0]) < 30


def test_naive_module_hands_on_all_pooled_maps():
    module = script("compare_inception")
    naive = module.WithoutBottlenecks(5, 2, 3, 4).eval()
    maps = torch.rand(1, 5, 9, 9)
    out = naive(maps)
    assert out.shape[1] == 2 + 3 + 4 + 5
    torch.testing.assert_close(out[:, -5:], F.max_pool2d(maps, 3, 1, 1))


def test_the_record_of_the_side_heads_holds_and_is_made_here():
    runs = {
        (run["variant"], run["seed"]): run["ratios"] for run in read_record("side_heads")["runs"]
    }
    early = ("conv1", "conv2", "conv3", "3a", "3b", "4a")
    for seed in range(5):
        paper, normalized = runs["paper", seed], runs["torchvision", seed]
        assert all(1.8 < paper[name] < 4 for name in early)
        assert all(abs(ratio - 1) < 0.03 for ratio in normalized.values())
        assert paper["4e"] == paper["5a"] == paper["5b"] == 1
    with torch.random.fork_rng():
        again = script("side_heads").run("paper", 3)["ratios"]
    assert again == pytest.approx(runs["paper", 3], rel=0.02)
