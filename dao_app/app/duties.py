"""What this device does by itself for an organisation: evidence, readiness of an elected node, keys that end.

Invariants: whatever it signs is what any honest device would, once; a key is destroyed when a certificate signed by
its successors is here, never before; a new term's key is in the vault before it is declared.
"""

from __future__ import annotations

from dao_app.app.errors import Locked, Refused
from dao_app.app.organisation import Organisation
from dao_app.app.ports import Random
from dao_app.app.workspace_ports import KeyTools, Vault
from dao_app.core.encoding import decode, encode
from dao_app.core.entities import Device
from dao_app.core.envelope import Action, witness_message
from dao_app.core.keys import ACTIVATION_KEY, ELECTION_KEY, WITNESSES_KEY, device_key
from dao_app.core.witness_entities import Activation, Election, Witnesses

SEED_BYTES = 32
SEEDS_MAX = 8  # witness keys held at once: this term's, the next one's, and what a lapsed election left


def load_witness_keys(org: Organisation, vault: Vault, keys: KeyTools) -> None:
    """Give the organisation the witness keys that this folder holds."""
    for seed in _seeds(org, vault):
        org.add_witness_key(keys.signer(seed))


def declare(org: Organisation, vault: Vault | None, keys: KeyTools, random: Random) -> Action:
    """Make a key for the term for which this member was elected, keep it, and declare it. Raises Refused."""
    if vault is None or org.signer is None:
        raise Locked("locked")
    term = term_open_to(org)
    if term is None:
        raise Refused("reject.not_elected")
    seed = random.token(SEED_BYTES)
    signer = keys.signer(seed)
    vault.put(_name(org), encode([*_seeds(org, vault), seed][-SEEDS_MAX:]))
    proof = signer.sign(witness_message(org.org_id, term, org.signer.public, signer.public))
    action = org.write("witness.ready", {"term": term, "key": signer.public, "proof": proof})
    org.add_witness_key(signer)
    return action


def term_open_to(org: Organisation) -> int | None:
    """The term for which this device's member is elected and has declared no key yet, by all that is known here."""
    org.replay.derive()
    state = org.replay.provisional
    member = _member(org)
    election, now = state.get(ELECTION_KEY, Election), state.get(WITNESSES_KEY, Witnesses)
    if election is not None and member in election.ranked and member not in dict(election.ready):
        return election.term
    if now is not None and dict(now.reserve).get(member) == b"":
        return now.term
    return None


def do_duties(
    org: Organisation, vault: Vault | None, keys: KeyTools, random: Random, stands_ready: bool
) -> list[Action]:
    """Once a second: what is due of all this; returns what was signed."""
    if org.signer is None or not org.may_derive() or _member(org) == b"":
        return []
    done: list[Action] = []
    for device, (one, two) in list(org.evidence.items()):
        done += _try(org, "device.fork", {"one": one, "two": two})
        del org.evidence[device]
    activation = org.replay.final.entity(ACTIVATION_KEY)
    if isinstance(activation, Activation) and activation.version <= org.replay.supported and _is_seated(org):
        done += _try(org, "rules.ready", {"version": activation.version})
    if vault is not None:
        if stands_ready and term_open_to(org) is not None:
            done.append(declare(org, vault, keys, random))
        destroy_ended(org, vault, keys)
    return done


def destroy_ended(org: Organisation, vault: Vault, keys: KeyTools) -> int:
    """Delete witness keys of ended terms; returns how many went."""
    now = org.replay.final.entity(WITNESSES_KEY)
    if not isinstance(now, Witnesses) or org.height() <= now.since or not org.witness_keys:
        return 0
    election = org.replay.final.entity(ELECTION_KEY)
    pending = {node for node in org.replay.pending.values() if node.by == (org.signer.public if org.signer else b"")}
    needed = {key for _, key in (*now.seats, *now.reserve)}
    if isinstance(election, Election):
        needed |= {key for _, key in election.ready}
    if pending or not set(org.witness_keys) - needed:
        return 0  # a declaration of ours may be among what is not sealed yet
    kept = [seed for seed in _seeds(org, vault) if keys.signer(seed).public in needed]
    gone = set(org.witness_keys) - needed
    vault.put(_name(org), encode(kept))
    for key in gone:
        del org.witness_keys[key]
    return len(gone)


def _try(org: Organisation, type_: str, body: dict[str, object]) -> list[Action]:
    try:
        return [org.write(type_, body)]
    except Refused:
        return []  # somebody did it before, or it is not ours to do


def _member(org: Organisation) -> bytes:
    found = org.replay.provisional.get(device_key(org.signer.public), Device) if org.signer else None
    return found.member if found is not None and found.status == "active" else b""


def _is_seated(org: Organisation) -> bool:
    now = org.replay.final.entity(WITNESSES_KEY)
    return isinstance(now, Witnesses) and _member(org) in dict(now.seats)


def _name(org: Organisation) -> str:
    return f"{org.org_id.hex()}.witness"


def _seeds(org: Organisation, vault: Vault) -> list[bytes]:
    kept = vault.get(_name(org))
    return list(decode(kept)) if kept else []
