"""How well learners of scikit-learn predict a column from codes."""

from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ._columns import is_number, short

__all__ = ["are_classes", "print_predictions"]

MOST_CLASSES = 10  # numbers of more different values are predicted as numbers


def are_classes(y):
    """Return whether a column is predicted as classes, rather than as a number."""
    return not is_number(y) or y.nunique() <= MOST_CLASSES


def print_predictions(fits, parts, y, y_test):
    """Print the scores of a linear learner and of neighbours on held-out codes.

    Parameters
    ----------
    fits : dict
        By code size, the pair of PCA and autoencoder.
    parts : tuple of two DataFrames
        Training rows and held-out rows.
    y, y_test : Series
        Their targets.
    """
    if are_classes(y):
        y, y_test = y.astype(str), y_test.astype(str)
        learners = LogisticRegression(max_iter=300), KNeighborsClassifier(10)
        names = "logistic regression", "10 nearest neighbours"
        frequent = (y_test == y.mode()[0]).mean()
        told = f"accuracy; {short(y.mode()[0])!r} alone: {frequent:.3f}"
    else:
        y, y_test = y.astype(float), y_test.astype(float)
        learners = Ridge(), KNeighborsRegressor(10)
        names = "ridge regression", "10 nearest neighbours"
        told = "R2; the mean alone: 0"
    print(f"\nHow well codes predict {short(y.name)!r} in held-out rows ({told}):")
    print(f"           {names[0]:>21}   {names[1]:>21}")
    print("code size       PCA  autoencoder        PCA  autoencoder")
    for size, pair in fits.items():
        codes = [[reducer.transform(part) for part in parts] for reducer in pair]
        cells = []
        for learner in learners:
            model = make_pipeline(StandardScaler(), learner)
            for train, test in codes:
                cells.append(model.fit(train, y).score(test, y_test))
        print(f"{size:9d} {cells[0]:9.3f} {cells[1]:12.3f} ", end="")
        print(f"{cells[2]:9.3f} {cells[3]:12.3f}", flush=True)
