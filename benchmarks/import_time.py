"""How much longer does the import of an estimator take than ``import torch, sklearn``?

Medians over processes of their own, of the CPU time of both imports, one after the other:
seconds that pass, and those of whole processes, differ more between runs than the import
takes. Modules are compiled before.

    python benchmarks/import_time.py            a minute
    python benchmarks/import_time.py --quick    fewer repeats
"""

import argparse
import os
import statistics
import subprocess
import sys

PROGRAM = """
from time import process_time
start = process_time()
import torch, sklearn
middle = process_time()
from sklearn_ae import AutoencoderTransformer
print(middle - start, process_time() - middle)
"""


def both():
    """Return the CPU time of ``import torch, sklearn``, and of ours after it."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, check=True, env=kept, capture_output=True, text=True)
    return [float(seconds) for seconds in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    n_repeats = 5 if parser.parse_args().quick else 21
    both()  # compiles
    theirs, ours = zip(*(both() for _ in range(n_repeats)), strict=True)
    print(f"| import torch, sklearn | {statistics.median(theirs):.3f} s |")
    print(f"| import an estimator | {statistics.median(ours):.3f} s |")
    more = statistics.median(b / a for a, b in zip(theirs, ours, strict=True))
    print(f"| more | {more:.1%} |")


if __name__ == "__main__":
    main()
