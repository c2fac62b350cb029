"""The loop of the case studies: what it computes, keeps, tells and refuses."""

import io
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, StepLR
from torch.utils.data import Dataset, TensorDataset

from course_lib.data.digits import digits
from course_lib.metrics import roc_auc_score
from course_lib.training import History, accuracy, predict, predict_all, train

QUIET = {"progress": False}


def line(seed=0, out=2):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(3, out)


def points(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 3, generator=generator)
    return inputs, (inputs[:, 0] + 0.5 * torch.randn(count, generator=generator) > 0).long()


def sgd(rate=0.1):
    return lambda weights: torch.optim.SGD(weights, rate)


def without_seconds(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize(("count", "batch_size"), [(10, 4), (13, 2), (3, 5)])
def test_equals_a_loop_written_out(count, batch_size, accumulate):
    """Steps of at most batch_size x accumulate samples, and their mean whatever their number."""
    inputs, targets = points(count)
    seen = []

    class Told(Dataset):
        def __len__(self):
            return count

        def __getitem__(self, number):
            seen.append(number)
            return inputs[number], targets[number]

    ours, theirs = line(), line()
    history = train(
        ours, Told(), points(7, seed=2), loss=F.cross_entropy, epochs=2, batch_size=batch_size,
        accumulate=accumulate, optimizer=sgd(), scheduler=None, **QUIET,
    )  # fmt: skip
    assert sorted(seen[:count]) == sorted(seen[count:]) == list(range(count))
    assert count == 3 or seen[:count] != seen[count:]  # another order in the next epoch
    descent = torch.optim.SGD(theirs.parameters(), 0.1)
    for epoch in range(2):
        order, means = seen[epoch * count : (epoch + 1) * count], []
        steps = -(-count // (batch_size * accumulate))
        for chosen in torch.tensor(order).tensor_split(steps):
            descent.zero_grad()
            each = F.cross_entropy(theirs(inputs[chosen]), targets[chosen], reduction="none")
            each.mean().backward()
            means += each.tolist()
            descent.step()
        assert history.rows[epoch]["train_loss"] == pytest.approx(sum(means) / count, rel=1e-5)
        known, wanted = points(7, seed=2)
        valid_loss = F.cross_entropy(theirs(known), wanted).item()
        assert history.rows[epoch]["valid_loss"] == pytest.approx(valid_loss, rel=1e-5)
    if history.best_epoch == 2:
        torch.testing.assert_close(ours.weight, theirs.weight)
        torch.testing.assert_close(ours.bias, theirs.bias)


def test_metrics_see_all_predictions_in_order():
    inputs, targets = points(11, seed=2)
    told = {}

    def auroc(y_true, y_score):
        told["targets"], told["outputs"] = y_true, y_score
        return roc_auc_score(y_true, y_score[:, 1] - y_score[:, 0])

    model = nn.Sequential(nn.Dropout(0.5), line())
    history = train(
        model, points(20), (inputs, targets), loss=F.cross_entropy, epochs=1, batch_size=4,
        metrics={"auroc": auroc}, monitor="auroc", higher_is_better=True, **QUIET,
    )  # fmt: skip
    assert torch.equal(told["targets"].cpu(), targets)
    assert not model.training  # so the dropout is off here and was off there
    torch.testing.assert_close(told["outputs"].cpu(), model.cpu()(inputs))
    assert history.column("auroc")[0] == auroc(targets, model(inputs).detach())
    assert history.monitor == "auroc"


def test_keeps_the_best_weights_and_stops_early():
    """The learning rate is far too high, so that later epochs are worse."""
    weights = []

    def spy(y_true, y_score):
        weights.append(model.weight.detach().clone())
        return 0

    model = line()
    history = train(
        model, points(40), points(30, seed=2), loss=F.cross_entropy, epochs=50, batch_size=4,
        optimizer=sgd(20.0), scheduler=None, metrics={"spy": spy}, patience=3, **QUIET,
    )  # fmt: skip
    losses = history.column("valid_loss")
    best = losses.index(min(losses))
    assert history.best_epoch == best + 1
    assert len(losses) == best + 1 + 3
    assert len(losses) < 50
    assert history.stopped == f"3 epochs were no better than epoch {best + 1}"
    assert torch.equal(model.weight, weights[best])
    assert not torch.equal(model.weight, weights[-1])


def test_plateau_divides_the_rate_by_ten_after_each_epoch_that_was_no_better():
    history = train(
        line(), points(40), points(30, seed=2), loss=F.cross_entropy, epochs=12, batch_size=4,
        optimizer=sgd(20.0), **QUIET,
    )  # fmt: skip
    rate, lowest = 20.0, math.inf
    for row in history.rows:
        assert row["learning_rate"] == pytest.approx(rate)
        if row["valid_loss"] < lowest * (1 - 1e-4):
            lowest = row["valid_loss"]
        else:
            rate /= 10
    assert rate < 20.0


def test_adam_of_chexnet_is_the_default():
    ours, theirs = line(), line()
    inputs, targets = points(1)
    train(ours, (inputs, targets), (inputs, targets), loss=F.cross_entropy, epochs=1,
          batch_size=1, **QUIET)  # fmt: skip
    adam = torch.optim.Adam(theirs.parameters(), lr=0.001, betas=(0.9, 0.999))
    F.cross_entropy(theirs(inputs), targets).backward()
    adam.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_schedules_step_with_the_optimizer():
    asked = []

    def one_cycle(optimizer, steps):
        asked.append(steps)
        return OneCycleLR(optimizer, 0.5, total_steps=steps)

    history = train(
        line(), points(10), points(4), loss=F.cross_entropy, epochs=3, batch_size=2, accumulate=2,
        optimizer=sgd(), scheduler=one_cycle, **QUIET,
    )  # fmt: skip
    assert asked == [9]  # ceil(10 / 4) = 3 steps in each of 3 epochs
    weight = nn.Parameter(torch.zeros(1))
    descent = torch.optim.SGD([weight], 0.1)
    cycle, wanted = OneCycleLR(descent, 0.5, total_steps=9), []
    for step in range(9):
        wanted += [descent.param_groups[0]["lr"]] if step % 3 == 0 else []
        descent.step()
        cycle.step()
    assert history.column("learning_rate") == pytest.approx(wanted)


class Noisy(Dataset):
    """Changes samples at random, with three generators."""

    def __len__(self):
        return 9

    def __getitem__(self, number):
        import random

        import numpy as np

        drawn = torch.rand(3) + random.random() + np.random.rand()  # noqa: NPY002
        return drawn.float() + number, torch.tensor(number % 2)


def seen_by(model, **more):
    seen = []

    def look(inputs):
        seen.append(inputs.cpu())
        return inputs

    train(model, Noisy(), points(4), loss=F.cross_entropy, augment=look,
          **{"epochs": 2, "batch_size": 4, **QUIET, **more})  # fmt: skip
    return torch.cat(seen)


def test_what_is_seen_depends_on_seed_and_epoch_only():
    deep = nn.Sequential(nn.Dropout(0.5), line(), nn.Dropout(0.5))
    first = seen_by(line())
    assert torch.equal(seen_by(deep), first)  # not on the model and what it draws
    assert torch.equal(seen_by(line(), workers=2), first)
    assert torch.equal(seen_by(line(), batch_size=3), first)
    assert not torch.equal(seen_by(line(), seed=1), first)
    numbers = [each.floor().sum().item() for each in first]
    assert len({*map(tuple, first.tolist())}) == 18, numbers  # new changes in the second epoch


def test_the_random_numbers_of_the_caller_stay():
    import random

    import numpy as np

    def draw():
        return torch.rand(1).item(), random.random(), np.random.rand()  # noqa: NPY002

    states = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    wanted = draw()
    torch.set_rng_state(states[0])
    random.setstate(states[1])
    np.random.set_state(states[2])  # noqa: NPY002
    seen_by(nn.Sequential(nn.Dropout(0.5), line()))
    assert draw() == wanted


def test_dropout_differs_from_epoch_to_epoch_and_follows_the_seed():
    def losses(seed):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))
        history = train(
            model, points(8), points(4), loss=F.cross_entropy, epochs=2, batch_size=8, seed=seed,
            optimizer=sgd(0.0), scheduler=None, **QUIET,
        )  # fmt: skip
        return history.column("train_loss")

    first = losses(0)
    assert first == losses(0)
    assert first[0] != first[1]  # nothing is learned: only the dropout differs
    assert first != losses(1)


