"""The house keeps its shape: what may stand at the top, who imports whom, what no code may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
SOURCES = sorted((HOUSE / "studio").rglob("*.py"))
TOP = {
    "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
    "studio", "resources", "presets", "tests", "packaging",
}  # fmt: skip
LONGEST_FILE = 600
BANNED_IMPORTS = {  # what runs code out of bytes, or talks through such bytes
    "pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing", "socketserver", "xmlrpc",
}  # fmt: skip


def test_the_top_level_holds_only_what_it_may() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_imports_run_downward() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_file_is_too_long_and_none_is_undocumented(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(text)), "a module says in one sentence what is here"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_pickle_no_eval_no_port(path: Path) -> None:
    found = [f"line {line}: {what}" for line, what in _dangers(path.read_text(encoding="utf-8"))]
    assert not found


@pytest.mark.parametrize(
    "text",
    (
        "import pickle",
        "from marshal import loads",
        "import multiprocessing.connection",
        "eval('1')",
        "exec(text)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path, weights_only=False)",
        "server.listen()",
        "socket.bind(address)",
    ),
)
def test_each_danger_is_seen(text: str) -> None:
    assert len(list(_dangers(text))) == 1


def test_what_looks_alike_is_let_through() -> None:
    assert not list(_dangers("network.eval()\ndialog.exec()\nnp.load(path, allow_pickle=False)\nimport json"))


def _dangers(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of each import or call that runs what a file says, or opens a port."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        for name in names:
            if name.split(".")[0] in BANNED_IMPORTS:
                yield node.lineno, name  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in _dangerous_call(node))


def _dangerous_call(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
        yield node.func.id
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("listen", "bind"):
        yield node.func.attr
    for keyword in node.keywords:
        value = getattr(keyword.value, "value", None)
        if (keyword.arg, value) in (("allow_pickle", True), ("weights_only", False)):
            yield f"{keyword.arg}={value}"


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(' '.join(sys.modules))"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_the_window_never_loads_torch() -> None:
    assert not _loaded("import studio.ui.window, studio.ui.app") & {"torch", "onnx", "onnxruntime"}


@pytest.mark.parametrize(
    "words",
    (["check", "preset:lenet5"], ["code", "preset:lenet5"], ["layers"], ["presets"], ["runs"]),
    ids=lambda words: words[0],
)
def test_quick_commands_load_neither_qt_nor_torch(words: list[str]) -> None:
    code = (
        "import contextlib, io; from studio.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert main({words!r}) == 0"
    )
    assert not _loaded(code) & {"torch", "PySide6", "onnx"}
