"""Rules of shape that no linter knows. Import contracts are in pyproject.toml."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "incidents", "escalation")
SOURCES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted(
    p for package in PACKAGES for p in (ROOT / package / "static").rglob("*.js")
)

MAX_LINES, MAX_TEST_LINES = 400, 500
MAX_FUNCTION_LINES = 45
MAX_TEMPLATE_LINES = 150
MAX_SCRIPT_LINES = 100
MAX_TASK_STATEMENTS = 5
BANNED_NAMES = {"utils", "helpers", "services", "common"}

_INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle\s*=|\son[a-z]+\s*=", re.IGNORECASE
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _line_count(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def _longer(paths: list[Path], limit: int) -> dict[str, int]:
    counts = {_name(path): _line_count(path) for path in paths}
    return {name: count for name, count in counts.items() if count > limit}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCES:
        if "migrations" not in path.parts:
            yield _name(path), ast.parse(path.read_text("utf-8"))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def test_there_is_something_to_look_at():
    counts = [len(SOURCES), len(TESTS), len(TEMPLATES), len(SCRIPTS)]
    assert all(counts), counts


def test_init_files_are_empty():
    written = [_name(p) for p in SOURCES if p.name == "__init__.py" and p.read_text()]
    assert written == []


def test_modules_are_named_after_what_they_hold():
    assert [_name(p) for p in SOURCES + TESTS if p.stem in BANNED_NAMES] == []


def test_files_are_short():
    own = [path for path in SOURCES if "migrations" not in path.parts]
    assert _longer(own, MAX_LINES) == {}
    assert _longer(TESTS, MAX_TEST_LINES) == {}
    assert _longer(TEMPLATES, MAX_TEMPLATE_LINES) == {}
    assert _longer(SCRIPTS, MAX_SCRIPT_LINES) == {}


def test_functions_are_short():
    long = {
        f"{name}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name, tree in _sources()
        for function in _functions(tree)
    }
    assert {n: lines for n, lines in long.items() if lines > MAX_FUNCTION_LINES} == {}


def test_no_model_overrides_save():
    found = [
        f"{name}:{function.lineno}"
        for name, tree in _sources()
        for function in _functions(tree)
        if function.name in {"save", "delete"} and name.endswith("/models.py")
    ]
    assert found == []


def test_only_signals_are_those_after_migrations():
    signals = re.compile(r"\b(?:pre|post|m2m)_\w+\.connect|@receiver|import receiver")
    found = {
        (_name(path), match.group())
        for path in SOURCES
        for match in signals.finditer(path.read_text("utf-8"))
    }
    after = "post_migrate.connect"
    assert found == {("incidents/apps.py", after), ("escalation/apps.py", after)}


def test_no_generic_foreign_keys():
    assert [_name(p) for p in SOURCES if "GenericForeignKey" in p.read_text()] == []


def test_no_business_time_lives_in_the_broker():
    found = [
        f"{name}:{node.lineno}"
        for name, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and {"eta", "countdown"} & {keyword.arg for keyword in node.keywords}
    ]
    assert found == []


def _is_task(function: ast.FunctionDef) -> bool:
    return any("shared_task" in ast.unparse(d) for d in function.decorator_list)


def test_tasks_only_ring():
    tasks = {
        f"{name}:{function.name}": len(function.body)
        - bool(ast.get_docstring(function))
        for name, tree in _sources()
        for function in _functions(tree)
        if _is_task(function)
    }
    assert tasks
    assert {n: c for n, c in tasks.items() if c > MAX_TASK_STATEMENTS} == {}


# Mail programs read no style sheets, so mail has its style inside.
@pytest.mark.parametrize(
    "path", [p for p in TEMPLATES if "emails" not in p.parts], ids=_name
)
def test_template_holds_neither_script_nor_style(path: Path):
    markup = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text("utf-8"))
    assert _INLINE.findall(markup) == []


def test_inline_script_and_style_would_be_seen():
    found = [
        bool(_INLINE.search(markup))
        for markup in (
            "<script>go()</script>",
            '<p style="color: red">',
            '<a onclick="go()">',
            '<script src="/x.js" defer></script>',
            '<p class="style">',
        )
    ]
    assert found == [True, True, True, False, False]
