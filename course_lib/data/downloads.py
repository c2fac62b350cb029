"""Fetch a file once: with progress, to be continued, checked, and never half of it in its place."""

import hashlib
import os
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

CHUNK = 1 << 20


def fetch(
    url: str,
    path: str | Path,
    *,
    size: int | None = None,
    md5: str | None = None,
    sha256: str | None = None,
    progress: bool = True,
    timeout: float = 30,
) -> Path:
    """Return `path`, after downloading it from `url` unless it is there already.

    What has come is kept beside it under the name `path` + ".part", and the next call goes on
    from there. Only a whole, checked file takes the place of `path`, in one step.

    Args:
        url: Where the file is.
        path: Where it is to be; its folder is made.
        size: What it must have, in bytes.
        md5: Its checksum, in hexadecimal digits.
        sha256: Another one.
        progress: Show a bar of text where the output is a terminal; nothing else is written.
        timeout: Seconds without any byte after which the server is given up.

    Raises:
        ConnectionError: If the server cannot be reached, refuses, or stops; what came is kept.
        ValueError: If the file, old or new, hasn't the size or checksum that it must have. A new
            one is removed, an old one is left for you to look at.
        OSError: If the disk is full, or the folder cannot be written. What came is kept.
    """
    path = Path(path)
    wanted = {"size": size, "md5": md5, "sha256": sha256}
    if path.exists():
        if wrong := _differs(path, wanted):
            raise ValueError(
                f"`path` must be the file of {url}, but {path} {wrong}; move it away and try again"
            )
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        _continue(url, part, progress, timeout)
    except (HTTPError, URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        kept = part.stat().st_size if part.exists() else 0
        raise ConnectionError(
            f"could not get {url}: {reason}. {kept:,} bytes are kept in {part}, and the next try "
            f"goes on from there; or put the file at {path} yourself"
        ) from error
    if wrong := _differs(part, wanted):
        part.unlink()
        raise ValueError(f"`url` must give the file that was promised, but {url} {wrong}")
    os.replace(part, path)
    return path


def _continue(url: str, part: Path, progress: bool, timeout: float) -> None:
    """Append to `part` what is missing of it."""
    from tqdm import tqdm

    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urlopen(request, timeout=timeout)
    except HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send
            return
        raise
    with answer:
        if have and answer.status != 206:  # the server starts again
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        bar = tqdm(
            desc=part.stem,
            initial=have,
            total=total,
            unit="B",
            unit_scale=True,
            file=sys.stdout,
            disable=None if progress else True,  # None: where the output is no terminal
        )
        with bar, part.open("ab" if have else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
            file.flush()
            os.fsync(file.fileno())
    if total is not None and part.stat().st_size < total:
        raise ConnectionError(
            f"the server stopped after {part.stat().st_size:,} of {total:,} bytes"
        )


def _differs(path: Path, wanted: dict[str, Any]) -> str:
    """Say in what `path` is not as `wanted`; nothing if it is."""
    if wanted["size"] is not None and path.stat().st_size != wanted["size"]:
        return f"has {path.stat().st_size:,} bytes, not {wanted['size']:,}"
    for kind in ("md5", "sha256"):
        if wanted[kind] is not None:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, kind).hexdigest()
            if found != wanted[kind].lower():
                return f"has the {kind} {found}, not {wanted[kind]}"
    return ""
