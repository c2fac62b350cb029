"""Checkpoints: where a run stands after an epoch, so that it can go on as if never stopped.

A folder holds `checkpoint.pt` (all that is needed to go on), `best.pt` (the weights of the best
epoch: `torch.load(path)["model"]`) and `history.csv`. Each file is written under another name,
forced to the disk, and then renamed: whatever happens, the last whole one stays.
"""

import contextlib
import io
import os
import reprlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.training.history import History

FORMAT = 1
_FILES = ("checkpoint.pt", "best.pt", "history.csv")
State = dict[str, Any]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all; on an error what was there before stays."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # on the disk before it gets its name
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # the new name must survive a power cut as well
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy the weights of a model to the CPU, so that further training does not change them."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}


class Checkpoints:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: str | Path, settings: Mapping[str, object]) -> None:
        """Use `folder` for a run with these `settings`, numbers and texts by name."""
        self.folder = Path(folder)
        self.settings = dict(settings)
        self.kept = 0  # the epoch of the last whole checkpoint

    def prepare(self, *, resume: bool) -> None:
        """Make the folder, remove what a killed run left half-written; and all, if not `resume`.

        Raises:
            ValueError: If `folder` is a file.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"`folder` must be a folder, got the file {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            for left in self.folder.glob(f"{name}.*.tmp"):
                left.unlink(missing_ok=True)
            if not resume:
                (self.folder / name).unlink(missing_ok=True)

    def save(self, *, history: History, best: State, model: State, **states: Any) -> None:
        """Write down where the run stands after the last epoch of `history`.

        Args:
            history: So far.
            best: The weights of its best epoch, on the CPU.
            model: The weights now.
            **states: State dicts of whatever else goes on: optimizer, scheduler.

        Raises:
            OSError: If the disk is full or the folder cannot be written; the last whole
                checkpoint is kept, and the message says of which epoch it is.
        """
        epoch = int(history.rows[-1]["epoch"])
        content = {
            "format": FORMAT,
            "settings": self.settings,
            "rows": history.rows,
            "model": model,
            "best": best,
            **states,
        }
        try:
            write_atomically(self.folder / "checkpoint.pt", _packed(content))
            self.kept = epoch
            if history.best_epoch == epoch:
                self._write_best(history, best)
            write_atomically(self.folder / "history.csv", history.as_csv().encode())
        except OSError as error:
            kept = f"the one of epoch {self.kept} is kept" if self.kept else "there is none yet"
            why = error.strerror or error
            raise OSError(
                error.errno,
                f"the checkpoint of epoch {epoch} could not be written ({why}); {kept}. "
                "Make room or choose another folder, and call `train` again: it goes on",
                str(self.folder),
            ) from error

    def load(self, model: nn.Module) -> State | None:
        """Return what `save` wrote last, with tensors on the CPU; None if there is nothing.

        Args:
            model: The one that is to go on; only compared.

        Raises:
            ValueError: If the checkpoint is damaged, or of another model or other settings: the
                message says what differs.
        """
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        anew = "Take another folder, or pass resume=False to start anew"
        try:
            with zipfile.ZipFile(path) as archive:  # torch.load alone misses a flipped bit
                if broken := archive.testzip():
                    raise zipfile.BadZipFile(f"the checksum of {broken} is wrong")
            state: State = torch.load(path, map_location="cpu", weights_only=True)
            form, settings, rows = state["format"], state["settings"], state["rows"]
            theirs = state["model"]
        except Exception as error:  # torch and pickle raise a dozen kinds, none says what to do
            reason = str(error).partition("\n")[0][:200] or type(error).__name__
            raise ValueError(
                f"`folder` holds a checkpoint that is cut off or damaged, {path} "
                f"({type(error).__name__}: {reason}). {anew}"
            ) from error
        if form != FORMAT:
            raise ValueError(f"`folder` holds a checkpoint of format {form}, not {FORMAT}. {anew}")
        differences = _other_settings(settings, self.settings) + _other_model(theirs, model)
        if differences:
            shown = "; ".join(differences[:5])
            more = f"; and {len(differences) - 5} more" if len(differences) > 5 else ""
            raise ValueError(f"`folder` holds another run: {shown}{more}. {anew}")
        self.kept = int(rows[-1]["epoch"])
        return state

    def restore_best(self, history: History, best: State) -> None:
        """Write `best.pt` again if a kill came between it and its checkpoint."""
        try:
            found = torch.load(self.folder / "best.pt", map_location="cpu", weights_only=True)
            whole = found["epoch"] == history.best_epoch
        except Exception:  # missing or damaged: it is made again from the checkpoint
            whole = False
        if not whole:
            self._write_best(history, best)

    def _write_best(self, history: History, best: State) -> None:
        content = {"epoch": history.best_epoch, "row": history.best, "model": best}
        write_atomically(self.folder / "best.pt", _packed(content))


def _packed(content: State) -> bytes:
    # In memory first: torch's own writer turns a full disk into an error without its cause.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _other_settings(theirs: Mapping[str, object], ours: Mapping[str, object]) -> list[str]:
    names = sorted({*theirs, *ours})
    pairs = [(name, theirs.get(name, "not set"), ours.get(name, "not set")) for name in names]
    return [
        f"{name} is {_shown(there)} there and {_shown(here)} here"
        for name, there, here in pairs
        if there != here
    ]


def _other_model(theirs: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    ours = model.state_dict()
    found = [
        f"{name} of the model has shape {tuple(theirs[name].shape)} there and "
        f"{tuple(ours[name].shape)} here"
        for name in ours
        if name in theirs and theirs[name].shape != ours[name].shape
    ]
    found += [f"{name} of the model is missing there" for name in ours if name not in theirs]
    return found + [f"{name} of the model is missing here" for name in theirs if name not in ours]


def _shown(value: object) -> str:
    return value if isinstance(value, str) and len(value) < 80 else reprlib.repr(value)
