"""Failures that belong to no layer in particular.

What goes wrong here is of three kinds. A bug in this program is a `LocalError` and never caught.
What another party did wrong without proof is a typed error of the module that noticed it, or a
rejection, and ends where it is noticed. What it did wrong with proof is a `protocol.entries.Fault`.
"""

from __future__ import annotations


class LocalError(Exception):
    """A bug: this code, or its caller, broke the rules of an interface. Never caught."""


class DecodeError(ValueError):
    """Bytes are not the canonical encoding of the expected type."""


class FigureError(ValueError):
    """No such results, figure, format or width; the message says what there is."""
