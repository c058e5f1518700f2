"""What tests of displays share: pyplot, and a few fits."""

import numpy as np
import pytest


@pytest.fixture
def pyplot():
    """matplotlib.pyplot, with no figures before and after."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.close("all")
    yield plt
    plt.close("all")


@pytest.fixture(
    params=["LossCurve", "Reconstruction", "Code", "CodePlane", "Scree", "Loadings"]
)
def draw(request, quick, bent):
    """A function that draws one of the displays of one of the estimators."""
    import sklearn_ae

    estimator = quick(2).fit(bent)
    from_estimator = getattr(sklearn_ae, request.param + "Display").from_estimator
    rows = {"LossCurve": (), "Reconstruction": (bent[:1],)}.get(request.param, (bent,))
    return lambda **options: from_estimator(estimator, *rows, **options)


@pytest.fixture
def named(bent):
    """A DataFrame of ``bent``, its columns named."""
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(bent, columns=["east", "north", "west", "up"])


@pytest.fixture
def offsets():
    """A function that gives the points of a scatter, (n_samples, 2)."""
    return lambda scatter: np.asarray(scatter.get_offsets())
