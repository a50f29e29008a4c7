"""Size of a result's certificate, and how fast it is checked, over a chain with many changes of witnesses."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

CHECKPOINTS, CHANGES = 1_000, 10


def measure(work: Path) -> dict[str, float]:
    from dao_app.app.proofs import make_proof, signed_by
    from dao_app.core.finality.proofs import Proven, encode_proof, keys_of_result, parse_proof, verify
    from tests.fakes.chains import Chain, witnesses
    from tests.fakes.world import World
    from tests.unit.rules.votes import adopt, body

    folder = Path(tempfile.mkdtemp(dir=work))
    world = World(folder)
    world.seal()
    id_ = adopt(world, body("decision", title="Choose shared hosting for the tools of the alliance"))
    found: dict[str, float] = {}
    for count, name in ((4, "certificate_bytes"), (10, "certificate_bytes_10")):
        chain = Chain(world)
        for height in range(CHECKPOINTS):
            chain.extend(witnesses(world, count) if height % (CHECKPOINTS // CHANGES) == 0 else None)
        raw = encode_proof(make_proof(world.main, "result", keys_of_result(id_))._replace(chain=chain.rows()))
        started = time.perf_counter()
        assert isinstance(verify(parse_proof(raw), signed_by(world.verifier), world.org_id), Proven)
        found[name] = len(raw)
        found[name.replace("bytes", "check_ms")] = 1_000 * (time.perf_counter() - started)
    world.main.store.close()
    shutil.rmtree(folder)
    return found
