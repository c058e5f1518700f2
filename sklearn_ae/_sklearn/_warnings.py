"""Warnings that point to the user's line of code, at any depth of the call stack."""

import sys
import warnings

__all__ = ["warn_user"]

_OURS_AND_THEIRS = ("sklearn_ae", "sklearn", "joblib")


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside of this package and scikit-learn."""
    # ``stacklevel`` needs a fixed depth, which differs between a fit, a pipeline and a grid
    # search.
    frame = sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _OURS_AND_THEIRS:
            break
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__"),
        # The caller's registry: with it "once per location" holds for the user's line.
        frame.f_globals.setdefault("__warningregistry__", {}),
    )
