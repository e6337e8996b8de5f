"""Each module has a test module of its name, or a line in untested.txt says which tests hold it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("untested.txt")
NO_CODE = ("__init__", "__main__")


def _rows() -> dict[str, str]:
    """Pattern of module names -> what holds them."""
    lines = [
        line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    return {pattern.strip(): reason.strip() for pattern, reason in (line.split("|", 1) for line in lines)}


def _untested() -> list[str]:
    """Modules of the studio without a test module of their own name."""
    found = []
    for path in sorted((HOUSE / "studio").rglob("*.py")):
        place = path.relative_to(HOUSE / "studio")
        own = (HOUSE / "tests" / place.parent / f"test_{place.stem}.py", HOUSE / "tests" / place.stem)
        if place.stem not in NO_CODE and not any(test.exists() for test in own):
            found.append(".".join(("studio", *place.with_suffix("").parts)))
    return found


def test_each_module_has_a_test_or_a_reason() -> None:
    patterns = _rows()
    missing = [name for name in _untested() if not any(fnmatchcase(name, pattern) for pattern in patterns)]
    assert not missing, f"write tests, or say in {LIST.name} which tests hold them: {missing}"


@pytest.mark.parametrize("pattern", _rows())
def test_each_reason_holds(pattern: str) -> None:
    reason = _rows()[pattern]
    if reason.startswith("-"):
        assert len(reason) > len("- why"), "say why"
    else:
        assert (HOUSE / reason).exists(), f"{reason} is gone"
