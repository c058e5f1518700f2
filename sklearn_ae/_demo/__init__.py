"""The demo: PCA and an autoencoder, on handwritten digits or on a table of the user's."""

from ._command import main

__all__ = ["main"]
