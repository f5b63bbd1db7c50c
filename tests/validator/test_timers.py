"""Alarms: one per name, in order of due time, then of setting."""

from sim.validator.timers import Timers


def test_alarms_go_off_by_due_time_then_in_the_order_of_setting() -> None:
    timers = Timers()
    timers.start("a#1", "late", 30)
    timers.start("b#1", "first", 20)
    timers.start("a#1", "second", 20)

    assert [timers.pop() for _ in range(3)] == [
        ("b#1", "first"),
        ("a#1", "second"),
        ("a#1", "late"),
    ]
    assert timers.next_due_us() is None


def test_starting_a_name_again_replaces_it() -> None:
    timers = Timers()
    timers.start("a#1", "share/2", 10)
    timers.start("a#1", "share/2", 50)

    assert timers.next_due_us() == 50


def test_a_stopped_alarm_never_goes_off() -> None:
    timers = Timers()
    timers.start("a#1", "share/2", 10)
    timers.start("a#2", "share/2", 20)

    timers.stop("a#1", "share/2")
    timers.stop("a#1", "unknown")

    assert timers.pop() == ("a#2", "share/2")


def test_equal_names_of_two_attempts_are_two_alarms() -> None:
    timers = Timers()
    timers.start("a#1", "share/2", 10)
    timers.start("a#2", "share/2", 20)

    assert [timers.pop()[0] for _ in range(2)] == ["a#1", "a#2"]