def test_learns_digits():
    data = digits(8)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    train(
        model, (data.train_images, data.train_labels), (data.test_images, data.test_labels),
        loss=nn.CrossEntropyLoss(), epochs=8, batch_size=32,
        scheduler=lambda adam, steps: OneCycleLR(adam, 0.05, total_steps=steps), **QUIET,
    )  # fmt: skip
    assert accuracy(model, data.test_images, data.test_labels) > 0.88


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_memory_layouts_and_precisions_agree(precision):
    def run(**more):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Sequential(
                nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
            )
        data = digits(8)
        few = data.train_images[:96], data.train_labels[:96]
        dtypes, layouts = set(), set()

        def loss(outputs, targets):
            dtypes.add(outputs.dtype)
            return F.cross_entropy(outputs, targets)

        model[1].register_forward_hook(
            lambda module, given, out: layouts.add(
                (given[0].dtype, given[0].is_contiguous(memory_format=torch.channels_last))
            )
        )
        history = train(model, few, few, loss=loss, epochs=2, batch_size=32, optimizer=sgd(),
                        **QUIET, **more)  # fmt: skip
        assert dtypes == {torch.float32}
        assert next(model.parameters()).dtype == torch.float32
        return history, layouts

    plain, layouts = run()
    assert layouts == {(torch.float32, False)}
    other, layouts = run(precision=precision, channels_last=True)
    wanted = torch.bfloat16 if precision == "bf16" else torch.float32
    assert layouts == {(wanted, True)}
    room = 0.03 if precision == "bf16" else 1e-4
    for name in ("train_loss", "valid_loss"):
        assert other.column(name) == pytest.approx(plain.column(name), rel=room)


