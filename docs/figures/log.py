"""Read tables of the benchmark log, so that a figure shows what a run printed."""

from pathlib import Path

LOG = Path(__file__).parents[2] / "benchmarks" / "README.md"


def table(script, number=0):
    """Return the rows of a table in the section of a script, as dicts of text."""
    (section,) = [
        part
        for part in LOG.read_text().split("\n## ")
        if part.splitlines()[0].endswith(f"`{script}`")
    ]
    found = [[]]
    for line in section.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    head, _, *lines = found[number]
    return [dict(zip(head, cells, strict=True)) for cells in lines]
