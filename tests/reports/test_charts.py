from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from crmkit.reports._charts import Bar, bars, diverging, histogram, share


def widths(markup: str, tone: str) -> list[float]:
    return [float(width) for width in re.findall(rf'fill-{tone}"[^>]* width="([\d.]+)"', markup)]


def test_bars_share_one_scale() -> None:
    drawn = bars([Bar(label="a", value=50, shown="50"), Bar(label="b", value=25, shown="25")], title="x")
    assert widths(drawn, "accent") == [100.0, 50.0]


def test_a_small_value_is_still_seen_and_nothing_is_nothing() -> None:
    drawn = bars([Bar(label="a", value=0.0001, shown="0"), Bar(label="b", value=0, shown="0")], title="x", maximum=1)
    assert widths(drawn, "accent") == [1.0, 0.0]


def test_bars_without_any_length_are_empty() -> None:
    assert widths(bars([Bar(label="a", value=0, shown="0")], title="x"), "accent") == [0.0]


def test_parts_of_a_whole_fill_it() -> None:
    drawn = share([Bar(label="a", value=3, shown="3"), Bar(label="b", value=1, shown="1", tone="good")], title="x")
    assert widths(drawn, "accent") == [75.0]
    assert widths(drawn, "good") == [25.0]
    assert widths(share([Bar(label="a", value=0, shown="0")], title="x"), "accent") == [0.0]


def test_bins_from_the_threshold_on_have_another_color() -> None:
    drawn = histogram([4, 0, 16], edges=["0", "1"], title="x", split=2)
    assert len(widths(drawn, "muted")) == 2
    assert len(widths(drawn, "accent")) == 1
    assert "<title>16</title>" in drawn
    assert len(widths(histogram([1, 2], edges=[], title="x"), "accent")) == 2
    assert "<svg" in histogram([], edges=[], title="x")


@pytest.mark.parametrize(
    "drawing",
    [
        bars([Bar(label="<&>", value=1, shown="1", note="n")], title='"'),
        share([Bar(label="<&>", value=1, shown="1")], title='"'),
        histogram([1, 2, 3], edges=["<", ">"], title='"'),
    ],
)
def test_every_drawing_is_well_formed_and_has_no_script(drawing: str) -> None:
    ET.fromstring(drawing)
    assert "script" not in drawing
    assert "http" not in drawing


def test_evidence_against_goes_to_the_left_of_the_middle() -> None:
    drawn = diverging(
        [Bar(label="a", value=4, shown="+4", tone="good"), Bar(label="b", value=-2, shown="-2", tone="bad")], title="x"
    )
    places = re.findall(r'fill-(\w+)" x="([\d.]+)"[^>]* width="([\d.]+)"', drawn)
    assert places == [("good", "50", "50"), ("bad", "25", "25")]
