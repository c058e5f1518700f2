"""A fit and its uses hold the table about once more, however many rows it has."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
    import json, warnings
    from pathlib import Path
    import numpy as np
    import sklearn_ae

    def peak(function, X):
        Path("/proc/self/clear_refs").write_text("5")  # the highest is what is held now
        before = held("VmRSS")
        function(X)
        return (held("VmHWM") - before) * 1024 / X.nbytes

    def held(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).rand(60_000, 40).astype(np.float32)
    shares = {}
    for kind in ("AutoencoderTransformer", "DenoisingAutoencoder"):
        ae = getattr(sklearn_ae, kind)(2, max_iter=1, hidden_layer_sizes=(64,))
        ae.fit(X[:1000]).score(X[:1000])
        shares[kind] = {"fit": peak(ae.fit, X)}
        for name in ("score", "score_samples", "transform"):
            shares[kind][name] = peak(getattr(ae, name), X)
    # Cheap to decompose at once, which would hold it several times.
    X = np.random.RandomState(0).rand(200_000, 12)
    linear = sklearn_ae.AutoencoderTransformer(2, hidden_layer_sizes=())
    shares["narrow"] = peak(linear.fit, X)
    print(json.dumps(shares))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_a_fit_holds_the_rows_once_and_scores_hold_few():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
        # Parts are given back at once: else glibc keeps some, by chance up to 90 MB.
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"},
    )
    shares = json.loads(done.stdout)
    assert shares.pop("narrow") < 2.0
    for name, taken in shares.items():
        most = 2.0 if name == "AutoencoderTransformer" else 4.0
        assert taken.pop("fit") < most, shares
        # The hidden layers of all rows at once would take more than the rows do.
        assert max(taken.values()) < 1.0, shares
