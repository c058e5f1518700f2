"""What is fitted, elsewhere: files that hold no code."""

from ._file import load, save

__all__ = ["load", "save"]
