"""Checkpoints: a run that is stopped, killed or out of room goes on as if nothing had been."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
)

from course_lib.training import checkpoints, train

ROOT = Path(__file__).parents[1]


def network(seed=0, width=6):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(3, width), nn.BatchNorm1d(width), nn.Dropout(0.5), nn.Linear(width, 2)
        )


def points(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 3, generator=generator)
    return inputs, (inputs[:, 0] > 0).long()


def run(model, folder=None, **more):
    settings = {"loss": F.cross_entropy, "epochs": 4, "batch_size": 8, "progress": False}
    return train(model, points(22), points(9, seed=2), folder=folder, **{**settings, **more})


def table(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]


def same_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


class Stop(Exception):
    pass


def stops_in(epoch):
    calls = []

    def metric(y_true, y_score):
        calls.append(1)
        if len(calls) == epoch:
            raise Stop
        return 0.5

    return metric


SCHEDULERS = {
    "plateau": "plateau",
    "none": None,
    "one cycle": lambda adam, steps: OneCycleLR(adam, 0.1, total_steps=steps),
    "cosine": lambda adam, steps: CosineAnnealingLR(adam, steps),
    "milestones": lambda adam, steps: MultiStepLR(adam, [2, 5, 9], gamma=0.5),
    "function": lambda adam, steps: LambdaLR(adam, lambda step: 0.9**step),
    "own plateau": lambda adam, steps: ReduceLROnPlateau(adam, factor=0.5, patience=1),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_goes_on_to_the_same_bits(name, tmp_path):
    """With dropout, batch norm, Adam's moments, every schedule; stopped while epoch 3 is on."""
    settings = {"scheduler": SCHEDULERS[name], "optimizer": lambda w: torch.optim.Adam(w, 0.05)}
    whole, parts = network(), network()
    wanted = run(whole, metrics={"m": lambda y, s: 0.5}, **settings)
    with pytest.raises(Stop):
        run(parts, tmp_path, metrics={"m": stops_in(3)}, **settings)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert len(kept["rows"]) == 2
    other = network(seed=5)  # whatever it knows is replaced
    found = run(other, tmp_path, metrics={"m": stops_in(9)}, **settings)
    assert table(found) == table(wanted)
    assert same_weights(other, whole)
    again = network(seed=6)
    assert table(run(again, tmp_path, metrics={"m": stops_in(1)}, **settings)) == table(wanted)
    assert same_weights(again, whole)  # the run is over: nothing is trained, the best is loaded


def test_more_epochs_and_patience_may_be_asked_for_later(tmp_path):
    whole, parts = network(), network()
    wanted = run(whole, epochs=5)
    run(parts, tmp_path, epochs=2)
    found = run(parts, tmp_path, epochs=5, patience=5)
    assert table(found) == table(wanted)
    assert same_weights(parts, whole)
    assert found.stopped == "all 5 epochs are done"


def test_best_is_kept_on_disk(tmp_path):
    model = network()
    history = run(model, tmp_path, optimizer=lambda w: torch.optim.SGD(w, 5.0), epochs=6)
    stored = torch.load(tmp_path / "best.pt", weights_only=True)
    assert stored["epoch"] == history.best_epoch
    assert history.best_epoch < 6  # otherwise the test says nothing
    assert stored["row"] == history.best
    other = network(seed=3)
    other.load_state_dict(stored["model"])
    assert same_weights(other, model)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.pt", "checkpoint.pt", "history.csv"]


