"""What a frozen autoencoder consists of, and its file: one .npz of numpy, without pickle.

Settings are a dict:

    format              1
    n_features          width of a row
    n_components        length of a code
    encoder_sizes       widths of the hidden layers; null where there is but the skip
    decoder_sizes       the same of the decoder, from the code on
    linear_skip         whether there are linear shortcuts
    activation          of hidden layers; and code_activation, output_activation
    crosses_link        whether the decoder's skip passes the inverse of the link
    rank                of the density that missing cells are filled from, 0 where the rows
                        of the fit had none; null where none may be missing
    feature_names       of the columns, text or integers; or null
    columns             one entry per column, if some have levels, or numbers come back
                        rounded; else the key is left out. The dtype that numbers are
                        rounded to; or a list of levels: text, booleans, numbers. It is
                        empty where all cells of the fit were missing

Arrays have the names and shapes of ``expected_shapes``. A layer's weight is (n_out, n_in).
"""

import json
import os
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ._cells import MOST_COLLISIONS, is_missing, n_collisions
from ._files import check_is_file, replace_file
from ._functions import ACTIVATIONS, LINK_INVERSES
from ._layout import Layout
from ._table import DTYPES

__all__ = ["FORMAT", "find_fault", "read_file", "write_file"]

FORMAT = 1

_NAMES = {"activation", "code_activation", "output_activation"}
_KEYS = {"format", "n_features", "n_components", "feature_names", "rank", *_NAMES}
_KEYS |= {"encoder_sizes", "decoder_sizes", "linear_skip", "crosses_link"}
_LEVELS = str, bool, int, float
_UNITS = [
    f"{units}.{dtype}"
    for units in ("units_in", "units_out")
    for dtype in ("float32", "float64")
]


def find_fault(settings: Any, arrays: Mapping[str, np.ndarray]) -> str | None:
    """Return in words what is wrong with settings or arrays, None if nothing is."""
    # Both may come from a file of anybody's: nothing is taken for granted.
    fault = _fault_of_settings(settings)
    if fault is not None:
        return fault
    expected = expected_shapes(settings)
    # Of units there may be two offsets before the scale, and not one.
    given = {
        name: array.shape[1:] if name in _UNITS else array.shape
        for name, array in arrays.items()
    }
    if given != expected:
        wrong = sorted(n for n in {*given, *expected} if given.get(n) != expected.get(n))
        return f"arrays that are missing, foreign or of another shape ({', '.join(wrong)})"
    if any(len(arrays[name]) not in (2, 3) for name in _UNITS):
        return "units that are not one or two offsets and a scale"
    return _fault_of_values(settings, arrays)


def _fault_of_values(settings: dict, arrays: Mapping[str, np.ndarray]) -> str | None:
    levels = list(Layout(settings).n_levels)
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float64):
            return f"values in {name} that are no finite floats"
        known = array
        if name in _UNITS and settings["rank"] is not None:
            # The offset of a column is NaN where no cell of the fit had a value.
            known = array[:, ~np.isnan(array[0])]
        if not np.isfinite(known).all():
            return f"values in {name} that are no finite floats"
        # An index of a level has to stay one.
        if name in _UNITS and not (
            (array[:-1, levels] == 0).all() and (array[-1, levels] == 1).all()
        ):
            return f"values in {name} that are no units of levels"
    return None


def _fault_of_settings(settings: Any) -> str | None:
    if not isinstance(settings, dict) or set(settings) - {"columns"} != _KEYS:
        return "other settings"
    n_features, names = settings["n_features"], settings["feature_names"]
    sizes = [n_features, settings["n_components"]]
    layers = [settings[f"{half}_sizes"] for half in ("encoder", "decoder")]
    for several in layers:
        # Neither a list nor null: a size that is none.
        sizes += several if isinstance(several, list) else [1 if several is None else 0]
    skip, crosses = flags = settings["linear_skip"], settings["crosses_link"]
    has_inverse = settings["output_activation"] in [*LINK_INVERSES]
    rank = settings["rank"]
    # The first that is true is told; later ones rely on those before.
    faults = {
        f"format {settings['format']!r}": settings["format"] != FORMAT,
        "sizes that are no positive integers": any(
            type(size) is not int or size < 1 for size in sizes
        ),
        "a rank that is none": rank is not None and (type(rank) is not int or rank < 0),
        "an unknown activation": any(settings[a] not in [*ACTIVATIONS] for a in _NAMES),
        "flags that are neither true nor false": any(type(f) is not bool for f in flags),
        "neither layers nor a skip": not skip and None in layers,
        "a link without an inverse": crosses and not (skip and has_inverse),
        "names that are not one per column": names is not None
        and not (
            isinstance(names, list)
            and len(names) == n_features
            and {*map(type, names)} in ({str}, {int})
        ),
    }
    fault = next((fault for fault, is_true in faults.items() if is_true), None)
    return fault if "columns" not in settings else fault or _fault_of_columns(settings)


