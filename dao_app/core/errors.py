"""Errors and verdicts of the core.

Hierarchy::

    CoreError
    └── EncodingError     bytes that are not our strict subset of DAG-CBOR; the only one peers cause
Bugs of ours are ordinary exceptions. What a rule refuses is a ``Rejection`` value, never raised.
"""

from __future__ import annotations


class CoreError(Exception):
    """Base of what the core raises on purpose."""


class EncodingError(CoreError):
    """Input that does not re-encode to the same bytes, or holds what the subset does not allow."""
