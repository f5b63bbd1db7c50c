"""What is wrong with an extension, and where it is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import api
from sim.adversary.registry import BEHAVIOURS, Occasion, behaviour
from sim.base.errors import LocalError
from tests.extend.own import BEHAVIOUR, WICKED, write


def refused(path: Path) -> list[api.Diagnostic]:
    with pytest.raises(api.ScenarioError) as caught:
        api.load(path)
    return list(caught.value.diagnostics)


def test_a_missing_file_is_an_error_where_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR, use='["./mien.py"]')

    (found,) = refused(path)

    assert found.span.place == f"{path}:3:8"
    assert found.message == f"can't read {tmp_path / 'mien.py'}: No such file or directory"
    assert found.suggestion == '"mine.py"'


@pytest.mark.parametrize(
    ("code", "line", "column", "message"),
    [
        ("x = 1\nimport nothing_at_all\n", 2, 1, "ModuleNotFoundError: No module named"),
        ("x = 1\ny = x + 1 / 0\n", 2, 9, "ZeroDivisionError: division by zero"),
        ("def f():\n    return g()\n\n\nf()\n", 2, 12, "NameError: name 'g' is not defined"),
        ("x = (\n", 1, 5, "SyntaxError: '(' was never closed"),
        ("'é'; x = y\n", 1, 10, "NameError: name 'y' is not defined"),
        ("raise SystemExit(3)\n", 1, 1, "SystemExit: 3"),
    ],
)
def test_one_that_fails_is_an_error_at_its_own_line(
    tmp_path: Path, code: str, line: int, column: int, message: str
) -> None:
    path = write(tmp_path, code)

    (found,) = refused(path)

    assert found.span.place == f"{tmp_path / 'mine.py'}:{line}:{column}"
    assert found.message.startswith(f"extension mine can't be loaded: {message}")
    assert [span.place for _, span in found.related] == [f"{path}:3:8"]


def test_a_taken_name_is_an_error_at_the_second_registration(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR + BEHAVIOUR.partition("\n\n\n")[2])

    (found,) = refused(path)

    second = len(BEHAVIOUR.splitlines()) + 1
    assert "the behaviour mine:off is registered twice" in found.message
    assert found.span.line in (second, second + 1)


def test_a_behaviour_without_a_prediction_is_refused(tmp_path: Path) -> None:
    (found,) = refused(write(tmp_path, BEHAVIOUR.replace("Expected:", "Perhaps:")))

    assert "must predict the outcome" in found.message
    assert found.span.file == str(tmp_path / "mine.py")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.py").write_text("")

    (found,) = refused(write(tmp_path, BEHAVIOUR, use='["mine.py", "other/mine.py"]'))

    assert "two extensions are called mine" in found.message
    assert found.span.column == 19


def test_all_errors_come_in_one_pass(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR, WICKED.replace("v01", "v11"), '["a.py", "mine.py", "b.py"]')

    found = refused(path)

    assert [d.message.split(":")[0] for d in found] == [
        f"can't read {tmp_path / 'a.py'}",
        f"can't read {tmp_path / 'b.py'}",
        '"v11" is no validator and no selector',
    ]


def test_a_name_of_an_extension_that_is_not_in_use_is_unknown(tmp_path: Path) -> None:
    (found,) = refused(write(tmp_path, BEHAVIOUR, use="[]"))

    assert found.message.startswith('unknown behaviour "mine:off": no extension in use is called')


def test_an_unknown_name_of_an_extension_in_use_suggests_the_near_one(tmp_path: Path) -> None:
    (found,) = refused(write(tmp_path, BEHAVIOUR, WICKED.replace("mine:off", "mine:of")))

    assert found.suggestion == '"mine:off"'


def test_an_unknown_distribution_is_an_error_where_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR, extra="", use='["nobody-has-this"]')

    (found,) = refused(path)

    assert found.span.place == f"{path}:3:8"
    assert "ksim.extensions" in found.message


def test_files_are_sought_from_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path / "base", BEHAVIOUR)
    over = tmp_path / "over.toml"
    over.write_text('schema = 1\nextends = "base/own.toml"\nname = "over"\n', encoding="utf-8")

    assert [known.name for known in api.load(over).extensions] == ["mine"]


def test_a_module_that_is_merely_imported_registers_nothing() -> None:
    before = set(BEHAVIOURS)

    @behaviour()
    def from_a_test(effect: Occasion, how: object) -> list[Occasion]:
        """Do nothing. Expected: nothing."""
        return [effect]

    assert set(BEHAVIOURS) == before


def test_an_extension_registers_in_its_own_file(tmp_path: Path) -> None:
    borrowed = "from sim import extend\nfrom tests.extend import borrowed\nborrowed.lend(extend)\n"

    (found,) = refused(write(tmp_path, borrowed, extra=""))

    assert "an extension registers in its own file" in found.message
    assert found.span.place == f"{tmp_path / 'mine.py'}:3:1"


@pytest.mark.parametrize("name", ["Moon", "my moon", "", "a:b"])
def test_names_are_lower_case_with_dashes(name: str) -> None:
    with pytest.raises(LocalError, match="is no name for a behaviour"):
        BEHAVIOURS.register(name, None, lambda full: BEHAVIOURS[full])
