"""The table of file formats is the registry."""

from pathlib import Path

from sim.scenario.formats import FORMATS
from sim.scenario.formats.records import TIER_KEYS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "files.md"
CARRIERS = {"csv": "CSV", "json_rows": "JSON arrays", "json_tiers": "JSON", "feather": "feather"}


def _row(form):
    columns = (*TIER_KEYS, "info.cum") if "json_tiers" in form.carriers else dict.fromkeys(form.columns)
    files = ", ".join(CARRIERS[carrier] for carrier in form.carriers) + (", also without header" if form.bare else "")
    words = ", ".join(f"`{column}`" for column in columns)
    return f"| `{form.name}` | {form.title} | {files} | {form.gives} | {words} | {form.traps} |"


def test_the_table_of_formats_has_a_line_for_each_and_says_what_the_registry_says():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `") and " | " in line]
    expected = [_row(form) for form in FORMATS]
    assert [line for line in rows if line.split("`")[1] in {form.name for form in FORMATS}] == expected


def test_limits_that_the_page_states_are_those_of_the_code():
    from sim.scenario.formats import book_depth, container, records, report
    from sim.scenario.price_files import POINTS_MAX

    text = PAGE.read_text(encoding="utf-8")
    for value in (
        f"{container.RATIO_MAX} times",
        f"{container.INFLATED_MAX >> 30} GB",
        f"{records.FEATHER_MAX >> 20} MB",
        f"{records.JSON_MAX >> 20} MB",
        f"{records.LINE_MAX >> 10} kB",
        f"{POINTS_MAX:,} points",
        f"first {report.REFUSALS_MAX}",
        f"{book_depth.STALE_SNAPSHOTS} snapshots",
    ):
        assert value in text, value