def test_compiles_on_request(monkeypatch):
    compiled, real = [], torch.compile

    def fake(model, **more):
        compiled.append(model)
        return real(model, backend="eager")

    monkeypatch.setattr(torch, "compile", fake)
    ours, theirs = line(), line()
    settings = {"loss": F.cross_entropy, "epochs": 1, "batch_size": 4, **QUIET}
    train(ours, points(8), points(4), compile=True, **settings)
    train(theirs, points(8), points(4), **settings)
    assert compiled == [ours]
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch._dynamo.reset()


def test_several_inputs_and_targets():
    """A film with an age, a time with an event."""
    film, age, time = torch.ones(2), torch.tensor([0.5]), torch.tensor(1.0)
    data = [((film, age), (time, torch.tensor(event))) for event in (0, 1, 0, 1, 0)]

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(3, 1)

        def forward(self, both):
            return {"risk": self.line(torch.cat(both, dim=1))}

    told = []
    history = train(
        Two(), data, data, epochs=1, batch_size=2, channels_last=True, **QUIET,
        loss=lambda out, target: (out["risk"][:, 0] - target[0]).square().mean(),
        metrics={"events": lambda y, s: told.append((y[1], s["risk"].shape)) or 1},
    )  # fmt: skip
    assert told[0][0].tolist() == [0, 1, 0, 1, 0]
    assert told[0][1] == (5, 1)
    assert history.rows[0]["events"] == 1


def test_predict_all_is_predict():
    model = nn.Sequential(nn.Dropout(0.5), line())
    inputs, targets = points(7)
    found, outputs = predict_all(model, TensorDataset(inputs, targets), batch_size=3)
    assert torch.equal(found.cpu(), targets)
    torch.testing.assert_close(outputs.cpu(), predict(model, inputs))


def test_tells_an_epoch_a_line_and_nothing_on_stderr(capfd):
    train(line(), points(8), points(4), loss=F.cross_entropy, epochs=2, batch_size=4)
    out, err = capfd.readouterr()
    assert [text.split()[:2] for text in out.splitlines()] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert "valid_loss" in out
    assert err == ""
    train(line(), points(8), points(4), loss=F.cross_entropy, epochs=1, batch_size=4, **QUIET)
    assert capfd.readouterr() == ("", "")


def test_shows_a_bar_on_a_terminal(monkeypatch, capfd):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    train(line(), points(400), points(4), loss=F.cross_entropy, epochs=1, batch_size=4)
    assert "100/100" in screen.getvalue() or "epoch 1/1:" in screen.getvalue()
    assert screen.getvalue().splitlines()[-1].lstrip("\r ").startswith("epoch 1/1  train_loss")
    assert capfd.readouterr().err == ""


