"""A figure is in its band, out of it, or unsure."""

import pytest

from sim.evidence.band_table import Table


@pytest.mark.parametrize(
    ("value", "ends", "word"),
    [
        (1.5, None, "in"),
        (1.0, (0.1, 0.2), "in"),  # the figure itself decides
        (2.5, None, "out"),
        (2.5, (1.9, 3.0), "unsure"),
        (2.5, (2.1, 3.0), "out"),
        (0.5, (0.1, 1.0), "unsure"),
        (None, None, "out"),
    ],
)
def test_a_figure_is_in_out_or_unsure(value, ends, word):
    table = Table()
    table.add("figure", value, (1.0, 2.0), ends)
    assert table.texts[0]["verdict"] == table.numbers[0]["verdict"] == word


def test_a_figure_without_a_band_is_not_judged_and_texts_show_what_is_known():
    table = Table()
    table.add("figure", 0.123456, None, (0.1, 0.2), "0.1, 0.3", 3)
    table.add("other", 3.0, (1.0, 5.0), remark="+2% of the fit", shown="about three")
    assert table.texts[0] == {
        "quantity": "figure", "simulated": "0.123", "95 %": "0.100 to 0.200", "real": "0.1, 0.3",
        "band": "", "verdict": "",
    }  # fmt: skip
    assert table.texts[1]["95 %"] == "+2% of the fit" and table.texts[1]["band"] == "about three"
    assert table.numbers[1]["band_high"] == 5.0 and table.numbers[1]["low"] is None
