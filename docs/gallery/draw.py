"""Run the examples of the gallery and save the pictures that each shows.

python docs/gallery/draw.py            into docs/gallery/images
python docs/gallery/draw.py FOLDER     elsewhere, to see that they run
"""

import runpy
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "images"
    for example in sorted(HERE.glob("plot_*.py")):
        runpy.run_path(str(example))
        name = example.stem.removeprefix("plot_")
        for number in plt.get_fignums():
            figure = plt.figure(number)
            label = figure.get_label()  # of an example with several pictures
            picture = folder / f"{name}{'_' if label else ''}{label}.png"
            figure.savefig(picture, dpi=110)
            print(picture)
        plt.close("all")


if __name__ == "__main__":
    main()
