from __future__ import annotations

import re

from sim.base.randomness import stream
from sim.checks.sieve import WINDOW, Sieve


def test_every_needle_passes_wherever_it_lies_and_little_else_does() -> None:
    """The oracle is a search for every needle by itself."""
    draw = stream(1, "sieve")
    needles = [draw.bytes(32) for _ in range(300)]
    hay = bytearray(draw.bytes(60_000))
    for place, needle in enumerate(needles[:40]):
        start = 1_471 * place  # all remainders modulo four
        hay[start : start + len(needle)] = needle
    hay[-WINDOW:] = needles[50][:WINDOW]  # as much of it as counts, at the very end
    sieve = Sieve(len(needles))
    for needle in needles:
        sieve.add(needle)

    passed = list(sieve.passing(bytes(hay)))

    heads = {needle[:WINDOW] for needle in needles}
    found = {match.start() for head in heads for match in re.finditer(re.escape(head), bytes(hay))}
    assert len(found) == 41
    assert found <= set(passed)
    assert len(passed) == len(set(passed)) < len(found) + 60_000 // 100


def test_what_is_shorter_than_a_needle_holds_none() -> None:
    sieve = Sieve(1)
    sieve.add(bytes(WINDOW))

    assert list(sieve.passing(bytes(WINDOW - 1))) == []
    assert list(sieve.passing(b"")) == []
    assert list(sieve.passing(bytes(WINDOW))) == [0]
