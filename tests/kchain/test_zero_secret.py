"""The chain holds public artefacts only, and takes part in no secret computation (LP-043).

Two structural checks: no field of what the chain keeps, or of what transactions carry, may hold a
secret; and no module of the K-chain calls anything that generates, opens or reconstructs one.
"""

from __future__ import annotations

import ast
import dataclasses
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import sim.kchain
from sim.base.secret import Secret
from sim.kchain import audit, blocks, file, genesis, records, registry, rotation, state
from sim.protocol import entries, messages, requests, transactions
from sim.protocol.ceremony import Ceremony
from sim.protocol.commit_reveal import CommitRevealState
from sim.protocol.frost_dkg import FrostState
from sim.protocol.generate import GenerateState
from sim.protocol.gjkr import GjkrState
from sim.protocol.judge import CeremonyState
from sim.protocol.repair import RepairState

SUSPICIOUS = (
    "secret",
    "private",
    "share",
    "seed",
    "scalar",
    "nonce",
    "polynomial",
    "coefficient",
    "envelope",
    "sealed",
    "data",
    "random",
)

PUBLISHED = {
    "Reply.data": "a share in the clear answers an accuser who said it was bad; a sealed one is "
    "for a one-time key",
    "Opening.seeds": "an accuser publishes its one-time seeds to prove that a reply was bad",
    "Disclosed.sealed": "an accuser shows what it was sent, with what opens that envelope alone",
    "Expose.shares": "GJKR reconstructs a dealer that is silent or wrong when its key is extracted",
    "Reconstruct.shares": "the same, by holders whom the dealer was right about",
    "Confirm.nonces": "commitments to nonces, not nonces",
    "Sign.nonces": "commitments to nonces, not nonces",
    "SignNonce.nonces": "commitments to nonces, not nonces",
    "CeremonyState.nonces": "commitments to nonces, not nonces",
    "RepairState.nonces": "the same, and always empty",
    "GenerateState.nonces": "the same, and always empty",
    "GjkrState.nonces": "the same as in any ceremony",
    "CommitRevealState.nonces": "the same as in any ceremony",
    "FrostState.nonces": "the same as in any ceremony",
    "Transaction.nonce": "an account's counter",
    "SignSession.seed": "what seats are drawn by; it is made of public values",
    "SigningTask.seed": "the same, as signers see it",
    "Draw.seed": "what a committee was drawn by; it is made of public values, for anyone to check",
    "Partition.seed": "what its committees were drawn by, likewise",
    "KeyRecord.share_commitments": "V_1..V_n, public points",
}
"""Fields whose names sound secret, and why they may stand on the chain."""

PAYLOADS: tuple[type, ...] = (
    requests.CreateKey,
    requests.RotateKey,
    requests.Rollback,
    requests.RetireKey,
    requests.SetPolicy,
    requests.Authorize,
    requests.Revoke,
    requests.RequestSign,
    requests.ReportViolation,
    requests.Register,
    requests.Join,
    requests.Leave,
    requests.Evict,
    requests.ReportEquivocation,
    requests.RecordSignSession,
)

ROOTS: tuple[type, ...] = (
    state.ChainState,
    blocks.Block,
    file.Header,
    file.HeaderV1,
    file.Trailer,
    genesis.Genesis,
    records.Key,
    records.KeyRecord,
    records.Pending,
    records.Draw,
    records.Partition,
    registry.RegistryEntry,
    rotation.Rotation,
    rotation.RotationEntry,
    audit.SignSession,
    audit.ClosedSession,
    audit.AuditEntry,
    entries.Entry,
    transactions.Transaction,
    transactions.CeremonyPayload,
    RepairState,
    GenerateState,
    GjkrState,
    CommitRevealState,
    FrostState,
    *PAYLOADS,
    *messages.STATEMENTS.values(),
)

SOURCES = sorted(Path(sim.kchain.__file__).parent.glob("*.py"))

FORBIDDEN_CALLS = {
    "reveal",
    "sign",
    "prove",
    "generate",
    "seal",
    "open_sealed",
    "from_seed",
    "from_seeds",
    "principal_from_seed",
    "encapsulate",
    "decapsulate",
    "stream",
    "interpolate",
    "interpolate_constant",
    "lagrange",
    "Identity",
    "Polynomial",
    "Secret",
    "TransportKey",
    "SigningKey",
    "DecapsulationKey",
    "Vault",
    "Stream",
    "Ephemeral",
}


