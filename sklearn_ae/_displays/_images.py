"""Samples as images: many of them in one picture."""

import numpy as np

__all__ = ["check_image_shape", "mosaic", "show"]


def check_image_shape(image_shape, n_features):
    """Return ``image_shape`` as (height, width) or (height, width, 3), or raise."""
    shape = tuple(np.atleast_1d(image_shape).tolist())
    are_counts = all(isinstance(side, int) and side > 0 for side in shape)
    fits = are_counts and len(shape) in (2, 3) and shape[2:] in ((), (3,))
    if not fits or np.prod(shape) != n_features:
        raise ValueError(
            f"image_shape={image_shape!r} does not fit rows of {n_features} columns; "
            "expected (height, width) or (height, width, 3) with as many cells. Pass the "
            "shape that images had before they became rows, or None for a table."
        )
    return shape


def mosaic(rows, n_across, image_shape):
    """Return one picture of images in a grid, with a gap around each.

    Parameters
    ----------
    rows : ndarray of shape (n_images, n_features)
        Images in reading order.
    n_across : int
        Number of images per line.
    image_shape : tuple of int

    Returns
    -------
    picture : ndarray of shape (n_lines * (height + 2), n_across * (width + 2), ...)
        NaN in the gaps.
    """
    height, width, *colours = image_shape
    tiles = rows.astype(float).reshape(-1, n_across, height, width, *colours)
    gap = [(0, 0), (0, 0), (1, 1), (1, 1)] + [(0, 0)] * len(colours)
    tiles = np.pad(tiles, gap, constant_values=np.nan).swapaxes(1, 2)
    n_lines, n_across = len(tiles), tiles.shape[2]
    return tiles.reshape(n_lines * (height + 2), n_across * (width + 2), *colours)


def show(ax, picture, limits, **options):
    """Draw ``picture``, with values between ``limits``: dark on white, or in colour."""
    low, high = limits
    if picture.ndim == 2:
        return ax.imshow(picture, cmap="gray_r", vmin=low, vmax=high, **options)
    shares = (picture - low) / ((high - low) or 1.0)
    return ax.imshow(np.nan_to_num(shares, nan=1.0).clip(0, 1), **options)