def _fault_of_columns(settings: dict) -> str | None:
    columns = settings["columns"]
    if not isinstance(columns, list) or len(columns) != settings["n_features"]:
        return "columns that are not one per feature"
    for column in columns:
        if not isinstance(column, list):
            if not isinstance(column, str) or column not in DTYPES:
                return "columns that are neither numbers nor levels"
        else:
            fault = _fault_of_levels(column, settings["rank"])
            if fault is not None:
                return fault
    return None


def _fault_of_levels(levels: list, rank: int | None) -> str | None:
    if rank is None:
        return "levels without a rank"
    if any(type(x) not in _LEVELS or is_missing(x) for x in levels):
        return "levels that are neither text, booleans nor numbers"
    if n_collisions(levels) > MOST_COLLISIONS:
        return "levels that dictionaries take too long for"
    return "levels that are there twice" if len(set(levels)) < len(levels) else None


def expected_shapes(settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all arrays by name; of units that of each row."""
    n_features, n_components = settings["n_features"], settings["n_components"]
    layout = Layout(settings)
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(_UNITS, (n_features,))
    shapes |= {"decoder.spread": (layout.n_out,), **layout.shapes}
    square = n_components, n_components
    shapes |= {"axes.weight": square, "axes.inverse_weight": square}
    shapes["axes.bias"] = (n_components,)
    ends = {
        "encoder": (layout.n_blocks, n_components),
        "decoder": (n_components, layout.n_out),
    }
    rank = settings["rank"]
    if rank:
        shapes |= dict.fromkeys(("fill.mean", "fill.noise"), (layout.n_blocks,))
        shapes["fill.loadings"] = layout.n_blocks, rank
    for half, (n_in, n_out) in ends.items():
        layers = {"skip": (n_in, n_out)} if settings["linear_skip"] else {}
        sizes = settings[f"{half}_sizes"]
        if sizes is not None:
            # Layers see which cells were missing too, and embeddings.
            n_seen = layout.n_in if half == "encoder" else n_in
            widths = pairwise((n_seen, *sizes, n_out))
            layers |= {str(i): pair for i, pair in enumerate(widths)}
        for place, (width, n_nodes) in layers.items():
            shapes[f"{half}.{place}.weight"] = n_nodes, width
            shapes[f"{half}.{place}.bias"] = (n_nodes,)
    return shapes


def write_file(path: Any, settings: dict, arrays: Mapping[str, np.ndarray]) -> None:
    """Write all of it to ``path``: the whole file, or none."""
    parts: dict[str, Any] = {**arrays, "settings": np.array(json.dumps(settings))}
    replace_file(path, lambda file: np.savez(file, **parts))


def read_file(path: Any) -> tuple[dict, dict[str, np.ndarray]]:
    """Return settings and arrays of a file, or raise ValueError."""
    fault: str | None
    cause: Exception | None = None
    check_is_file(path)
    with open(path, "rb") as file:  # its errors say what they mean
        try:
            with np.load(file, allow_pickle=False) as archive:
                _refuse_to_unpack(archive, os.fstat(file.fileno()).st_size)
                arrays = {name: archive[name] for name in archive.files}
            settings = json.loads(arrays.pop("settings").item())
            fault = find_fault(settings, arrays)
        except Exception as error:  # zipfile, zlib, numpy and json have a dozen kinds
            cause, fault = error, f"what cannot be read ({str(error) or repr(error)})"
    if fault is not None:
        raise ValueError(
            f"{os.fspath(path)!r} has {fault}; expected a file that "
            "NumpyAutoencoder.save wrote, whole and unchanged. Write it anew with "
            "est.to_numpy().save(path), and copy it as a binary file."
        ) from cause
    return settings, arrays


def _refuse_to_unpack(archive: Any, n_bytes: int) -> None:
    """Raise ValueError if parts of the archive are more than the bytes of the file."""
    # We never compress, and what a part says of its size once unpacked may be a lie: a
    # small file that unpacks to the whole memory is not ours.
    parts = archive.zip.infolist()
    stored = all(
        part.compress_type == zipfile.ZIP_STORED and not part.flag_bits & 1  # encrypted
        for part in parts
    )
    if not stored or sum(part.file_size for part in parts) > n_bytes:
        raise ValueError("compressed parts")
