"""A figure is in its band, out of it, or undecided where the samples are too few to tell."""

import math

import pytest

from sim.evidence.checks import SIGMAS, Check, judged, mean_error


@pytest.mark.parametrize(
    ("estimate", "error", "word"),
    [
        (1.05, 0.01, "in"),
        (1.1, 0.0, "in"),
        (1.2, 0.01, "out"),
        (1.2, 0.2 / SIGMAS, "undecided"),
        (1.2, math.inf, "undecided"),
        (0.7, 0.05, "out"),
    ],
)
def test_a_figure_outside_its_band_counts_as_in_never(estimate, error, word):
    assert Check("x", estimate, error, target=1.0, band=0.125).word == word


def test_the_verdict_counts_only_what_is_in():
    checks = [Check("a", 1.0, 0.01, 1.0, 0.1), Check("b", 1.3, 0.1, 1.0, 0.1), Check("c", 2.0, 0.1, 1.0, 0.1)]
    found = judged("t", checks, {})
    for words in ("1 of 3", "Outside: c.", "Too few samples to tell: b."):
        assert words in found.verdict
    assert found.facts["undecided"] == ["b"] and found.facts["outside"] == ["c"]


def test_one_value_has_no_error_that_could_be_known():
    assert mean_error([2.0]) == (2.0, math.inf)
    assert mean_error([1.0, 3.0]) == (2.0, 1.0)
