"""Trust: by content, in the state folder, revoked by any change, stated by nothing in a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.document.custom import set_code
from studio.files.presets import load_preset
from studio.files.project import parse_project, project_bytes
from studio.files.trust import UntrustedError, check_trusted, trust, untrusted
from tests.files.test_custom_code import CODE, drawn


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TSUMIKI_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_nobody_is_trusted_before_the_user_says_so() -> None:
    assert untrusted(load_preset("lenet5")) == {}
    assert untrusted(drawn()) == {CODE: "gate"}
    with pytest.raises(UntrustedError, match="gate.*trust"):
        check_trusted(drawn(), "Read it")
    trust([CODE])
    assert untrusted(drawn()) == {}
    check_trusted(drawn(), "Read it")


def test_a_change_of_one_letter_revokes_it() -> None:
    trust([CODE])
    assert untrusted(set_code(drawn(), "", "gate", CODE.replace("1, 2", "1,2")))


def test_trust_belongs_to_this_machine(state: Path) -> None:
    trust([CODE])
    assert b"trust" not in project_bytes(drawn())
    assert untrusted(parse_project(project_bytes(drawn())).document) == {}
    lines = (state / "trust" / "codes").read_bytes()
    (state / "trust" / "key").write_bytes(os.urandom(32))  # another user's list says nothing here
    assert untrusted(drawn())
    assert lines == (state / "trust" / "codes").read_bytes()


def test_a_damaged_list_trusts_nobody(state: Path) -> None:
    trust([CODE])
    for junk in (b"", b"\xff\xfe", b"*\n", os.urandom(64)):
        (state / "trust" / "codes").write_bytes(junk)
        assert untrusted(drawn())


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_only_the_user_reads_it(state: Path) -> None:
    trust([CODE])
    assert {path.stat().st_mode & 0o077 for path in (state / "trust", *(state / "trust").iterdir())} == {0}
