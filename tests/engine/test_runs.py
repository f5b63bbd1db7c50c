"""Runs as a whole: how they end, what their hooks are told, what they refuse, rushing."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence

import pytest
import trio

from sim.base.errors import LocalError
from sim.base.ids import ValidatorIndex
from sim.engine.collector import rare_collections
from sim.engine.context import Context
from sim.engine.faults import Crash, Fault
from sim.engine.history import merged
from sim.engine.ports import Event, Hooks, Life, Progress
from tests.engine import stage
from tests.engine.stage import BLOCK_US, about, idle, lines, listen, play, play_every_way, sender
from tests.engine.toy_ledger import ToyLedger

V0, V1 = ValidatorIndex(0), ValidatorIndex(1)


def ping_pong() -> Sequence[Life]:
    async def life(context: Context) -> None:
        if context.index == 0:
            context.send(V1, about("ball"), b"")
        while True:
            await context.receive()
            context.send(ValidatorIndex(1 - context.index), about("ball"), b"")
            context.happened("hit")

    return [life, life]


def test_a_run_ends_at_its_time_before_anything_that_is_due_then() -> None:
    result = play(ping_pong, until_us=50_000)

    assert (result.reason, result.end_us, result.last_us) == ("until", 50_000, 40_000)
    assert result.delivered == 4
    assert result.sent == 5


def test_a_run_in_which_nothing_is_left_to_happen_is_idle() -> None:
    result = play(one_message, until_us=None)

    assert (result.reason, result.last_us) == ("idle", 10_000)


def one_message() -> Sequence[Life]:
    return [sender((10_000, "a"), to=1), listen]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_stops_at_the_first_block_time_at_which_its_hooks_say_so(processes: int) -> None:
    hits: list[Event] = []
    hooks = Hooks(stop=lambda _: len(hits) >= 12, observe=hits.append)

    result = play(
        ping_pong, hooks=hooks, until_us=None, watched=frozenset({"hit"}), processes=processes
    )

    assert (result.reason, result.end_us) == ("done", 2 * BLOCK_US)
    assert [event.time_us for event in hits] == list(range(10_000, 200_000, 10_000))


def test_the_message_limit_ends_a_run_at_a_block_time() -> None:
    result = play(ping_pong, until_us=None, message_limit=15)

    assert (result.reason, result.end_us, result.sent) == ("messages", 2 * BLOCK_US, 20)


def test_a_run_ends_when_its_hooks_lose_patience_and_tells_them_how_far_it_is() -> None:
    seen: list[Progress] = []
    hooks = Hooks(progress=seen.append, expired=lambda: len(seen) >= 3)

    result = play(ping_pong, until_us=None, hooks=hooks)

    assert (result.reason, result.end_us) == ("expired", 3 * BLOCK_US)
    assert [progress.now_us for progress in seen] == [BLOCK_US, 2 * BLOCK_US, 3 * BLOCK_US]


def test_an_exception_in_a_hook_ends_the_run_with_it() -> None:
    def fail(_: Progress) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        play(ping_pong, hooks=Hooks(progress=fail))


def test_what_a_life_raises_ends_the_run_and_says_where() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        play(faulty)

    assert caught.value.__notes__ == ["in validator 1 at 10000 µs of virtual time"]


def faulty() -> Sequence[Life]:
    async def life(context: Context) -> None:
        await context.receive()
        print(1 // 0)  # noqa: T201  # never gets there

    return [sender((10_000, "a"), to=1), life]


def test_a_life_that_returns_is_a_bug() -> None:
    with pytest.raises(LocalError, match="this one returned"):
        play(returning)


def returning() -> Sequence[Life]:
    async def life(context: Context) -> None:
        await context.sleep(5)

    return [life]


@pytest.mark.parametrize(("processes", "what"), [(1, "window"), (2, "exchange")])
def test_a_network_that_is_faster_than_it_promised_is_found_out(
    monkeypatch: pytest.MonkeyPatch, processes: int, what: str
) -> None:
    monkeypatch.setattr(stage, "WIDTH_US", stage.LATENCY_US + 1)

    with pytest.raises(LocalError, match=f"a link is faster than the {what}"):
        play(ping_pong, processes=processes)


def test_a_rusher_sees_what_a_block_would_take_and_answers_into_it() -> None:
    ledger = ToyLedger(2, BLOCK_US)
    result = play(rushing, rushing=[1], ledger=ledger)

    assert ledger.blocks == [(1, [(0, b"honest"), (1, b"saw 1")]), (2, [(0, b"late")])]
    assert lines(result, 1, "got") == [
        (BLOCK_US - 1, "got", "pending 1"),
        (BLOCK_US + 6_000, "got", "block"),
        (2 * BLOCK_US - 1, "got", "pending 1"),
        (2 * BLOCK_US + 6_000, "got", "block"),
    ]


def test_rushing_is_the_same_in_every_way_of_running() -> None:
    result = play_every_way(rushing, rushing=[1])
    spread = play(rushing, rushing=[1], processes=2)

    assert result.histories == spread.histories


def rushing() -> Sequence[Life]:
    async def honest(context: Context) -> None:
        context.submit(about("transaction"), b"honest")
        await context.sleep(BLOCK_US)
        context.submit(about("transaction"), b"late")
        await idle(context)

    async def rusher(context: Context) -> None:
        seen = 0
        while True:
            word = stage.name(await context.receive())
            context.record("got", about(word))
            if word.startswith("pending") and not seen:
                seen += 1
                context.submit(about("answer"), b"saw 1")

    return [honest, rusher]


def test_finish_and_histories_come_back_from_every_shard() -> None:
    result = play(ping_pong, processes=2, until_us=50_000)

    assert result.finished == (b"shard 0 of 2", b"shard 1 of 2")
    assert list(result.histories) == [V0, V1]
    assert result.machine.exchanges == 5
    assert len(result.machine.cpu_s) == 2
    assert 0 < result.machine.critical_s <= sum(usage.cpu_s for usage in result.machine.usage)


def test_histories_have_the_same_digest_whether_records_are_kept_or_not() -> None:
    kept, dropped = (play(ping_pong, keep=keep) for keep in (True, False))

    for index, history in kept.histories.items():
        assert history.digest == dropped.histories[index].digest
        assert history.count == dropped.histories[index].count > 50
    with pytest.raises(LocalError, match="kept no records"):
        list(dropped.histories[V0])


def test_merged_histories_run_in_order_of_time_validator_and_sequence() -> None:
    entries = list(merged(play(ping_pong, Fault((Crash(V0),), at_us=90_000)).histories))

    places = [entry[:3] for entry in entries]
    assert places == sorted(places)
    assert {entry[3].kind for entry in entries} == {"start", "send", "receive", "crash", "down"}


def test_a_run_works_in_a_thread_beside_another_event_loop() -> None:
    results = []

    async def main() -> None:
        thread = threading.Thread(target=lambda: results.append(play(one_message)))
        thread.start()
        thread.join()

    trio.run(main)

    assert results[0].delivered == 1


def test_the_collector_is_left_as_it_was_found_even_if_runs_overlap() -> None:
    before = gc.get_threshold()
    first, second = rare_collections(), rare_collections()

    first.__enter__()
    second.__enter__()
    during = gc.get_threshold()
    first.__exit__(None, None, None)
    still = gc.get_threshold()
    second.__exit__(None, None, None)

    assert during == still != before
    assert gc.get_threshold() == before
