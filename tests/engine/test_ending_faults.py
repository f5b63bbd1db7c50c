"""Restart loops, failing disks, quiet, and what is down for good."""

from __future__ import annotations

from collections.abc import Sequence

from sim.base.ids import Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.faults import Crash, Disk, Fault, Pause, Quiet, Restart, Retire, Skew, Slow, When
from sim.engine.ports import Life
from tests.engine.stage import lines, listen, play_every_way
from tests.engine.toy import ToyStore

V0, V1 = ValidatorIndex(0), ValidatorIndex(1)


def listeners() -> Sequence[Life]:
    return [listen, listen]


def writers() -> Sequence[Life]:
    async def life(context: Context) -> None:
        assert isinstance(context.store, ToyStore)
        known = b",".join(sorted(context.store.disk.values())).decode()
        context.record("has", Label("", 0, "has", known))
        context.store.put(str(context.incarnation), str(context.incarnation).encode())
        context.store.flush()
        await listen(context)

    return [life, life]


LOOP = Fault((Crash(V1, for_us=1_000, times=3, up_us=5_000),), at_us=10_000)


def test_a_restart_loop_stops_as_often_as_it_says() -> None:
    result = play_every_way(listeners, LOOP)

    assert [line[:2] for line in lines(result, 1)] == [
        (0, "start"),
        (10_000, "crash"),
        (11_000, "start"),
        (16_000, "crash"),
        (17_000, "start"),
        (22_000, "crash"),
        (23_000, "start"),
    ]


def test_quiet_breaks_a_restart_loop() -> None:
    result = play_every_way(listeners, LOOP, Fault((Quiet(V1),), at_us=16_500))

    assert [line[:2] for line in lines(result, 1)][3:] == [(16_000, "crash"), (16_500, "start")]


def test_quiet_ends_every_fault_of_its_node_at_once_and_nothing_later() -> None:
    everything = Fault(
        (Pause(V1, 50_000), Slow(V1, 9, 50_000), Skew(V1, 0, 7, 50_000), Disk(V1, "all", 50_000)),
        at_us=10_000,
    )

    noisy = play_every_way(listeners, everything)
    quiet = play_every_way(listeners, everything, Fault((Quiet(V1),), at_us=20_000))

    begun = [(10_000, word) for word in ("pause", "slow", "skew", "disk")]
    assert [line[:2] for line in lines(noisy, 1)][1:5] == begun
    assert {line[0] for line in lines(noisy, 1)} == {0, 10_000, 60_000}
    assert [line[:2] for line in lines(quiet, 1)][1:] == [
        *begun,
        (20_000, "resume"),
        (20_000, "slow"),
        (20_000, "skew"),
        (20_000, "disk"),
    ]


def test_quiet_does_nothing_to_a_node_without_faults() -> None:
    assert lines(play_every_way(listeners, Fault((Quiet(V1),), at_us=5_000)), 1) == [
        (0, "start", "")
    ]


def test_nothing_starts_again_what_is_down_for_good() -> None:
    result = play_every_way(
        listeners,
        Fault((Retire(V1),), at_us=10_000),
        Fault((Restart(V1), Restart(V0)), at_us=20_000),
        Fault((Quiet(V1),), at_us=30_000),
    )

    assert [line[:2] for line in lines(result, 1)] == [(0, "start"), (10_000, "crash")]


def test_one_that_is_down_already_stays_down_for_good() -> None:
    crash = Fault((Crash(V1, for_us=10_000),), at_us=10_000)

    result = play_every_way(listeners, crash, Fault((Retire(V1),), at_us=15_000))

    assert [line[:2] for line in lines(result, 1)] == [(0, "start"), (10_000, "crash")]


def test_a_disk_that_fails_loses_nothing_before_a_crash_and_then_what_it_says() -> None:
    second = Fault((Crash(V1, "nothing", 1_000),), at_us=20_000)
    third = Fault((Crash(V1, "nothing", 1_000),), at_us=40_000)

    def known(*faults: Fault) -> list[str]:
        result = play_every_way(writers, *faults, second, third)
        return [line[2] for line in lines(result, 1) if line[1] == "has"]

    assert known() == ["", "0", "0,1"]
    assert known(Fault((Disk(V1, "unsynced"),), at_us=30_000)) == ["", "0", "0,1"]
    assert known(Fault((Disk(V1, "unsynced"),), at_us=10_000)) == ["", "0", "0"]
    assert known(Fault((Disk(V1, "unsynced", 20_000),), at_us=10_000)) == ["", "0", "0,1"]
    assert known(Fault((Disk(V1, "all"),), at_us=10_000)) == ["", "", ""]


def test_a_trigger_that_has_run_out_fires_nothing() -> None:
    def life_of(until_us: int | None) -> list[tuple[int, str]]:
        when = When("tick", V0, nth=2, until_us=until_us)
        result = play_every_way(tickers, Fault((Crash(V1),), when=when))
        return [line[:2] for line in lines(result, 1)]

    assert life_of(None) == [(0, "start"), (40_000, "crash")]
    assert life_of(20_001) == [(0, "start"), (40_000, "crash")]
    assert life_of(20_000) == [(0, "start")]


def tickers() -> Sequence[Life]:
    async def ticker(context: Context) -> None:
        for _ in range(2):
            await context.sleep(10_000)
            context.happened("tick")
        await listen(context)

    return [ticker, listen]