def parts(annotation: object) -> Iterator[type]:
    """Yield every class inside an annotation."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from parts(argument)
    origin = typing.get_origin(annotation)
    if isinstance(origin, type):
        yield origin


def fields_of(holder: type) -> dict[str, object]:
    """Return the annotated fields of a struct, dataclass or named tuple; nothing for others."""
    named = hasattr(holder, "_fields") and issubclass(holder, tuple)
    if not (dataclasses.is_dataclass(holder) or issubclass(holder, msgspec.Struct) or named):
        return {}
    return {
        name: kind
        for name, kind in typing.get_type_hints(holder).items()
        if typing.get_origin(kind) is not typing.ClassVar and not name.startswith("__")
    }


def walk(roots: tuple[type, ...]) -> Iterator[tuple[str, object]]:
    """Yield ("Type.field", annotation) for everything reachable from `roots`."""
    queue, seen = list(roots), set[type]()
    while queue:
        holder = queue.pop()
        if holder in seen:
            continue
        seen.add(holder)
        for name, kind in fields_of(holder).items():
            yield f"{holder.__name__}.{name}", kind
            queue += parts(kind)


def offences(roots: tuple[type, ...]) -> list[str]:
    """Return the fields that could carry a secret and aren't published on purpose."""
    found = []
    for field, kind in walk(roots):
        name = field.split(".")[1]
        sounds_secret = any(word in name for word in SUSPICIOUS)
        is_secret = any(issubclass(part, Secret) for part in parts(kind))
        if is_secret or (sounds_secret and field not in PUBLISHED):
            found.append(field)
    return sorted(set(found))


def test_no_field_of_the_chain_can_carry_a_secret() -> None:
    assert offences(ROOTS) == []


def test_the_walk_reaches_what_the_chain_keeps() -> None:
    reached = {field.split(".")[0] for field, _ in walk(ROOTS)}

    assert {"KeyRecord", "CeremonyState", "Reply", "Opening", "Included", "Policy"} <= reached
    assert {Ceremony.__name__, CeremonyState.__name__} <= reached


def test_every_listed_exception_exists() -> None:
    assert set(PUBLISHED) <= {field for field, _ in walk(ROOTS)}


def test_a_field_that_could_carry_a_secret_is_found() -> None:
    """The check itself is checked: it must see names and types, also inside other types."""

    class Inner(msgspec.Struct):
        value: Secret[int]

    class Outer(msgspec.Struct):
        share: bytes
        inner: tuple[Inner, ...]

    globals()["Inner"] = Inner  # annotations are resolved by name
    try:
        assert offences((Outer,)) == ["Inner.value", "Outer.share"]
    finally:
        del globals()["Inner"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_of_the_chain_touches_secrets(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert suspects(tree) == []


def test_the_scan_finds_calls_and_imports() -> None:
    source = (
        "from sim.crypto import sealing\nfrom sim.crypto.frost import sign\n"
        "from sim.base.secret import Secret\nshare = key.reveal()\nx = identity.Identity(b'')\n"
    )

    assert suspects(ast.parse(source)) == [
        "import sim.base.secret.Secret",
        "import sim.crypto.frost.sign",
        "import sim.crypto.sealing",
        "call Identity",
        "call reveal",
    ]


def suspects(tree: ast.AST) -> list[str]:
    """Return imports and calls that a ledger has no use for."""
    imports, calls = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imports += [name for name in names if not _harmless(name)]
        elif isinstance(node, ast.Import):
            imports += [a.name for a in node.names if a.name.startswith("sim.crypto")]
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in FORBIDDEN_CALLS:
                calls.append(name)
    return [f"import {name}" for name in sorted(imports)] + [
        f"call {name}" for name in sorted(calls)
    ]


def _harmless(name: str) -> bool:
    """From the cryptography, the chain uses the module that verifies signatures alone."""
    if name == "sim.crypto.verification":
        return True
    return not name.startswith(("sim.crypto", "sim.base.secret", "sim.base.randomness", "nacl"))
