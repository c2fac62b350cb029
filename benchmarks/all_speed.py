"""Run every script that claims a speed, one after the other, and keep what they found.

`make bench` calls it, and the page "Speed" of the book shows what it wrote.
"""

import datetime
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from course_lib.data.records import made_by, store_record
from measuring import machine

HERE = Path(__file__).parent
RECORD = HERE.parent / "course_lib" / "data" / "recorded" / "speed.json"


def scripts() -> list[Path]:
    """Return the scripts with claims: those that import `Claim`, this one not among them."""
    is_one = re.compile(r"^from measuring import .*\bClaim\b", re.MULTILINE)
    return [p for p in sorted(HERE.glob("*.py")) if is_one.search(p.read_text(encoding="utf-8"))]


def main() -> None:
    """Run them, each in a Python of its own, and write the record if none failed."""
    where = machine()
    claims = []
    with tempfile.TemporaryDirectory() as folder:
        for script in scripts():
            kept = Path(folder) / f"{script.stem}.json"
            subprocess.run([sys.executable, "-W", "ignore", script, "--into", kept], check=True)
            claims += json.loads(kept.read_text(encoding="utf-8"))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    store_record(
        RECORD, {"made_by": made_by("make bench", date=today, machine=where), "claims": claims}
    )
    print(f"Wrote {RECORD.relative_to(HERE.parent)}; look at `git diff`, then `make book`.")


if __name__ == "__main__":
    main()
