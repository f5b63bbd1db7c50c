"""Protocols from outside: they create keys, and their ledgers verify where they are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import api
from sim.protocol.operations import CREATIONS
from sim.protocol.variants import VARIANTS

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-variant"
CODE = EXAMPLE / "all_or_none.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """The example, stored."""
    scenario = api.load(EXAMPLE / "own-variant.toml")
    return api.run(scenario, processes=2, out=tmp_path_factory.mktemp("results"))


def test_the_example_is_short() -> None:
    assert len(CODE.read_text().splitlines()) < 150


def test_a_variant_from_outside_makes_a_key_as_it_says(run: api.Run) -> None:
    assert run.exit_code == 0
    assert len(run.keys["treasury"].qual) == 5


def test_its_reasons_can_be_expected() -> None:
    sets = ["keys.treasury.attempts=1", 'expect.0={key="treasury", reason="not-unanimous"}']

    failed = api.run(api.load(EXAMPLE / "own-variant.toml", sets))

    assert failed.keys["treasury"].reason == "not-unanimous"
    assert failed.summary["expectations"][0]["passed"]


def test_pedersen_goes_on_where_the_variant_begins_afresh(run: api.Run) -> None:
    scenario = api.load(EXAMPLE / "own-variant.toml", ['keys.treasury.protocol="pedersen"'])

    other = api.run(scenario)

    assert (run.keys["treasury"].attempts, other.keys["treasury"].attempts) == (2, 1)
    assert len(other.keys["treasury"].qual) == 4


def test_it_is_gone_after_the_run(run: api.Run) -> None:
    assert run.exit_code == 0
    assert not [name for name in (*VARIANTS, *CREATIONS) if ":" in name]


def test_its_ledger_verifies_where_it_is_known_and_nowhere_else(run: api.Run) -> None:
    verified = api.verify(run.ledger(), run.summary["head"], use=[str(CODE)])

    with pytest.raises(api.LedgerError):
        api.verify(run.ledger())

    assert verified.keys["treasury"].public_key == run.keys["treasury"].public_key


def test_its_run_replays(run: api.Run) -> None:
    assert run.folder is not None

    assert api.replay(run.folder).exit_code == 0


def test_an_unknown_protocol_is_refused_with_what_was_meant() -> None:
    scenario = EXAMPLE / "own-variant.toml"

    with pytest.raises(api.ScenarioError) as caught:
        api.load(scenario, ['keys.treasury.protocol="all_or_none:all-or-non"'])

    assert caught.value.diagnostics[0].suggestion == '"all_or_none:all-or-none"'


def test_it_is_shown_and_listed() -> None:
    (found,) = api.show("all_or_none:all-or-none", [str(CODE)])

    assert found["kind"] == "protocols"
    assert "pedersen" in api.catalogue("protocols")
    assert "all_or_none:all-or-none" in api.catalogue("protocols", [str(CODE)])
