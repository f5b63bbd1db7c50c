"""Cost models: fixed tables from charges to virtual time."""

from sim.validator.costs import INSTANT, OPERATIONS, SCHEMES, CostModel, cost_models


def test_instant_takes_no_time() -> None:
    assert INSTANT.duration_us({"exp.base": 10**6}) == 0


def test_a_table_counts_operations_and_rounds_up_to_whole_microseconds() -> None:
    model = CostModel("own", {"exp.base": 700, "seal": 1_001}, "here")

    assert model.duration_us({"exp.base": 3, "seal": 2, "unheard.of": 9}) == 5


def test_models_are_found_by_their_own_names() -> None:
    assert [model.name for model in cost_models().values()] == list(cost_models())


def test_the_shipped_model_prices_every_operation_in_every_group_and_says_where_it_is_from() -> (
    None
):
    reference = cost_models()["reference"]

    for scheme in SCHEMES:
        prices = reference.priced([scheme]).nanoseconds
        assert sorted(prices) == sorted(OPERATIONS)
        assert min(prices.values()) > 0
    assert "measured on" in reference.source


def test_a_scheme_has_its_own_prices_and_keys_of_several_take_the_dearest() -> None:
    common = {"exp.base": 5, "seal": 7}
    model = CostModel("own", common, "here", {"BLS": {"exp.base": 9}, "ED25519": {"exp.base": 3}})

    assert model.priced(["BLS"]).nanoseconds == {"exp.base": 9, "seal": 7}
    assert model.priced(["ED25519"]).nanoseconds == {"exp.base": 3, "seal": 7}
    assert model.priced(["SECP256K1"]).nanoseconds == common
    assert model.priced(["ED25519", "BLS", "BLS"]).nanoseconds == {"exp.base": 9, "seal": 7}
    assert model.priced([]).nanoseconds == common
