"""Whatever the bytes: a decoder returns a value of its type, or raises its own error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.base.secret import Secret
from sim.crypto import identity, merkle, schnorr, sealing
from sim.crypto.group import PointError, ScalarError
from sim.crypto.groups import get_group
from sim.kchain.blocks import decode_block, pack_blocks, unpack_blocks
from sim.kchain.errors import LedgerError
from sim.kchain.file import parse_ledger
from sim.network.rules import Heal, Isolate, Partition, decode_rule, encode_rule
from sim.protocol.deals import parse_deal
from sim.protocol.messages import STATEMENTS, Complaint, Private, Response
from sim.protocol.requests import (
    CREATE_KEY,
    CreateKey,
    RecordSignSession,
    ReportEquivocation,
)
from sim.protocol.responses import parse_response
from sim.protocol.transactions import (
    TRANSACTION_MAX,
    CeremonyPayload,
    decode_transaction,
    statement_payload,
)
from sim.world.orders import Ask, Halt, LinkRule, decode_order, encode_order
from tests.fuzz import corpus
from tests.fuzz.hostile import EXAMPLES, explore, hostile
from tests.kchain.scene import OWNER, Scene, make_request, signed, with_key
from tests.support.curves import SCHEMES

ITS_MEMBERS = tuple(range(2))
RULES = [
    encode_rule(Partition(id="p", at_us=5, lasts_us=None, groups=(ITS_MEMBERS, (2,)))),
    encode_rule(Isolate(id="i", at_us=5, lasts_us=9, nodes=ITS_MEMBERS)),
    encode_rule(Heal(id="h", at_us=5, target="p")),
]
KEY = sealing.TransportKey.from_seeds(Secret(bytes(range(96))))


class Never(Exception):  # noqa: N818  # nothing raises it
    """The error of what raises none."""


class Decoder(NamedTuple):
    """One decoder: the only error that it may raise, and what it usually gets."""

    name: str
    decode: Callable[[bytes], Any]
    error: type[Exception]
    samples: Sequence[bytes]


def canonical(name: str, kind: Any, samples: Sequence[bytes]) -> Decoder:
    return Decoder(name, lambda data: decode_canonical(data, kind), DecodeError, samples)


def statements() -> list[Decoder]:
    return [
        canonical(kind, body, corpus.bodies(kind) or corpus.bodies("sign"))
        for kind, body in STATEMENTS.items()
    ]


def transactions(scene: Scene) -> list[Decoder]:
    raw = [entry.raw for entry in corpus.entries()]
    payloads = [decode_transaction(one).payload for one in raw]
    request = encode(make_request(["v1", "v2"]))
    session = encode(
        RecordSignSession("beacon", 0, "test-0", "test", b"message", bytes(64), (1, 2, 3))
    )
    report = encode(ReportEquivocation(raw[0], raw[1]))
    return [
        Decoder("transaction", decode_transaction, DecodeError, raw),
        canonical("payload", CeremonyPayload, payloads),
        canonical("create-key", CreateKey, [request]),
        canonical("record", RecordSignSession, [session]),
        canonical("report", ReportEquivocation, [report]),
        Decoder("block", decode_block, DecodeError, scene.ledger.blocks),
        Decoder("blocks", unpack_blocks, DecodeError, [pack_blocks(scene.ledger.blocks)]),
        Decoder("ledger", parse_ledger, LedgerError, [scene.file()]),
    ]


def world() -> list[Decoder]:
    orders = [encode_order(o) for o in (Ask("create"), Halt(None), LinkRule(RULES[0]))]
    return [
        Decoder("rule", decode_rule, DecodeError, RULES),
        Decoder("order", decode_order, DecodeError, orders),
        canonical("private", Private, corpus.letters()),
    ]


def crypto(scheme: str) -> list[Decoder]:
    group = get_group(scheme)
    point, scalar = group.base_mul(5), group.encode_scalar(5)
    proof = schnorr.prove(group, Secret(5), point, 7, "tag")
    path = (bytes(32),) * 2
    return [
        Decoder(f"{scheme} point", group.validate, PointError, [point, group.identity]),
        Decoder(f"{scheme} scalar", group.decode_scalar, ScalarError, [scalar]),
        Decoder(
            f"{scheme} proof",
            lambda data: schnorr.verify(group, point, data, "tag"),
            schnorr.ProofError,
            [proof],
        ),
        Decoder(
            f"{scheme} proof of",
            lambda data: schnorr.verify(group, data, proof, "tag"),
            schnorr.ProofError,
            [point],
        ),
        Decoder("transport key", sealing.check_public, sealing.SealError, [KEY.public]),
        Decoder(
            "sealed",
            lambda data: sealing.open_sealed(data, KEY, "share", "chain", b"", 1, 1, 2),
            sealing.SealError,
            [bytes(sealing.SEALED_SIZE), corpus.bodies("justification")[0]],
        ),
        Decoder(
            "path",
            lambda data: merkle.root_from(data, 1, 4, (*path, data)),
            merkle.MerkleError,
            path,
        ),
        Decoder(
            "signature", lambda data: identity.verify(bytes(32), b"", data), Never, [bytes(64)]
        ),
        Decoder("signer", lambda data: identity.verify(data, b"", bytes(64)), Never, [bytes(32)]),
        Decoder("deal", parse_deal, Never, corpus.bodies("deal")),
        Decoder(
            "response",
            lambda data: parse_response(data, 3, (1, 2, 3, 4), (1, 2, 3, 4)),
            Never,
            corpus.bodies("response"),
        ),
    ]


DECODERS = [
    *statements(),
    *transactions(with_key()),
    *world(),
    *(decoder for scheme in SCHEMES for decoder in crypto(scheme)),
]


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.name)
def test_a_decoder_raises_nothing_but_its_error(decoder: Decoder, examples: int) -> None:
    def check(data: bytes) -> None:
        with suppress(decoder.error):
            decoder.decode(data)

    explore(check, hostile(decoder.samples), examples)


def test_a_transaction_above_the_limit_is_none() -> None:
    payload = encode(make_request(["v1"]))
    large = signed(OWNER, 1, CREATE_KEY, payload + bytes(1 << 21))

    with pytest.raises(DecodeError, match="a transaction takes at most"):
        decode_transaction(large)


def test_a_response_about_a_thousand_dealers_is_no_larger_than_the_limit() -> None:
    complaints = tuple(Complaint(d, "missing", bytes(1216)) for d in range(1, 1001))
    payload = statement_payload(bytes(32), 1, Response(bytes(125), complaints))

    assert len(signed(OWNER, 1, "response", payload)) < TRANSACTION_MAX
