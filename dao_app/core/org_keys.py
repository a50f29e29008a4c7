"""The organisation's key by epochs (protocol §5, §6): how a key is named, and which keys a state names.

A key is 32 random bytes; its id gives nothing of it away, so an id in the log tells everybody which key is meant.
"""

from __future__ import annotations

from dao_app.core.encoding import digest, encode
from dao_app.core.key_entities import Epoch

KEY_BYTES = 32
ID_PREFIX = b"guildhall/epoch-key/1\0"
OrgKey = tuple[int, bytes]  # height of the epoch, key


def key_id(org: bytes, height: int, key: bytes) -> bytes:
    """The id (32 bytes) of an epoch's key; the first one (height 0) is older than the organisation's own id."""
    return digest(ID_PREFIX + encode([org if height else None, height, key]))


def named_ids(epoch: Epoch | None) -> dict[int, bytes]:
    """Height → id of the keys that a state names: the epoch's, where there is one, and those of the epochs before."""
    if epoch is None:
        return {}
    found = dict(epoch.before)
    if epoch.key_id:
        found[epoch.height] = epoch.key_id
    return found
