"""Several processes give what one gives: gloo on the CPU; and what only a GPU can show."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.training import train
from course_lib.training.batches import epoch_order, shares

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("samples", [1, 2, 7, 12, 13])
def test_shares_lose_and_double_nobody(samples, accumulate, processes):
    """However few samples are left, and with weights that make every step a mean."""
    order = epoch_order(samples, seed=3, epoch=1)
    settings = {"batch_size": 2, "accumulate": accumulate, "processes": processes}
    plans = [shares(order, process=p, **settings) for p in range(processes)]
    assert len({len(plan) for plan in plans}) == 1  # all compute, and step, together
    assert len({tuple(share.ends_step for share in plan) for plan in plans}) == 1
    counted = [n for plan in plans for share in plan if share.weight for n in share.samples]
    assert sorted(counted) == list(range(samples))
    steps = -(-samples // (2 * accumulate * processes))
    by_hand = [s.double().mean().item() for s in torch.tensor(order).tensor_split(steps)]
    assert all(len(share.samples) <= 2 for plan in plans for share in plan)
    found, total = [], 0.0
    for together in zip(*plans, strict=True):
        # What DDP does: the mean over processes of their weighted means.
        total += sum(s.weight * sum(s.samples) / len(s.samples) for s in together) / processes
        if together[0].ends_step:
            found.append(total)
            total = 0.0
    assert found == pytest.approx(by_hand)


SCENES = {
    # samples to train and to validate, settings; a batch of 2 on two processes is one of 4 on one
    "uneven": (13, 7, {}),
    "a rest": (9, 5, {"accumulate": 2}),
    "fewer than processes": (1, 1, {}),
    "workers": (11, 5, {"workers": 1, "epochs": 1}),
}


class Changed(torch.utils.data.Dataset):
    """Points that are changed at random each time."""

    def __init__(self, count, seed):
        self.inputs = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed))

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, number):
        label = (self.inputs[number, 0] > 0).long()
        return self.inputs[number] + 0.1 * torch.rand(3), label


def network(norm=False):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        middle = nn.BatchNorm1d(4) if norm else nn.Tanh()
        return nn.Sequential(nn.Linear(3, 4), middle, nn.Linear(4, 2))


def run(name, batch_size, folder=None, **more):
    samples, held_out, settings = SCENES[name]
    told = []

    def spy(y_true, y_score):
        told.append([y_true.tolist(), y_score.tolist()])
        return y_score.std().item() if len(y_score) > 1 else 0.0

    model = network()
    history = train(
        model, Changed(samples, 1), Changed(held_out, 2), loss=F.cross_entropy, folder=folder,
        optimizer=lambda weights: torch.optim.SGD(weights, 0.5, momentum=0.9), metrics={"spy": spy},
        **{"epochs": 3, "batch_size": batch_size, "progress": False, **settings, **more},
    )  # fmt: skip
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
    weights = [w.tolist() for w in model.state_dict().values()]
    return {"rows": rows, "told": told, "weights": weights, "size": len(model)}


SCRIPT = """
import json, os, sys
sys.path.insert(0, "tests")
from pathlib import Path
import torch
from test_training_processes import SCENES, Changed, network, run
from course_lib.training import train
from course_lib.training.processes import make_accelerator
from accelerate.utils import gather_object

room = Path(sys.argv[1])
accelerator = make_accelerator()
found = {name: run(name, 2) for name in SCENES}
found["half"] = run("uneven", 2, folder=room / "shared", epochs=2)
try:  # a batch norm of its own on each process, and one of them without a batch to validate
    model = network(norm=True)
    train(model, Changed(10, 1), Changed(1, 2), loss=torch.nn.functional.cross_entropy, epochs=2,
          batch_size=3, progress=True)
    found["norm"] = [w.tolist() for w in model.state_dict().values()]
    both = gather_object([found])
finally:
    accelerator.end_training()
if accelerator.is_main_process:
    told = {"processes": accelerator.num_processes, "found": both}
    (room / "told.json").write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    room = tmp_path_factory.mktemp("two")
    script = room / "script.py"
    script.write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*torchrun, str(script), str(room)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
             "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads((room / "told.json").read_text()), "out": done.stdout, "room": room}


def close(one, other):
    """Whether all numbers in two nested lists and dicts agree."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == pytest.approx(other, rel=1e-4, abs=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="compares with one process on the CPU")
@pytest.mark.parametrize("name", SCENES)
def test_two_processes_are_one_with_the_double_batch(name, two_processes):
    assert two_processes["processes"] == 2
    wanted = run(name, 4)
    for process in range(2):
        found = two_processes["found"][process][name]
        assert [len(y) for y, _ in found["told"]] == [SCENES[name][1]] * len(wanted["rows"])
        assert found["told"][0][0] == wanted["told"][0][0]  # each once, in order
        assert close(found, wanted)


def test_only_one_of_two_processes_speaks(two_processes):
    lines = two_processes["out"].splitlines()
    assert [text.split()[1] for text in lines if text.startswith("epoch")] == ["1/2", "2/2"]


def test_two_processes_end_with_the_same_weights_also_of_batch_norm(two_processes):
    first, second = (found["norm"] for found in two_processes["found"])
    assert first == second


@pytest.mark.skipif(torch.cuda.is_available(), reason="compares with one process on the CPU")
def test_one_process_goes_on_with_what_two_have_begun(two_processes):
    """The samples of a step are the same, so the run is the same."""
    found = run("uneven", 4, folder=two_processes["room"] / "shared")
    wanted = run("uneven", 4)
    assert close(found["rows"], wanted["rows"])
    assert close(found["weights"], wanted["weights"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu_bf16_with_channels_last_is_near_float32():
    from course_lib.data.digits import digits

    data = digits(16)
    few = data.train_images[:256], data.train_labels[:256]
    losses = {}
    for name, settings in {
        "float32": {},
        "bf16": {"precision": "bf16", "channels_last": True},
    }.items():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(3136, 10)
        )
        history = train(model, few, few, loss=nn.CrossEntropyLoss(), epochs=3, batch_size=32,
                        progress=False, **settings)  # fmt: skip
        assert next(model.parameters()).device.type == "cuda"
        assert next(model.parameters()).dtype == torch.float32
        losses[name] = history.column("valid_loss")
    assert losses["bf16"] == pytest.approx(losses["float32"], rel=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu_dropout_repeats_and_the_caller_keeps_its_random_numbers():
    def losses():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))
        history = train(
            model, Changed(20, 1), Changed(8, 2), loss=F.cross_entropy, epochs=2, batch_size=4,
            progress=False,
        )  # fmt: skip
        return history.column("train_loss")

    torch.cuda.manual_seed(3)
    wanted = torch.rand(2, device="cuda")
    torch.cuda.manual_seed(3)
    first = losses()
    assert losses() == pytest.approx(first, rel=1e-5)
    torch.cuda.manual_seed(3)
    train(network(), Changed(4, 1), Changed(4, 2), loss=F.cross_entropy, epochs=1, batch_size=4,
          progress=False)  # fmt: skip
    assert torch.equal(torch.rand(2, device="cuda"), wanted)
