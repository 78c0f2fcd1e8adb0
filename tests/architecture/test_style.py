"""Habits that a linter does not know: lengths, names, the map, and how kernels are written."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sim"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)
KERNEL_FOLDERS = (
    "rules",
    "strategies",
    "margin_regimes",
    "liquidation_policies",
    "waterfall_layers",
    "price_sources",
    "engine",
)
KERNEL_FILES = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in (*KERNEL_FOLDERS, "streams.py")]
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
OURS = {"kernel", "entry", "phase"}
FLOAT_FUNCTIONS = {"log", "exp", "sqrt", "log1p", "expm1", "power", "sin", "cos"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def _kernels(path: Path) -> list[ast.FunctionDef]:
    return [node for node in _functions(path) if any(_decorator(item) in OURS for item in node.decorator_list)]


def _decorator(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_files_and_functions_are_short(path):
    assert len(path.read_text().splitlines()) <= FILE_LINES_MAX
    long = {node.name: node.end_lineno - node.lineno + 1 for node in _functions(path)}
    assert not {name: lines for name, lines in long.items() if lines > FUNCTION_LINES_MAX}


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_modules_say_what_they_are(path):
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "a module docstring is missing"


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "kernel.py"], ids=_name)
def test_kernels_are_made_by_our_own_decorator(path):
    assert not re.search(r"\bnjit\b|numba\.jit\b|@jit\b|cache=True|fastmath=True", path.read_text())


@pytest.mark.parametrize("path", KERNEL_FILES, ids=_name)
def test_kernels_use_the_same_mathematics_with_and_without_jit(path):
    for function in _kernels(path):
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in ("np", "numpy")
            ):
                assert node.attr not in FLOAT_FUNCTIONS, f"{function.name}: np.{node.attr}; use math.{node.attr}"
                assert node.attr not in ("uint64", "int32", "uint32"), f"{function.name}: np.{node.attr}; use int64"
            assert not isinstance(node, ast.Raise), f"{function.name}: write an error code, raise in Python"


def test_nothing_names_a_machine_or_an_account():
    places = ("sim", "tests", "configs", "experiments", "docs")
    files = [path for place in places for path in (ROOT / place).rglob("*") if path.suffix in (".py", ".yaml", ".md")]
    files += [ROOT / name for name in ("Makefile", "pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    pattern = re.compile("|".join(("/wo" + "rk/", "/tm" + "p/w", "/ho" + "me/", "/ro" + "ot/")))
    named = [_name(path) for path in files if path.is_file() and pattern.search(path.read_text(encoding="utf-8"))]
    assert not named


def test_the_map_covers_every_file():
    text = (PACKAGE / "README.md").read_text()
    missing = []
    for path in FILES:
        inner = path.relative_to(PACKAGE)
        words = [str(inner), inner.name, *(f"{parent}/" for parent in inner.parents if str(parent) != ".")]
        if inner.name != "__init__.py" and not any(word in text for word in words):
            missing.append(str(inner))
    assert not missing


def test_phases_are_the_same_in_list_step_and_map():
    from sim.phases import PHASES

    names = [name for _, name, _ in PHASES]
    assert [number for number, _, _ in PHASES] == list(range(1, 11))
    for place in (PACKAGE / "README.md", PACKAGE / "engine" / "step.py"):
        text = place.read_text()
        found = [text.find(name) for name in names]
        assert -1 not in found, f"{place.name}: {[name for name, at in zip(names, found, strict=True) if at < 0]}"


def test_every_union_is_the_list_of_its_parts():
    from typing import get_args

    from sim import strategies, waterfall_layers

    assert set(get_args(get_args(strategies.Population)[0])) == set(strategies.PARTS)
    assert set(get_args(get_args(waterfall_layers.WaterfallLayer)[0])) == set(waterfall_layers.PARTS)
