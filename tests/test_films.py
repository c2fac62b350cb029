"""Films on disk: real ones where they are, made ones, and all that can be wrong with them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from pydicom.data import get_testdata_file
from torch.utils.data import DataLoader

from course_lib.data.chest_xray14 import chest_xray14
from course_lib.data.dicom_folder import dicom_folder, read_dicom_film
from course_lib.data.films import films_from_table, one_hot, read_film
from course_lib.data.findings import FINDINGS

SHARED = Path(__file__).parents[2] / "shared" / "data"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real data beside the repository")
HEAD = "Image Index,Finding Labels,Patient ID,Patient Age\n"
ROWS = [
    ("00000001_000.png", "Cardiomegaly|Effusion", 1),
    ("00000001_001.png", "No Finding", 1),
    ("00000002_000.png", "Pleural_Thickening", 2),
    ("00000003_000.png", "No Finding", 3),
    ("00000004_000.png", "Hernia", 4),
    ("00000005_000.png", "Mass", 5),
]


def save(path, mode="L", size=(8, 6), value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    colors = {"L": value, "RGB": (value,) * 3, "RGBA": (value, value, value, 255), "P": value}
    if mode == "I;16":
        Image.fromarray(np.full(size[::-1], value * 257, np.uint16)).save(path)
    else:
        Image.new(mode, size, colors[mode]).save(path)


@pytest.fixture
def nih(tmp_path):
    """A folder as the NIH's: archives unpacked, a table, two lists."""
    for n, (name, _, _) in enumerate(ROWS):
        save(tmp_path / f"images_{n % 2 + 1:03}" / "images" / name, value=10 * n)
    lines = "".join(f"{name},{labels},{patient},50\n" for name, labels, patient in ROWS)
    (tmp_path / "Data_Entry_2017_v2020.csv").write_text(HEAD + lines)
    names = [name for name, _, _ in ROWS]
    (tmp_path / "train_val_list.txt").write_text("\n".join(names[:4]))
    (tmp_path / "test_list.txt").write_text("\n".join(names[4:]) + "\n")
    return tmp_path


class TestReadFilm:
    @pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
    def test_gray(self, tmp_path, mode):
        save(tmp_path / "film.png", mode)
        image = read_film(tmp_path / "film.png")
        assert image.shape == (1, 6, 8)
        assert image.dtype == torch.float32
        torch.testing.assert_close(image, torch.full((1, 6, 8), 100 / 255))

    @pytest.mark.parametrize("mode", ["RGBA", "P"])
    def test_what_is_not_gray_is_named(self, tmp_path, mode):
        save(tmp_path / "film.png", mode)
        with pytest.raises(ValueError, match=rf"film.png is {mode}; pass convert=True"):
            read_film(tmp_path / "film.png")
        assert read_film(tmp_path / "film.png", convert=True).shape == (1, 6, 8)

    def test_a_color_is_not_gray(self, tmp_path):
        Image.new("RGB", (4, 4), (9, 200, 9)).save(tmp_path / "film.png")
        with pytest.raises(ValueError, match=r"film.png is RGB"):
            read_film(tmp_path / "film.png")

    def test_truncated_or_no_image(self, tmp_path):
        noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
        for suffix in ("png", "jpg"):
            path = tmp_path / f"film.{suffix}"
            Image.fromarray(noise).save(path)
            path.write_bytes(path.read_bytes()[:900])
            with pytest.raises(ValueError, match=rf"film.{suffix} cannot be read"):
                read_film(path)
        (tmp_path / "film.png").write_text("<html>not found</html>")
        with pytest.raises(ValueError, match="get the file again"):
            read_film(tmp_path / "film.png")


