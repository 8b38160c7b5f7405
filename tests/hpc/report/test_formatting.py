from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from citytide.hpc.report.formatting import make_column, make_columns, number_text, size_text, unit_text


@given(st.lists(st.floats(1e-3, 1e14), min_size=1, max_size=5))
def test_numbers_of_a_column_share_their_decimals_and_keep_their_digits(values: list[float]) -> None:
    column = make_column("tstt", "TSTT", "", values)
    texts = [column.text(value) for value in values]
    assert len({len(text.partition(".")[2]) for text in texts}) == 1
    for value, text in zip(values, texts, strict=True):
        assert float(text.replace(",", "")) == pytest.approx(value, abs=0.5000001 * 10.0 ** -(column.decimals or 0))


def test_small_numbers_keep_their_power() -> None:
    column = make_column("relative_gap", "Relative gap", "", [9.8e-11, 0.5])
    assert column.text(9.8e-11).endswith("10⁻¹¹") and column.text(0.5) == "0.5"


def test_identifiers_are_written_as_they_came() -> None:
    assert make_column("0", "from", "", [10_031_023_946], is_identifier=True).text(10_031_023_946) == "10031023946"
    assert make_column("0", "from", "", [10_031_023_946]).text(10_031_023_946) == "10,031,023,946"


def test_columns_come_in_the_order_told_and_with_what_is_told() -> None:
    told = {"b": {"heading": "Length", "unit": "veh h-1", "digits": 5}, "a": {"is_identifier": True}, "none": {}}
    length, a, c = make_columns([{"c": 1, "a": 1234, "b": 1.23456789}], told)
    assert (length.heading, length.unit, length.text(1.23456789)) == ("Length", "veh/h", "1.2")
    assert (a.heading, a.text(1234), c.heading) == ("a", "1234", "c")


def test_one_text_among_numbers_makes_a_column_of_texts() -> None:
    (column,) = make_columns([{"a": 1.5}, {"a": "many"}])
    assert not column.is_number and [column.text(1.5), column.text("many"), column.text(None)] == ["1.5", "many", "—"]


@pytest.mark.parametrize(("value", "text"), [(float("inf"), "∞"), (float("nan"), "NaN"), (True, "yes"), (None, "—")])
def test_odd_values_have_words(value: object, text: str) -> None:
    assert number_text(value) == text


def test_sizes_and_units() -> None:
    assert [size_text(n) for n in (0, 1500, 10**13, "?")] == ["0 B", "1.5 kB", "10 TB", "—"]
    assert [unit_text(unit) for unit in ("veh h-1", "0.01 h", "1", "")] == ["veh/h", "0.01 h", "", ""]


def test_missing_number_reads_as_its_column_says_and_leaves_the_others_numbers() -> None:
    told = {"n": {"heading": "Persons", "missing": "withheld"}}
    (column,) = make_columns([{"n": None}, {"n": 1234}], told)
    assert (column.text(None), column.text(1234), column.is_number) == ("withheld", "1,234", True)
