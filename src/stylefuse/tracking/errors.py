"""Errors of tracking that a user can act on."""


class TrackingError(RuntimeError):
    """The tracking database or server cannot be used; the message says why, and what to do."""
