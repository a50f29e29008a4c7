"""Rules of the house that no other tool checks; each names file and line."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dao_app"
LINES_MAX = 520  # of a module: about 500, then it is split by meaning
FUNCTION_LINES_MAX = 75  # fits a screen
TEXT_SUFFIXES = {
    ".py", ".md", ".toml", ".txt", ".lock", ".json", ".sh", ".yml", ".yaml", ".cfg", ".ini", ".svg", ".desktop",
    ".service", "",
}
# Put together from parts, so that this file does not hold what it looks for.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.np" + "mjs", "crates" + ".io", "index" + "-url"]
MACHINE_PATHS = re.compile(r"(?<![\w.$}~-])/(?:wor" + r"k|roo" + r"t|home/\w+|tm" + r"p/\w)/")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error)\b")
PRAGMA = "f'PRAGMA "
IMPURE = {"time", "random", "secrets", "datetime", "os", "threading", "uuid", "socket", "pathlib", "locale", "zoneinfo"}


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text("utf-8"), str(path)))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in found if path.is_file() and path.suffix in TEXT_SUFFIXES]


def test_modules_stay_readable_in_length() -> None:
    long = [f"{path.relative_to(ROOT)}: {lines} lines" for path in modules(PACKAGE)
            if (lines := len(path.read_text("utf-8").splitlines())) > LINES_MAX]
    assert not long


def test_functions_fit_a_screen() -> None:
    long = [
        f"{place(path, node)} {node.name}"
        for path in modules(PACKAGE) for node in nodes(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long


@pytest.mark.parametrize("folder", ["core"])
def test_the_core_knows_no_clock_randomness_files_or_floats(folder: str) -> None:
    found = []
    for path in modules(PACKAGE / folder):
        for node in nodes(path):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Constant) and isinstance(node.value, float):
                names = ["float"]
            elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
                names = ["float"]  # exact shares are written Fraction(a, b)
            elif isinstance(node, ast.Name) and node.id == "float":
                names = ["float"]
            found += [f"{place(path, node)} {name}" for name in names if name.split(".")[0] in IMPURE | {"float"}]
    assert not found


def test_sql_is_never_put_together_from_text() -> None:
    found = []
    for path in modules(ROOT / "dao_app") + modules(ROOT / "tools"):
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if isinstance(first, ast.JoinedStr) and ast.unparse(first).startswith(PRAGMA):
                continue  # takes no bound parameters; the values are our own constants
            made = isinstance(first, (ast.JoinedStr, ast.BinOp)) or (
                isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute) and first.func.attr == "format"
            )
            if called in ("text", "execute", "exec_driver_sql", "executescript", "executemany") and made:
                found.append(place(path, node))
    assert not found


def test_foreign_text_is_never_taken_for_markup() -> None:
    pattern = re.compile(r"\b(?:setHtml|insertHtml|setMarkdown|RichText|AutoText|MarkdownText)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(PACKAGE / "ui")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    # The one label that draws our own rendering of a safe Markdown subset.
    assert [name.split(":")[0] for name in found] == ["dao_app/ui/markdown.py"]


def test_no_registry_host_machine_path_or_unfinished_mark_is_committed() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            bad = any(host in line for host in HOSTS) or MACHINE_PATHS.search(line)
            code = path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts
            if bad or (code and UNFINISHED.search(line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found


def test_tests_neither_sleep_nor_measure_time() -> None:
    """Waiting for a condition over a real network is allowed: in ``until``, or in a loop with a deadline. An emulated
    line (``tests/netns/line.py``) and attackers (``tests/net/hostile/kit.py``) are made of nothing but time."""
    banned = {"sleep", "perf_counter", "monotonic", "perf_counter_ns", "monotonic_ns"}
    found = []
    for path in modules(ROOT / "tests"):
        if path.parts[-2:] in (("netns", "line.py"), ("hostile", "kit.py")):
            continue
        tree = list(nodes(path))
        waiting = [node for node in tree if getattr(node, "name", "") == "until" or _has_deadline(node)]
        allowed = {inner for node in waiting for inner in ast.walk(node)}
        for node in set(tree) - allowed:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in banned:
                zero = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
                if not zero and getattr(node.func.value, "id", "") in ("time", "trio", "asyncio"):
                    found.append(place(path, node))
    assert not found


def _has_deadline(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and "fail_after" in ast.unparse(node.items[0].context_expr)


# -- the package -----------------------------------------------------------------------------------
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_package_is_shipped() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    shipped = set(PROJECT["tool"]["setuptools"]["packages"])
    assert {name for name in shipped if not name.startswith("guildhall_resources")} == found


def test_every_resource_is_shipped() -> None:
    folder = ROOT / "resources"
    shipped = {
        path
        for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in folder.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    missing = [str(path) for path in folder.rglob("*")
               if path.is_file() and path.suffix not in (".py", ".pyc") and path not in shipped]
    assert not missing


IMPORT_NAMES = {
    "pynacl": "nacl", "pyside6-essentials": "PySide6", "zxing-cpp": "zxingcpp", "markdown-it-py": "markdown_it",
}


def test_every_import_is_a_declared_dependency() -> None:
    declared = [re.split(r"[<>=!~ \[]", text, maxsplit=1)[0].lower() for text in PROJECT["project"]["dependencies"]]
    known = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in declared} | {"dao_app", "shiboken6"}
    import sys

    foreign = set()
    for path in modules(PACKAGE):
        for node in nodes(path):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            foreign |= {f"{name.split('.')[0]} ({place(path, node)})" for name in names
                        if name.split(".")[0] not in known | set(sys.stdlib_module_names)}
    assert not foreign


def test_every_dependency_is_used_and_has_its_reason() -> None:
    source = "\n".join(path.read_text("utf-8") for path in modules(PACKAGE))
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    for text in PROJECT["project"]["dependencies"]:
        name = re.split(r"[<>=!~ \[]", text, maxsplit=1)[0].lower()
        imported = IMPORT_NAMES.get(name, name.replace("-", "_"))
        assert re.search(rf"^\s*(?:from|import) {imported}\b", source, re.M), f"{name} is not imported"
        assert f"| {name}" in reasons, f"{name} has no reason"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_with_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=[A-Za-z])", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip())
    assert len(entries) > 30
    for entry in entries:
        pin = r"[\w.-]+==[\w.+!]+(?: ;[^\\]*)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
        assert re.fullmatch(pin, entry.strip()), entry[:80]


def test_the_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.M))

    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run
