"""Extensions and scenarios that use them, written where a test wants them."""

from __future__ import annotations

from pathlib import Path

from tests.support.tiny import TINY

BEHAVIOUR = '''\
from sim import extend


@extend.behaviour(
    extend.Param("delta", int, 1, "what is added", least=1),
    extend.Param("mood", str, "calm", "which", choices=("calm", "wild")),
    targeted=True,
)
def off(effect, how):
    """Add something to a share. Applies to a dealer.

    Expected: a dispute.
    """
    match effect:
        case extend.SendShares(shares):
            wrong = {
                x: extend.Secret((shares[x].reveal() + how.count("delta")) % how.group.order)
                for x in how.choose_holders(shares)
            }
            yield extend.SendShares({**shares, **wrong})
        case _:
            yield effect
'''
"""A behaviour that makes its victim complain."""

SILENT = BEHAVIOUR.replace("yield extend.SendShares({**shares, **wrong})", "return")
"""The same name, but it sends no shares at all."""

CHECK = '''\
from sim import extend


@extend.check
def never_a_block(observation):
    """There is no block after genesis. [This test.]"""
    for block in observation.blocks[1:2]:
        yield extend.Finding("a block", block.time_us)
'''
"""A check that every run breaks."""

WICKED = """
[[adversary]]
nodes = ["v01"]
behaviour = "mine:off"
"""


def write(folder: Path, code: str, extra: str = WICKED, use: str = '["./mine.py"]') -> Path:
    """Write ``mine.py`` with `code`, and a scenario that uses it; return the scenario."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(code, encoding="utf-8")
    path = folder / "own.toml"
    text = TINY.replace('name = "tiny"', f'name = "own"\nuse = {use}').replace(
        "disputes = []\n", ""
    )
    path.write_text(text + extra, encoding="utf-8")
    return path