KILLED = """
import json, os, signal, sys, torch
sys.path.insert(0, "tests")
from pathlib import Path
from course_lib.training import checkpoints
from test_training_checkpoints import network, points, run, same_weights, table

room = Path(sys.argv[1])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)

def in_the_epoch():
    seen = []
    def augment(inputs):
        seen.append(1)
        if len(seen) == 8:  # 3 batches an epoch: the second of epoch 3
            die()
        return inputs
    return augment

def in_the_write():
    real, calls = os.fsync, []
    def fsync(file):
        name = os.readlink(f"/proc/self/fd/{file}")
        calls.append(1) if "checkpoint.pt" in name else None
        if len(calls) == 3:
            os.ftruncate(file, os.fstat(file).st_size // 2)
            die()
        real(file)
    checkpoints.os.fsync = fsync

def before_the_best():
    real, calls = os.replace, []
    def replace(old, new):
        real(old, new)
        calls.append(1) if Path(new).name == "checkpoint.pt" else None
        if len(calls) == 3:
            die()
    checkpoints.os.replace = replace

neutral = lambda inputs: inputs
neutral.__qualname__ = "augment"
whole = network()
wanted = table(run(whole, augment=neutral))
told = {}
for name, plan in (("epoch", in_the_epoch), ("write", in_the_write), ("best", before_the_best)):
    child = os.fork()
    if not child:
        augment = plan() or neutral
        augment.__qualname__ = "augment"
        run(network(), room / name, augment=augment)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = sorted(path.name for path in (room / name).iterdir())
    epochs = len(torch.load(room / name / "checkpoint.pt", weights_only=True)["rows"])
    model = network(seed=4)
    found = run(model, room / name, augment=neutral)
    best = torch.load(room / name / "best.pt", weights_only=True)
    told[name] = {
        "signal": -status, "epochs": epochs, "temporary": sum(f.endswith(".tmp") for f in left),
        "table": table(found) == wanted, "weights": same_weights(model, whole),
        "best": best["epoch"] == found.best_epoch,
        "left": sum(p.name.endswith(".tmp") for p in (room / name).iterdir()),
    }
print(json.dumps(told))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_kill_9_loses_nothing_but_the_epoch(tmp_path):
    """In the middle of an epoch, of writing a checkpoint, and between it and the best weights."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    told = json.loads(done.stdout)
    good = {"signal": 9, "table": True, "weights": True, "best": True, "left": 0}
    assert told == {
        "epoch": {**good, "epochs": 2, "temporary": 0},
        "write": {**good, "epochs": 2, "temporary": 1},
        "best": {**good, "epochs": 3, "temporary": 0},
    }


