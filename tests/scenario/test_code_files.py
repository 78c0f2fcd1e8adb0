"""A scenario may name Python files: they are read and hashed with it, and never run by reading."""

import os
from hashlib import sha256

import pytest

from sim.scenario import ScenarioError, load
from sim.scenario.code import code_populations, refuse_code

CODE = "raise RuntimeError('the file was run')\n"


@pytest.fixture
def scenario(tmp_path):
    """A function that writes a scenario with one `kind: python` population and loads it."""

    def write(code=CODE, overrides=(), **fields):
        if code is not None:
            (tmp_path / "mine.py").write_text(code)
        fields = {"file": "mine.py", "strategy": "Mine"} | fields
        lines = "".join(f"    {name}: {value}\n" for name, value in fields.items())
        file = tmp_path / "mine.yaml"
        head = "from: baseline.yaml\nname: mine\npopulations:\n  - kind: python\n    name: dips\n    venue: binance\n"
        file.write_text(head + lines)
        return load(file, overrides)

    return write


def message(caught):
    return str(caught.value)


def test_reading_a_scenario_does_not_run_its_code(scenario):
    (record,) = code_populations(scenario())
    assert record.code.text == CODE and record.sha256 == sha256(CODE.encode()).hexdigest()


def test_changed_code_is_another_configuration(scenario):
    first, again, other = scenario(), scenario(), scenario(code=CODE + "# a remark\n")
    assert first.config_hash == again.config_hash != other.config_hash


def test_the_file_is_looked_for_beside_the_scenario_not_in_the_working_folder(scenario, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.py").write_text("x = 1\n")
    monkeypatch.chdir(elsewhere)
    assert code_populations(scenario())[0].code.text == CODE


def test_code_is_refused_with_population_file_and_place_until_it_is_allowed(scenario):
    record = scenario()
    with pytest.raises(ScenarioError) as caught:
        refuse_code(record, allow_code=False)
    assert "mine.yaml:7:5: populations.dips.file: population dips runs the code of mine.py; " in message(caught)
    assert "--allow-code" in message(caught)
    refuse_code(record, allow_code=True)


def test_a_record_made_by_hand_has_no_code_to_run(scenario):
    made = type(scenario()).model_validate(scenario().dump())
    with pytest.raises(ScenarioError, match="load the scenario from a file"):
        refuse_code(made, allow_code=True)


def test_a_file_that_differs_from_the_pinned_one_is_refused(scenario):
    pinned = sha256(CODE.encode()).hexdigest()
    assert scenario(sha256=pinned).config_hash == scenario().config_hash
    with pytest.raises(ScenarioError, match=r"mine.yaml:9:5: populations.dips.sha256: mine.py has the SHA-256"):
        scenario(code=CODE + "\n", sha256=pinned)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("absent.py", "absent.py: no such file"),
        ("mine.txt", "is no .py file"),
        ("folder.py", "is no regular file"),
        ("link_to_text.py", "is no .py file"),
        ("circle.py", "no such file|cannot be read"),
        ("broken.py", "is not Python, line 2"),
        ("latin.py", "is not UTF-8 text"),
        ("null.py", "is not Python"),
        ("huge.py", "is larger than 1000000 bytes"),
        ("pipe.py", "is no regular file"),
        ('"a\\0b.py"', "cannot be read|is not Python|null"),
    ],
)
def test_what_is_no_python_file_is_refused_with_its_place(scenario, tmp_path, file, said):
    (tmp_path / "mine.txt").write_text("x = 1\n")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "link_to_text.py").symlink_to(tmp_path / "mine.txt")
    (tmp_path / "circle.py").symlink_to(tmp_path / "circle.py")
    (tmp_path / "broken.py").write_text("x = 1\nif x\n")
    (tmp_path / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (tmp_path / "null.py").write_bytes(b"x = 1\0\n")
    (tmp_path / "huge.py").write_bytes(b"#" * 1_000_001)
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(ScenarioError, match=said) as caught:
        scenario(file=file)
    assert message(caught).startswith(str(tmp_path / "mine.yaml") + ":7:5: populations.dips.file: ")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"strategy": "not-a-class"}, r"mine.yaml:8:5: populations.dips.strategy: 'not-a-class' is not allowed"),
        ({"file": "7"}, r"mine.yaml:7:5: populations.dips.file: 7 is not allowed"),
        ({"count": "0"}, r"populations.dips.count: 0 is not allowed; allowed: a whole number from 1 to 20000"),
        ({"leverage": "0.5"}, r"populations.dips.leverage: 0.5 is not allowed"),
        ({"time_limit_s": "0"}, r"populations.dips.time_limit_s: 0 is not allowed"),
        ({"capitel": "1"}, r"populations.dips.capitel: unknown key; did you mean 'capital'"),
        ({"dials": "{a: [1]}"}, r"populations.dips.dials.a"),
        ({"dials": "{a: .nan}"}, r"populations.dips.dials.a"),
        ({"dials": "{__class__: 1}"}, r"populations.dips.dials"),
        (
            {"leverage": "300"},
            r"populations.dips.leverage: 300 of population .dips. is above the venue.s cap; .* at most 150",
        ),
        ({"capital": "1.0e+13", "count": "20000"}, r"populations.dips: the money of this world"),
    ],
    ids=str,
)
def test_wrong_fields_are_refused_with_population_value_and_place(scenario, fields, said):
    with pytest.raises(ScenarioError, match=said):
        scenario(**fields)


def test_dials_take_numbers_words_and_truths_and_are_set_by_path(scenario):
    dials = "{size: 0.5, window: 60, side: buy, hedge: true}"
    record = code_populations(
        scenario(dials=dials, overrides=["populations.dips.dials.size=2", "populations.dips.count=3"])
    )[0]
    assert record.dials == {"size": 2, "window": 60, "side": "buy", "hedge": True} and record.count == 3
    assert [type(value) for value in record.dials.values()] == [int, int, str, bool]
