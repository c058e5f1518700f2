"""How much longer does ``import sklearn_ae`` take than ``import torch, sklearn``?

Whole processes, interleaved, medians.

    python benchmarks/import_time.py            a minute
    python benchmarks/import_time.py --quick    fewer repeats
"""

import argparse
import subprocess
import sys

from timing import interleaved


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    n_repeats = 5 if parser.parse_args().quick else 21

    def process(statement):
        subprocess.run([sys.executable, "-c", statement], check=True)

    seconds = interleaved(
        {
            name: lambda name=name: process(name)
            for name in ("import torch, sklearn", "import sklearn_ae")
        },
        n_repeats,
    )
    for statement, taken in seconds.items():
        print(f"| {statement} | {taken:.3f} s |")
    both, ours = seconds.values()
    print(f"| more | {ours / both - 1:.1%} |")


if __name__ == "__main__":
    main()
