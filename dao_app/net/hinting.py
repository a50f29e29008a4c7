"""Gossip of one organisation's node: own news go out as sealed hints, hints that come in are validated and taken in.

Invariant: nothing is published or passed on before those whom the final state removed are left out, also where their
session has not ended yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import trio

from dao_app.app.errors import StorageError
from dao_app.app.ports import Replica
from dao_app.net import gossip, limits
from dao_app.net.host import Host
from dao_app.net.link import Link
from dao_app.net.meters import Bucket
from dao_app.net.tools import Tools


class Hints:
    """See the module. ``links`` are the node's; ``stored`` is told that a hint brought something new."""

    def __init__(
        self, tools: Tools, replica: Replica, links: Mapping[bytes, Link], stored: Callable[[], None]
    ) -> None:
        self._tools = tools
        self._replica = replica
        self._links = links
        self._stored = stored
        self._buckets: dict[bytes, Bucket] = {}
        self._outbox: list[tuple[Sequence[bytes], Sequence[bytes]]] = []
        self._filled = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._host: Host | None = None
        self._looked_at = -1  # height of the final state by which links were last looked at
        self._in_work = 0

    def announce(self, envelopes: Sequence[bytes], certificates: Sequence[bytes]) -> None:
        """New local actions or certificates: hint at them soon."""
        if (envelopes or certificates) and self._links and len(self._outbox) < limits.GOSSIP_ITEMS_MAX:
            self._outbox.append((envelopes, certificates))
            self._filled.set()

    def linked(self) -> None:
        """There is a link more; what was final when its hello began may be out of date."""
        self._looked_at = -1

    def forget(self, device: bytes) -> None:
        self._buckets.pop(device, None)

    def _newest_key(self) -> bytes | None:
        keys = self._replica.org_keys()
        return keys[-1][1] if keys else None

    async def join_topic(self, host: Host) -> None:
        """Take part in the topic of the newest key."""
        key = self._newest_key()
        if key is not None:
            await host.join_topic(gossip.topic_of(key))

    async def run(self, host: Host) -> None:
        """Publish what is announced."""
        async with trio.open_nursery() as nursery:
            self._nursery, self._host = nursery, host
            try:
                while True:
                    await self._filled.wait()
                    self._filled = trio.Event()
                    await self._publish(host)
            finally:
                self._nursery, self._host, self._in_work = None, None, 0

    async def _publish(self, host: Host) -> None:
        waiting, self._outbox = self._outbox, []
        key = self._newest_key()
        if key is None:
            return
        envelopes = [raw for part, _ in waiting for raw in part]
        certificates = [raw for _, part in waiting for raw in part]
        for message in gossip.sealed_hints(self._tools.sealer, key, envelopes, certificates):
            if not self._leave_out_removed(host):
                return
            await host.publish(message)

    def _leave_out_removed(self, host: Host) -> bool:
        """False where that cannot be looked up now."""
        height = self._replica.height()
        if height != self._looked_at:
            try:
                removed = [device for device in self._links if self._replica.standing(device) == "refused"]
            except StorageError:
                return False
            for device in removed:
                host.dismiss(device)
            self._looked_at = height
        return True

    async def came(self, forwarder: bytes, data: bytes) -> bool:
        """Validate and take in a hint; True if it may be passed on."""
        now = trio.current_time()
        bucket = self._buckets.setdefault(forwarder, Bucket(limits.GOSSIP_PER_S, limits.GOSSIP_BURST, now))
        key = self._newest_key()
        if key is None or self._host is None or forwarder not in self._links or not bucket.take(1, now):
            return False
        if not self._leave_out_removed(self._host):
            return False
        hint = gossip.open_hint(self._tools.sealer, key, data)
        if hint is None:
            return False
        if self._nursery is not None and self._in_work < limits.HINTS_AT_ONCE_MAX:
            self._in_work += 1
            self._nursery.start_soon(self._take, hint)
        return True

    async def _take(self, hint: gossip.Hint) -> None:
        stored = 0
        try:
            if hint.envelopes:
                stored += (await self._replica.admit(hint.envelopes)).stored
            if hint.certificates:
                stored += (await self._replica.admit_certificates(hint.certificates)).stored
        except StorageError:
            return  # a hint only: the session brings it once there is room again
        finally:
            self._in_work -= 1
        if stored:
            for link in self._links.values():
                link.session.content_wanted()
            self._stored()
