"""Who fetches what, so that sessions of one organisation do not ask two peers for the same."""

from __future__ import annotations


class Fetching:
    """Things (a device's actions, the certificates, a content) and the session that asks for each."""

    def __init__(self) -> None:
        self._taken: dict[bytes, object] = {}

    def take(self, thing: bytes, session: object) -> bool:
        """Reserve it for this session; False where another one has it."""
        return self._taken.setdefault(thing, session) is session

    def release(self, session: object) -> None:
        """Free all that this session had."""
        for thing in [t for t, s in self._taken.items() if s is session]:
            del self._taken[thing]
