"""Parameters that are counts: positive integers, and no booleans."""

from numbers import Integral

__all__ = ["COUNTS", "refuse_booleans", "validate_count"]

COUNTS = ("n_components", "batch_size", "max_iter", "n_iter_no_change", "kl_warmup")


def validate_count(name: str, count, most: int | None = None) -> None:
    """Raise ValueError unless ``count`` is an integer from 1 on, at most ``most``."""
    is_count = isinstance(count, Integral) and not isinstance(count, bool)
    if not is_count or int(count) < 1 or (most is not None and int(count) > most):
        limits = "of at least 1" if most is None else f"from 1 to {most}"
        raise ValueError(
            f"{name}={count!r} must be an integer {limits}. Pass {name}=1 for one."
        )


def refuse_booleans(estimator) -> None:
    """Raise ValueError: a parameter of ``estimator`` that should be a count is none."""
    for name in COUNTS:
        count = getattr(estimator, name, None)
        if isinstance(count, bool):
            raise ValueError(
                f"{name}={count!r} is a boolean; expected a number. Pass "
                f"{name}={int(count)} if that was meant."
            )
