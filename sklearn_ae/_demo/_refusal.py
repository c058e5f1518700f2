"""What the demo cannot use."""

__all__ = ["Refusal"]


class Refusal(Exception):
    """What was given, what was expected, and the way out, in words for a terminal."""