REFUSED = [
    ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
    ({"batch_size": 2.5}, "`batch_size` must be an int, got 2.5"),
    ({"accumulate": 0}, "`accumulate` must be at least 1"),
    ({"patience": 0}, "`patience` must be at least 1"),
    ({"seed": -1}, "`seed` must be a whole number from 0"),
    ({"workers": -1}, "`workers` must be a whole number from 0"),
    ({"precision": "fp16"}, "`precision` must be 'float32' or 'bf16', got 'fp16'"),
    ({"channels_last": 1}, "`channels_last` must be True or False"),
    ({"compile": "yes"}, "`compile` must be True or False"),
    ({"resume": None}, "`resume` must be True or False"),
    ({"progress": 2}, "`progress` must be True or False"),
    ({"loss": "mse"}, "`loss` must be a function, got 'mse'"),
    ({"loss": None}, "`loss` must be a function, got None"),
    ({"augment": 3}, "`augment` must be a function, got 3"),
    ({"optimizer": torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1)}, "`optimizer` must be a f"),
    ({"optimizer": lambda weights: 3}, "`optimizer` must return an Optimizer, got int"),
    ({"scheduler": "cosine"}, "`scheduler` must be 'plateau', None or a function"),
    ({"scheduler": lambda optimizer, steps: None}, "`scheduler` must return a scheduler, got None"),
    ({"metrics": {"loss": max}}, "`metrics` must be functions by name, and no name of epoch"),
    ({"metrics": {"auc": 0.5}}, "`metrics` must be functions by name"),
    ({"metrics": {"auc": lambda y, s: s}}, r"`metrics\['auc'\]` must return one number, got \("),
    ({"monitor": "auroc"}, "`monitor` must be 'loss', got 'auroc'"),
    ({"higher_is_better": True}, "`higher_is_better` must be False for the loss"),
    ({"monitor": "m", "metrics": {"m": max}}, "`higher_is_better` must be True or False, as `mon"),
    ({"loss": lambda o, y: o}, r"`loss` must return one number as a tensor, got \(4, 2\)"),
    ({"loss": lambda o, y: 0.5}, "`loss` must return one number as a tensor, got float"),
    ({"train_set": []}, "`train_set` must have at least one sample, got none"),
    ({"valid_set": iter([])}, "`valid_set` must be a data set with a length"),
    ({"valid_set": (torch.ones(3), torch.ones(2))}, "`valid_set` must be tensors of one length"),
    ({"train_set": [torch.ones(3)] * 4}, "`train_set` must give pairs .*, got Tensor"),
    ({"train_set": [(torch.ones(3), 1, 2)]}, "must give pairs .*, got list of 3"),
    ({"model": nn.Identity()}, "`model` must have a parameter that learns, got none"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_refuses(change, message):
    good = {
        "model": line(), "train_set": points(4), "valid_set": points(4), "loss": F.cross_entropy,
        "epochs": 1, "batch_size": 4, **QUIET,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        train(**{**good, **change})


def test_history_as_table_csv_and_plot(tmp_path):
    import matplotlib.pyplot as plt

    history = train(
        line(), points(8), points(6), loss=F.cross_entropy, epochs=3, batch_size=4,
        metrics={"auroc": lambda y, s: roc_auc_score(y, s[:, 1])}, folder=tmp_path, **QUIET,
    )  # fmt: skip
    table = history.as_table().splitlines()
    assert len(table) == 4
    assert "seconds" not in table[0]
    assert [text.endswith("best") for text in table[1:]].index(True) + 1 == history.best_epoch
    assert "seconds" in history.as_table(seconds=True)
    read = History.from_csv(tmp_path / "history.csv")
    assert read.rows == history.rows  # to the last digit
    assert (read.best_epoch, read.best) == (history.best_epoch, history.best)
    figure = history.plot()
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "auroc"]
    drawn = figure.axes[0].lines[1].get_ydata()
    assert list(drawn) == history.column("valid_loss")
    plt.close(figure)
    with pytest.raises(ValueError, match="`name` must be one of epoch"):
        history.column("accuracy")
    with pytest.raises(ValueError, match="`path` must be a table with a column 'f1'"):
        History.from_csv(tmp_path / "history.csv", monitor="f1")
    empty = History()
    assert (empty.as_table(), empty.best_epoch) == ("no epoch yet", 0)
    with pytest.raises(ValueError, match="no epoch has a valid_loss yet"):
        _ = empty.best
    with pytest.raises(ValueError, match="`rows` must be at least one epoch"):
        empty.plot()


def test_one_model_can_be_trained_twice_and_schedules_of_torch_work():
    model = line()
    for scheduler in (None, lambda o, steps: StepLR(o, 2)):
        train(model, points(8), points(4), loss=F.cross_entropy, epochs=1, batch_size=4,
              scheduler=scheduler, **QUIET)  # fmt: skip
    assert model.weight.isfinite().all()
