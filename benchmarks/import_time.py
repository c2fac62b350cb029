"""How much longer than torch alone do the metrics take to import? In a new Python each time."""

import json
import subprocess
import sys

from measuring import Bar, Claim, case, main

TIMED = """
import json, time
times = [time.perf_counter()]
import torch
times.append(time.perf_counter())
import course_lib.metrics
times.append(time.perf_counter())
print(json.dumps(times))
"""


def imports(small: bool) -> Claim:
    """Measure both imports in one process, and start again."""
    both, alone = [], []
    for turn in range(1 if small else 8):
        done = subprocess.run([sys.executable, "-c", TIMED], stdout=subprocess.PIPE, check=True)
        start, torch_is_there, all_is_there = json.loads(done.stdout)
        if turn or small:  # the first one reads the files from the disk
            both.append((all_is_there - start) * 1000)
            alone.append((torch_is_there - start) * 1000)
    return Claim(
        title="Importing the metrics",
        means="The same new Python imports torch, which the metrics need, and then "
        "course_lib.metrics.",
        size="one import each",
        ours="with course_lib.metrics",
        peer="torch",
        bar=Bar("more", 150),
        cases=[case("import", both, alone)],
    )


CLAIMS = (imports,)

if __name__ == "__main__":
    main(*CLAIMS)
