"""Bytes and messages of one session where nothing, 10 or 1,000 actions are new, beside the envelopes' own bytes.

Sans-IO: the frames that the network would carry, without Noise and TCP. 56 devices, as in the workload.
"""

from __future__ import annotations

from tests.fakes.replica import Device, FakeReplica
from tests.net.pump import Pump

DEVICES = 56
EACH = 40  # actions of each device that both sides hold
FRESH = (0, 10, 1_000)
START_MS = 1_790_000_000_000


def measure() -> dict[str, float]:
    found: dict[str, float] = {}
    for fresh in FRESH:
        one, two = FakeReplica(Device("one")), FakeReplica(Device("two"))
        devices = [Device(f"w{number}") for number in range(DEVICES)]
        at = START_MS
        for _ in range(EACH):
            for device in devices:
                one.write(device, at)
                at += 1
        two.copy_from(one)
        for number in range(fresh):
            one.write(devices[number % DEVICES], at + number)
        new = [raw for d in devices for raw in one.envelopes(d.signer.public, EACH + 1, EACH + fresh, 1 << 30)]
        pump = Pump()
        ends = pump.connect(one, two)
        pump.run()
        assert one.heads_digest() == two.heads_digest()
        traffic = [end.session.traffic for end in ends]
        found[f"resync_{fresh}_bytes"] = float(sum(t.bytes_out for t in traffic))
        found[f"resync_{fresh}_messages"] = float(sum(t.messages_out for t in traffic))
        if new:
            found[f"resync_{fresh}_envelope_bytes"] = float(sum(map(len, new)))
    return found
