"""The version of kcore."""

__version__ = "0.1.0"


def version() -> str:
    """The version as text, as `keras.version()` gives it."""
    return __version__
