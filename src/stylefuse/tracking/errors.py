"""Errors of tracking that the user can correct."""


class TrackingError(RuntimeError):
    """The tracking database or server cannot be used; the message gives the reason and the remedy."""
