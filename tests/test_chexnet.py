"""CheXNet: the paper's numbers, network, table, reader study, and the command line."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from course_lib.cases import chexnet as case
from course_lib.cases.chexnet import published
from course_lib.cases.chexnet.__main__ import main
from course_lib.cases.chexnet.method import mean_auroc
from course_lib.cases.chexnet.sources import open_films
from course_lib.data.findings import FINDINGS
from course_lib.metrics import bootstrap_interval

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real data beside the repository")


class TestPublished:
    @pytest.mark.skipif(not SHARED.is_dir(), reason="needs the lecture's map beside the repository")
    def test_all_numbers_of_the_slides(self):
        text = (SHARED / "lecture" / "map.md").read_text()
        part = text[text.index("L060 14 classes") : text.index("L061 ")]
        rows = re.findall(r"\| ([A-Z][A-Za-z ]+) \| (\.\d+) \| (\.\d+) \| (\.\d+) \|", part)
        found = {name: tuple(map(float, values)) for name, *values in rows}
        assert found == published.AUROC
        line = text[text.index("L059 CheXNet F1") : text.index("L060 14")]
        numbers = re.findall(r"(\.\d+) \((\.\d+),(\.\d+)\)", line)
        slides = [tuple(map(float, row)) for row in numbers]
        assert slides == list(published.F1.values())

    def test_what_does_not_add_up(self):
        """E39."""
        patients, films = (sum(column) for column in zip(*published.SPLIT.values(), strict=True))
        assert patients == published.PATIENTS
        assert published.FILMS - films == 6_712
        names = [f"Radiologist {n}" for n in range(1, 5)]
        average = sum(published.F1[name][0] for name in names) / 4
        assert average == pytest.approx(published.F1["Radiologist average"][0], abs=0.0006)
        difference = published.F1["CheXNet"][0] - published.F1["Radiologist average"][0]
        assert difference == pytest.approx(0.048)
        assert published.F1_DIFFERENCE[0] == 0.051

    def test_findings_are_the_same(self):
        assert tuple(published.AUROC) == FINDINGS


def test_parameters():
    with torch.device("meta"):
        sizes = [sum(p.numel() for p in case.chexnet(k).parameters()) for k in (14, 1)]
    assert sizes == [6_968_206, 6_954_881]


def test_begins_with_weights_that_are_given():
    given = case.chexnet(1000).state_dict()
    model = case.chexnet(14, in_channels=1, weights=given)
    name = "features.denseblock1.denselayer1.conv1.weight"
    assert model.state_dict()[name].equal(given[name])


class TestTable:
    def test_against_scikit_learn_and_the_bootstrap(self):
        rng = torch.Generator().manual_seed(0)
        patients = torch.arange(60) // 2
        labels = (torch.rand(60, 3, generator=rng) < 0.4).float()
        scores = labels + torch.randn(60, 3, generator=rng)
        rows = case.auroc_table(labels, scores, patients, ["a", "b", "c"], resamples=200)
        for k, row in enumerate(rows):
            assert row.auroc == pytest.approx(roc_auc_score(labels[:, k], scores[:, k]))
            assert row.positives == labels[:, k].sum()
            wanted = bootstrap_interval(
                lambda y, s: roc_auc_score(y, s), labels[:, k], scores[:, k],
                groups=patients, generator=0, resamples=200,
            )  # fmt: skip
            assert (row.low, row.high) == pytest.approx(tuple(wanted)[1:])
        aucs = [row.auroc for row in rows]
        assert mean_auroc(labels, scores) == pytest.approx(sum(aucs) / 3)

    def test_a_finding_that_nobody_has(self):
        labels = torch.tensor([[0.0, 1], [0, 0], [0, 1], [0, 0]])
        rows = case.auroc_table(labels, labels + 0.1, range(4), ["a", "b"])
        assert math.isnan(rows[0].auroc)
        assert rows[1].auroc == 1
        assert mean_auroc(labels, labels) == 1
        assert math.isnan(mean_auroc(labels[:, :1], labels[:, :1]))

    def test_refuses_shapes(self):
        with pytest.raises(ValueError, match=r"`labels` and `scores` must be \(N, 2\)"):
            case.auroc_table(torch.zeros(4, 3), torch.zeros(4, 3), range(4), ["a", "b"])


@pytest.fixture(scope="module")
def readings():
    rng = torch.Generator().manual_seed(1)
    truth = (torch.rand(80, generator=rng) < 0.3).float()
    skills = [(0.7, 0.9), (0.6, 0.8), (0.8, 0.85)]
    return torch.stack([
        case.simulate_reader(truth, sensitivity=a, specificity=b, generator=rng)
        for a, b in skills
    ])  # fmt: skip


class TestReaderStudy:
    def test_mean_f1_against_scikit_learn(self, readings):
        found = case.mean_f1(readings)
        for r in range(3):
            wanted = [f1_score(readings[s], readings[r]) for s in range(3) if s != r]
            assert found[r] == pytest.approx(sum(wanted) / 2)

    def test_against_a_loop(self, readings):
        study = case.reader_study(readings[:2], readings[2], resamples=60, generator=5)
        drawn = torch.randint(80, (60, 80), generator=torch.Generator().manual_seed(5))
        loop = np.array([case.mean_f1(readings[:, rows]).tolist() for rows in drawn])
        everyone = case.mean_f1(readings)
        assert study.model.estimate == pytest.approx(everyone[2].item())
        assert study.average.estimate == pytest.approx(everyone[:2].mean().item())
        differences = loop[:, 2] - loop[:, :2].mean(axis=1)
        assert study.bootstrap_mean == pytest.approx(differences.mean())
        for interval, values in (
            (study.readers[1], loop[:, 1]),
            (study.model, loop[:, 2]),
            (study.difference, differences),
        ):
            wanted = np.quantile(values, [0.025, 0.975])
            assert (interval.low, interval.high) == pytest.approx(tuple(wanted))
        assert study.difference.estimate == pytest.approx(
            study.model.estimate - study.average.estimate
        )

    @pytest.mark.parametrize(
        ("readers", "model", "words"),
        [
            ([[0, 1]], [0, 1], "at least two readers"),
            ([[0, 2], [0, 1]], [0, 1], "`readers` must be 0 or 1"),
            ([[0, 1], [0, 1]], [0, 1, 1], "`model` must be 0 or 1"),
            ([[0, 1], [0, 1]], [0, 0.5], "`model` must be 0 or 1"),
        ],
    )
    def test_refuses(self, readers, model, words):
        with pytest.raises(ValueError, match=words):
            case.reader_study(readers, model)

    def test_threshold_against_every_threshold(self):
        rng = torch.Generator().manual_seed(0)
        for _ in range(20):
            labels = (torch.rand(30, generator=rng) < 0.3).float()
            labels[0] = 1
            scores = (labels + torch.randn(30, generator=rng)).round(decimals=0)
            found = case.best_f1_threshold(labels, scores)
            every = {float(t): f1_score(labels, scores >= t) for t in scores.unique()}
            best = max(every.values())
            assert found == max(t for t, f1 in every.items() if f1 == best)
        with pytest.raises(ValueError, match="with a positive"):
            case.best_f1_threshold([0, 0], [0.1, 0.2])

    def test_readers_have_the_skill_that_is_asked_for(self):
        rng = torch.Generator().manual_seed(0)
        truth = (torch.rand(20_000, generator=rng) < 0.5).float()
        hard = torch.rand(20_000, generator=rng)
        skill = {"sensitivity": 0.7, "specificity": 0.9}
        alone, *same = (
            case.simulate_reader(truth, generator=rng, difficulty=d, **skill)
            for d in (None, hard, hard)
        )
        for seen in (alone, *same):
            assert seen[truth == 1].mean() == pytest.approx(0.7, abs=0.02)
            assert seen[truth == 0].mean() == pytest.approx(0.1, abs=0.02)
        wrong = [(seen != truth)[truth == 1].double() for seen in (alone, *same)]
        together = [np.corrcoef(a, b)[0, 1] for a, b in ((wrong[0], wrong[1]), wrong[1:])]
        assert abs(together[0]) < 0.03
        assert together[1] > 0.2

    @pytest.mark.parametrize("change", [{"sensitivity": 1.1}, {"difficulty": torch.zeros(3)}])
    def test_refuses_skills(self, change):
        keywords = {"sensitivity": 0.5, "specificity": 0.5, "generator": torch.Generator()}
        with pytest.raises(ValueError, match=r"`(sensitivity|truth)"):
            case.simulate_reader(torch.zeros(4), **keywords | change)


class TestSources:
    def test_phantoms_share_no_patient(self):
        parts = open_films("phantoms", patients=40, size=32, channels=3).parts
        people = [set(part.patients.tolist()) for part in parts.values()]
        assert sum(map(len, people)) == len(set.union(*people)) == 40
        image, labels = parts["test"][0]
        assert image.shape == (3, 32, 32)
        assert labels.shape == (14,)

    def test_pneumonia_alone(self):
        films = open_films("phantoms", patients=40, size=32, task="pneumonia")
        assert films.findings == ("Pneumonia",)
        assert films.parts["train"].labels.shape[1] == 1
        whole = open_films("phantoms", patients=40, size=32).parts["train"].labels
        column = whole[:, [FINDINGS.index("Pneumonia")]]
        assert films.parts["train"].labels.equal(column)

    @real
    def test_real_films(self):
        folder = SHARED / "data" / "nih_starter"
        films = open_films(folder / "img224", table=folder / "labels.csv", size=32)
        assert sum(map(len, films.parts.values())) == 621
        root = SHARED / "data" / "medmnist"
        films = open_films("medmnist:pneumoniamnist", root=root, size=28, channels=1)
        assert films.findings == ("pneumonia",)
        assert films.parts["test"].labels.shape == (624, 1)

    @pytest.mark.parametrize(
        ("data", "keywords", "words"),
        [
            ("phantoms", {"task": "hernia"}, "`task` must be 'findings' or 'pneumonia'"),
            ("nowhere", {}, "one file Data_Entry_2017"),
            ("medmnist:chest", {}, "`name` must be"),
        ],
    )
    def test_refuses(self, data, keywords, words):
        with pytest.raises(ValueError, match=words):
            open_films(data, **keywords)


class TestCommandLine:
    GIVEN = ("--network", "small", "--patients", "60", "--size", "32")

    def test_runs_and_goes_on(self, tmp_path, capsys):
        given = [*self.GIVEN, "--out", str(tmp_path / "run")]
        first = main([*given, "--epochs", "1"])
        both = main([*given, "--epochs", "2"])
        losses = [row["train_loss"] for row in both["history"]]
        assert len(losses) == 2
        assert losses[0] == first["history"][0]["train_loss"]
        stored = json.loads((tmp_path / "run" / "result.json").read_text())
        assert stored["made_by"]["command"].endswith("--epochs 2")
        assert stored["films"] == both["films"]
        assert set(stored["auroc"]) == set(FINDINGS)
        assert {"seed", "settings", "versions", "device", "torch"} <= set(stored["made_by"])
        assert "Cardiomegaly" in capsys.readouterr().out
        again = main([*self.GIVEN, "--out", str(tmp_path / "other"), "--epochs", "2"])
        assert [row["train_loss"] for row in again["history"]] == losses
        assert again["auroc"]["Effusion"] == both["auroc"]["Effusion"]

    def test_two_processes_share_the_films(self, tmp_path):
        run = "torch.distributed.run --standalone --nproc_per_node 2 -m course_lib.cases.chexnet"
        given = "--network small --patients 30 --size 32 --epochs 1 --batch-size 8"
        command = [sys.executable, "-m", *run.split(), *given.split(), "--out", str(tmp_path)]
        done = subprocess.run(
            command,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("stored ") == 1  # the first process speaks
        result = json.loads((tmp_path / "result.json").read_text())
        parts = open_films("phantoms", patients=30, size=32, channels=1).parts
        assert result["films"] == {name: len(part) for name, part in parts.items()}
        assert result["auroc"]["Effusion"]["positives"] == parts["test"].labels[:, 4].sum()

    def test_help_explains(self, capsys):
        with pytest.raises(SystemExit) as stop:
            main(["--help"])
        assert stop.value.code == 0
        text = capsys.readouterr().out
        for word in ("torchrun", "--data", "--precision", "ChestX-ray14", "goes on"):
            assert word in text

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (["--data", "nowhere"], "Data_Entry_2017"),
            (["--network", "small", "--epochs", "0"], "`epochs` must be at least 1"),
            (["--data", "medmnist:chestmnist", "--root", "."], "chestmnist.npz is not there"),
        ],
    )
    def test_says_what_is_wrong_in_a_line(self, given, words, tmp_path, capsys):
        with pytest.raises(SystemExit) as stop:
            main([*self.GIVEN[2:], *given, "--size", "32", "--out", str(tmp_path)])
        assert stop.value.code == 1
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