class FullDisk:
    """A file that takes half of what it is given."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_stops_with_a_message_and_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    whole, model = network(), network()
    wanted = run(whole)
    real, calls = Path.open, []

    def full(path, *mode, **more):
        file = real(path, *mode, **more)
        if path.name.startswith("checkpoint.pt"):
            calls.append(path)
            return FullDisk(file) if len(calls) == 3 else file
        return file

    monkeypatch.setattr(Path, "open", full)
    message = (
        "checkpoint of epoch 3 could not be written .No space left.*the one of epoch 2 is kept"
    )
    with pytest.raises(OSError, match=message) as caught:
        run(model, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert str(tmp_path) in str(caught.value)
    assert not list(tmp_path.glob("*.tmp"))
    assert len(torch.load(tmp_path / "checkpoint.pt", weights_only=True)["rows"]) == 2
    assert table(run(model, tmp_path)) == table(wanted)
    assert same_weights(model, whole)


def test_a_full_disk_at_the_first_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "open", lambda path, *mode: FullDisk(open(path, *mode)))  # noqa: SIM115
    with pytest.raises(OSError, match=r"epoch 1 could not be written .*there is none yet"):
        run(network(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(tmp_path, value):
    seen = []

    def loss(outputs, targets):
        seen.append(1)  # 3 batches and 1 validation an epoch
        return F.cross_entropy(outputs, targets) * (value if len(seen) == 10 else 1)

    message = r"train_loss of epoch 3 is (nan|inf): lower the learning rate.*epoch 2 is kept"
    with pytest.raises(FloatingPointError, match=message):
        run(network(), tmp_path, loss=loss)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert len(kept["rows"]) == 2
    assert all(tensor.isfinite().all() for tensor in kept["model"].values())
    with pytest.raises(
        FloatingPointError, match=r"train_loss of epoch 1 is (nan|inf): lower .*finite$"
    ):
        run(network(), loss=lambda out, y: F.cross_entropy(out, y) * value)


def test_a_loss_that_is_no_number_stops_in_the_middle_of_a_long_epoch():
    seen = []

    def loss(outputs, targets):
        seen.append(1)
        return F.cross_entropy(outputs, targets) / (len(seen) != 50)

    with pytest.raises(FloatingPointError, match="train_loss of epoch 1"):
        train(nn.Linear(3, 2), points(400), points(4), loss=loss, epochs=1, batch_size=1,
              progress=False)  # fmt: skip
    assert len(seen) == 50


@pytest.mark.filterwarnings("error")
def test_a_validation_that_says_nothing_stops(tmp_path):
    with pytest.raises(FloatingPointError, match="auroc of epoch 1 is nan: it cannot say which"):
        run(network(), tmp_path, metrics={"auroc": lambda y, s: float("nan")}, monitor="auroc",
            higher_is_better=True)  # fmt: skip
    history = run(network(), metrics={"auroc": lambda y, s: float("nan")})
    assert len(history.rows) == 4  # as long as nobody depends on it


def test_a_hidden_flaw_in_the_validation_loss_stops():
    def loss(outputs, targets):
        return F.cross_entropy(outputs, targets) / (1 if outputs.requires_grad else 0)

    with pytest.raises(FloatingPointError, match="valid_loss of epoch 1 is inf"):
        run(network(), loss=loss)


OTHERS = [
    ({"seed": 1}, "seed is 0 there and 1 here"),
    ({"batch_size": 4}, "samples a step is 8 there and 4 here"),
    ({"accumulate": 2}, "samples a step is 8 there and 16 here"),
    ({"precision": "bf16"}, "precision is float32 there and bf16 here"),
    ({"scheduler": None}, "scheduler is plateau there and none here"),
    ({"loss": F.multi_margin_loss}, "loss is cross_entropy there and multi_margin_loss here"),
    ({"optimizer": lambda w: torch.optim.SGD(w, 0.1)}, r"optimizer is Adam\(lr=0.001, .* and SGD"),
    ({"metrics": {"f": lambda y, s: 1}}, "metrics is  there and f here"),
    ({"augment": network}, "augment is none there and network here"),
    ({"model": network(width=7)}, r"0.weight of the model has shape \(6, 3\) there and \(7, 3\)"),
    ({"model": network()[:2]}, "3.weight of the model is missing here"),
    ({"model": nn.Sequential(*network(), nn.Linear(2, 2))}, "4.weight of the model is missing th"),
    ({"seed": 1, "batch_size": 4}, "samples a step is 8 there and 4 here; seed is 0 there and 1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    run(network(), folder, epochs=1)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def put(folder, files):
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(("change", "message"), OTHERS)
def test_refuses_the_checkpoint_of_another_run(change, message, tmp_path, stored):
    put(tmp_path, stored)
    with pytest.raises(ValueError, match=f"`folder` holds another run: .*{message}") as caught:
        run(**{"model": network(), "folder": tmp_path, **change})
    assert "pass resume=False to start anew" in str(caught.value)
    assert (tmp_path / "checkpoint.pt").read_bytes() == stored["checkpoint.pt"]


def test_starts_anew_on_request(tmp_path, stored):
    put(tmp_path, {**stored, "checkpoint.pt.77.tmp": b"left by a killed run", "notes.txt": b"mine"})
    history = run(network(), tmp_path, epochs=2, seed=1, resume=False)
    assert table(history) == table(run(network(), epochs=2, seed=1))
    assert (tmp_path / "notes.txt").exists()
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: b"",
        lambda raw: raw[:3000] + bytes([raw[3000] ^ 1]) + raw[3001:],
        lambda raw: b"no checkpoint",
    ],
    ids=["half", "one byte less", "empty", "a flipped bit", "something else"],
)
def test_refuses_a_damaged_checkpoint(damage, tmp_path, stored):
    raw = damage(stored["checkpoint.pt"])
    put(tmp_path, {**stored, "checkpoint.pt": raw})
    with pytest.raises(ValueError, match="holds a checkpoint that is cut off or damaged") as caught:
        run(network(), tmp_path)
    assert str(tmp_path / "checkpoint.pt") in str(caught.value)
    assert (tmp_path / "checkpoint.pt").read_bytes() == raw  # it is the user's to delete


@pytest.mark.parametrize(
    "content", [{"weights": 1}, {"format": 2, "settings": {}, "rows": [], "model": {}}]
)
def test_refuses_what_another_program_or_version_wrote(content, tmp_path):
    torch.save(content, tmp_path / "checkpoint.pt")
    message = "format 2, not 1" if "format" in content else "damaged.*KeyError"
    with pytest.raises(ValueError, match=message):
        run(network(), tmp_path)


def test_refuses_a_file_as_folder(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(ValueError, match="`folder` must be a folder, got the file"):
        run(network(), tmp_path / "runs")


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "file"
    checkpoints.write_atomically(path, b"old")
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.os, "replace", lambda *names: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            checkpoints.write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"
    checkpoints.write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
