"""The loop of the small experiments: what it computes, and what it refuses."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import training
from course_lib.data.digits import digits
from course_lib.training import accuracy, fit, fit_one_cycle, predict


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def line(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(3, 2)


def test_equals_a_loop_written_out():
    images, labels = torch.randn(10, 3, generator=generator(1)), torch.arange(10) % 2
    ours, theirs = line(), line()
    found = fit(
        ours, images, labels, torch.optim.SGD(ours.parameters(), 0.1),
        epochs=2, batch_size=4, generator=generator(),
    )  # fmt: skip
    draws, wanted = generator(), []
    for _ in range(2):
        order = torch.randperm(10, generator=draws).tolist()
        for batch in (order[:4], order[4:8]):  # two of ten are left out
            value = F.cross_entropy(theirs(images[batch]), labels[batch])
            wanted.append(value.item())
            for weight, slope in zip(
                list(theirs.parameters()),
                torch.autograd.grad(value, list(theirs.parameters())),
                strict=True,
            ):
                weight.data -= 0.1 * slope
    torch.testing.assert_close(found, torch.tensor(wanted))
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_schedule_augmentation_and_loss_are_used():
    model, seen = line(), []
    sgd = torch.optim.SGD(model.parameters(), 1.0)
    schedule = torch.optim.lr_scheduler.StepLR(sgd, 1, gamma=0.5)

    def augment(images):
        seen.append(len(images))
        return images + 1

    fit(
        model, torch.zeros(4, 3), torch.zeros(4, dtype=torch.long), sgd, epochs=3, batch_size=4,
        generator=generator(), schedule=schedule, augment=augment,
        loss=lambda outputs, labels: outputs.square().sum(),
    )  # fmt: skip
    assert seen == [4, 4, 4]
    assert sgd.param_groups[0]["lr"] == 0.125
    assert model.weight.grad.abs().min() > 0  # zeros alone would give none


def test_one_cycle_is_fit_with_its_schedule():
    images, labels = torch.randn(10, 3, generator=generator(1)), torch.arange(10) % 2
    ours, theirs = line(), line()
    found = fit_one_cycle(
        ours, images, labels, torch.optim.SGD(ours.parameters(), 0.3),
        epochs=3, batch_size=4, seed=5,
    )  # fmt: skip
    sgd = torch.optim.SGD(theirs.parameters(), 0.3)
    wanted = fit(
        theirs, images, labels, sgd, epochs=3, batch_size=4, generator=generator(5),
        schedule=torch.optim.lr_scheduler.OneCycleLR(sgd, 0.3, total_steps=6),
    )  # fmt: skip
    assert torch.equal(found, wanted)
    assert torch.equal(ours.weight, theirs.weight)


def test_global_seed_and_mode_stay():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    model = nn.Sequential(line(), nn.Dropout(0.0)).eval()
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    fit(
        model, torch.ones(3, 3), torch.tensor([0, 1, 0]), sgd,
        epochs=1, batch_size=2, generator=generator(),
    )  # fmt: skip
    assert torch.equal(torch.rand(1), wanted)
    assert model.training
    predict(model, torch.ones(3, 3))
    assert model.training


def test_predicts_in_eval_mode_batch_by_batch():
    model = nn.Sequential(line(), nn.Dropout(0.9))
    images = torch.randn(7, 3, generator=generator())
    torch.testing.assert_close(predict(model, images, batch_size=2), model[0](images).detach())
    labels = model[0](images).argmax(dim=1)
    assert accuracy(model, images, labels) == 1
    assert accuracy(model, images, 1 - labels) == 0


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [(2, 3, "`labels` must be as many as `images`"), (0, 0, "at least 1, got 0 labels")],
)
def test_refuses_what_does_not_fit(images, labels, message):
    model = line()
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match=message):
        fit(
            model, torch.zeros(images, 3), torch.zeros(labels, dtype=torch.long), sgd,
            epochs=1, batch_size=2, generator=generator(),
        )  # fmt: skip


def test_says_that_the_loss_ran_away():
    model = line()
    sgd = torch.optim.SGD(model.parameters(), 1e30)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(
            model, torch.ones(4, 3), torch.tensor([0, 1, 0, 1]), sgd, epochs=9, batch_size=2,
            generator=generator(), loss=lambda out, _: out.square().sum(),
        )  # fmt: skip


def test_the_heavy_half_loads_when_it_is_used():
    script = (
        "import sys, course_lib.training as t; "
        "print('accelerate' in sys.modules, *(m for m in sys.modules if m.startswith(t.__name__)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {"course_lib.training", "course_lib.training.in_memory"}
    assert set(done.stdout.split()) == {"False", *loaded}
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = training.trian


def test_digits():
    from sklearn.datasets import load_digits

    stored = load_digits()
    small, large = digits(8), digits(32)
    images = torch.cat([small.train_images, small.test_images])[:, 0] * 16
    assert torch.equal(images.double(), torch.from_numpy(stored.images))
    assert torch.cat([small.train_labels, small.test_labels]).tolist() == stored.target.tolist()
    assert large.test_images.shape == (450, 1, 32, 32)
    assert large.train_images.min() >= 0
    assert large.train_images.max() <= 1
    down = F.avg_pool2d(large.test_images, 4)  # still the same picture
    assert (down - small.test_images).abs().mean() < 0.1
    with pytest.raises(ValueError, match="`size` must be at least 8, got 7"):
        digits(7)