class TestTable:
    def test_order_labels_and_patients(self, nih):
        films = films_from_table(nih, nih / "Data_Entry_2017_v2020.csv")
        assert len(films) == 6
        assert films.patients.tolist() == [1, 1, 2, 3, 4, 5]
        named = [[FINDINGS[k] for k in row.nonzero().flatten()] for row in films.labels]
        assert named[:3] == [["Cardiomegaly", "Effusion"], [], ["Pleural Thickening"]]
        image, labels = films[5]
        torch.testing.assert_close(image, torch.full((1, 6, 8), 50 / 255))
        assert labels.equal(films.labels[5])

    def test_subset_and_loader(self, nih):
        films = films_from_table(nih, nih / "Data_Entry_2017_v2020.csv", transform=lambda x: 1 - x)
        some = films.subset([5, 0])
        assert some.patients.tolist() == [5, 1]
        assert some.table["Image Index"].tolist() == ["00000005_000.png", "00000001_000.png"]
        assert films.subset(films.patients == 1).table["Finding Labels"].tolist() == [
            "Cardiomegaly|Effusion",
            "No Finding",
        ]
        (images, labels) = next(iter(DataLoader(some, batch_size=2)))
        assert images[:, 0, 0, 0].tolist() == pytest.approx([1 - 50 / 255, 1])
        assert labels.shape == (2, 14)
        assert some.with_transform(None)[0][0].max() < 0.5

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Image Index,Patient ID\na.png,1\n", "lacks Finding Labels and has Image Index"),
            (HEAD, "lacks rows"),
            ("", "is none"),
            (
                HEAD + "00000009_000.png,Mass,9,1\n",
                "lacks 1 of 1, the first being 00000009_000.png",
            ),
            (HEAD + "00000001_000.png,Masses,1,1\n", "row 0 says 'Masses'"),
            (HEAD + "00000001_000.png,Mass,1,1\n" * 2, "has 00000001_000.png twice"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(self, nih, text, words):
        (nih / "table.csv").write_text(text)
        with pytest.raises(ValueError, match=words):
            films_from_table(nih, nih / "table.csv")

    def test_folders(self, nih):
        with pytest.raises(ValueError, match="`folder` must be a folder"):
            films_from_table(nih / "nowhere", nih / "Data_Entry_2017_v2020.csv")
        save(nih / "again" / "00000001_000.png")
        with pytest.raises(ValueError, match="`folder` must hold each name once"):
            films_from_table(nih, nih / "Data_Entry_2017_v2020.csv")

    def test_other_findings(self):
        assert one_hot(["b", "a|b"], ["a", "b"]).tolist() == [[0, 1], [1, 1]]


class TestChestXray14:
    def test_patients_and_official_lists(self, nih):
        films = chest_xray14(nih, valid=1 / 3)
        assert films["test"].patients.tolist() == [4, 5]
        train, valid = (set(films[part].patients.tolist()) for part in ("train", "valid"))
        assert train | valid == {1, 2, 3}
        assert not train & valid
        assert len(valid) == 1

    def test_a_patient_on_both_lists(self, nih):
        names = [name for name, _, _ in ROWS]
        (nih / "train_val_list.txt").write_text("\n".join(names[1:4]))
        (nih / "test_list.txt").write_text("\n".join([names[0], *names[4:]]))
        with pytest.raises(ValueError, match="1 of 5 patients has films in more than one split"):
            chest_xray14(nih)

    @pytest.mark.parametrize(
        ("file", "text", "words"),
        [
            ("test_list.txt", "00000004_000.png", "1 films are not, the first being 00000005_000"),
            ("test_list.txt", "00000007_000.png", "1 are missing, the first being 00000007_000"),
            ("test_list.txt", None, "NIH's list test_list.txt"),
            ("Data_Entry_2017_v2020.csv", None, "one file Data_Entry_2017"),
        ],
    )
    def test_what_is_missing_is_said(self, nih, file, text, words):
        (nih / file).unlink()
        if text:
            (nih / file).write_text(text)
        with pytest.raises(ValueError, match=words):
            chest_xray14(nih)


@real
class TestRealFilms:
    def test_621_at_224_pixels(self):
        folder = SHARED / "nih_starter"
        films = films_from_table(folder / "img224", folder / "labels.csv")
        assert len(films) == 621
        assert films[0][0].shape == (1, 224, 224)
        words = pd.read_csv(folder / "labels.csv")["Finding Labels"].str
        for k, name in enumerate(FINDINGS):
            named = words.contains(name.replace(" ", "_")).sum()
            assert films.labels[:, k].sum() == named

    def test_1000_at_64_pixels_of_which_21_are_rgba(self):
        folder = SHARED / "nih1000"
        films = films_from_table(folder, folder / "labels.csv")
        modes = []
        for path in films.paths:
            with Image.open(path) as image:
                modes.append(image.mode)
        assert (len(modes), modes.count("RGBA")) == (1000, 21)
        with pytest.raises(ValueError, match="is RGBA"):
            films[modes.index("RGBA")]
        films = films_from_table(folder, folder / "labels.csv", convert=True)
        assert all(films[index][0].shape == (1, 64, 64) for index in range(len(films)))


class TestDicomFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        for name in ("CT_small.dcm", "MR_small.dcm"):
            (tmp_path / name).write_bytes(Path(get_testdata_file(name)).read_bytes())
        (tmp_path / "README.txt").write_text("no film")
        return tmp_path

    def test_films_with_and_without_a_table(self, folder):
        films = dicom_folder(folder)
        assert len(films) == 2
        assert all(films.patients)
        assert films.labels.isnan().all()
        image = films[0][0]
        assert image.shape == (1, 128, 128)
        assert (image.min(), image.max()) == (0, 1)
        text = "Image Index,Finding Labels\nMR_small.dcm,Mass\nCT_small.dcm,No Finding\n"
        (folder / "labels.csv").write_text(text)
        labels = dicom_folder(folder, folder / "labels.csv").labels
        assert labels.sum(dim=1).tolist() == [0, 1]

    def test_the_files_own_window(self, folder):
        import pydicom

        data = pydicom.dcmread(folder / "CT_small.dcm")
        data.WindowCenter, data.WindowWidth = [40, 0], [400, 1]
        data.save_as(folder / "CT_small.dcm")
        image = read_dicom_film(folder / "CT_small.dcm")
        values = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
        wanted = np.clip((values - 40) / 400 + 0.5, 0, 1)
        np.testing.assert_allclose(image[0], wanted, atol=1e-6)

    def test_what_is_wrong_is_said(self, folder, tmp_path):
        (folder / "labels.csv").write_text("Image Index,Finding Labels\nMR_small.dcm,Mass\n")
        with pytest.raises(ValueError, match=r"one row for each DICOM file.*CT_small.dcm"):
            dicom_folder(folder, folder / "labels.csv")
        with pytest.raises(ValueError, match="`folder` must be a folder"):
            dicom_folder(folder / "nowhere")
        (folder / "empty").mkdir()
        with pytest.raises(ValueError, match="`folder` must hold DICOM files"):
            dicom_folder(folder / "empty")

    def test_a_file_without_patient_color_or_content(self, folder):
        import pydicom

        data = pydicom.dcmread(folder / "CT_small.dcm")
        data.PixelData = bytes(len(data.PixelData))
        data.save_as(folder / "CT_small.dcm")
        with pytest.raises(ValueError, match="everywhere"):
            read_dicom_film(folder / "CT_small.dcm")
        del data.PatientID
        data.save_as(folder / "CT_small.dcm")
        with pytest.raises(ValueError, match=r"CT_small.dcm says none"):
            dicom_folder(folder)
