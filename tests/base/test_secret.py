"""Secrets show themselves to `reveal` alone."""

from __future__ import annotations

import copy

import pytest

from sim.base.secret import Secret


def test_secrets_redact_themselves_everywhere() -> None:
    secret = Secret(123456789)

    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{ {'share': secret} }"]

    assert all("123456789" not in text for text in shown)
    assert secret.reveal() == 123456789


def test_secrets_compare_by_value_among_themselves_only() -> None:
    assert Secret(5) == Secret(5)
    assert Secret(5) != Secret(6)
    assert Secret(5) != 5
    assert copy.copy(Secret(5)) == Secret(5)


def test_secrets_are_no_dictionary_keys() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(5))


def test_secrets_take_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Secret(5).value = 6  # type: ignore[attr-defined]  # that's the point
