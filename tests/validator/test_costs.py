"""Cost models: fixed tables from charges to virtual time."""

from sim.validator.costs import COST_MODELS, INSTANT, REFERENCE


def test_instant_takes_no_time() -> None:
    assert INSTANT.duration_us({"exp.base": 10**6}) == 0


def test_a_table_counts_operations_and_rounds_up_to_whole_microseconds() -> None:
    per_base, per_seal = REFERENCE.nanoseconds["exp.base"], REFERENCE.nanoseconds["seal"]

    duration_us = REFERENCE.duration_us({"exp.base": 3, "seal": 2, "unheard.of": 9})

    assert duration_us == -(-(3 * per_base + 2 * per_seal) // 1000)


def test_models_are_found_by_their_own_names() -> None:
    assert all(COST_MODELS[name].name == name for name in COST_MODELS)
