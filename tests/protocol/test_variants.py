"""Protocols by name: what the registry takes, and a variant from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.base.errors import LocalError
from sim.base.extensions import ExtensionError, Source, extended
from sim.protocol import operations, variants
from sim.protocol.citations import Check
from sim.protocol.creation import Creation
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase
from sim.protocol.sharing import SharingMachine
from sim.protocol.variants import Variant
from tests.support.cluster import Cluster


class Strict(CeremonyState):
    """Pedersen's DKG that wants every deal to be good: a variant of a few lines."""

    def _end_deal(self, height: int) -> None:
        self._judge_all(height)
        if self.excluded:
            self._fail(height, "strict", "somebody has not dealt well")
        else:
            self.enter(Phase.RESPOND, height + 1, self.ceremony.lengths.respond)


OUTSIDE = b"""\
from sim.protocol import variants
from tests.protocol.test_variants import made
variants.register(made("strict"))
"""


def made(name: str, **checks: Check) -> Variant:
    """Return a variant for `Strict`."""
    return Variant(name, "All deals.", Creation(), Strict, SharingMachine, checks=checks)


def source(code: bytes) -> Source:
    """Return an extension."""
    return Source(name="tests", content=code, origin="outside.py")


@pytest.fixture
def strict() -> Iterator[str]:
    """The name of a variant from outside, registered for one test."""
    with extended([source(OUTSIDE)]):
        yield "tests:strict"


def test_the_built_in_variants_are_registered_by_name() -> None:
    assert variants.names() == ("pedersen", "gjkr", "commit-reveal", "frost")
    assert all(variants.variant(name).summary.endswith(".") for name in variants.names())


def test_a_variant_from_outside_creates_keys_and_is_rotated_as_usual(strict: str) -> None:
    good, bad = Cluster(4, 2, protocol=strict), Cluster(4, 2, protocol=strict)
    plain = Cluster(4, 2)
    bad.stop("v3")
    plain.stop("v3")

    assert good.run().phase is Phase.ACTIVE
    assert isinstance(good.state, Strict)
    assert (bad.run().phase, bad.state.reason) == (Phase.FAILED, "strict")
    assert plain.run().phase is Phase.ACTIVE
    assert not isinstance(good.rotation("refresh").run(), Strict)


def test_a_variant_from_outside_is_gone_afterwards() -> None:
    with extended([source(OUTSIDE)]):
        inside = variants.names()

    assert "tests:strict" in inside
    assert "tests:strict" not in variants.names()
    assert "tests:strict" not in operations.CREATIONS


@pytest.mark.parametrize(
    "more",
    [b'variants.register(made("strict"))', b'variants.register(made("b", **{"bad-share": all}))'],
    ids=["a protocol", "a verdict"],
)
def test_a_name_is_taken_once(more: bytes) -> None:
    with (
        pytest.raises(ExtensionError, match="is registered twice"),
        extended([source(OUTSIDE + more)]),
    ):
        pass


def test_what_is_not_registered_creates_nothing() -> None:
    with pytest.raises(LocalError, match="chillest"):
        variants.variant("chillest")
    with pytest.raises(LocalError, match="chillest"):
        operations.creation("chillest")
    assert not variants.takes("chillest", "evaluation")


def test_frost_takes_coefficients_alone() -> None:
    assert variants.takes("frost", "coefficient")
    assert not variants.takes("frost", "evaluation")
    assert variants.takes("gjkr", "evaluation")
