"""Translation by lookup: the English text is the key, ``resources/translations/<language>/*.json`` the answer."""

from __future__ import annotations

import json
import locale
import os
from collections.abc import Callable

from studio.places import resources

LANGUAGES = {"en": "English", "ja": "日本語"}
_table: dict[str, str] = {}
_language = "en"
_listeners: list[Callable[[], None]] = []


def tr(template: str, /, **values: object) -> str:
    """``template`` in the current language, with ``values`` filled into its {names}."""
    text = _table.get(template, template)
    return text.format(**values) if values else text


def language() -> str:
    """The code of the current language."""
    return _language


def system_language() -> str:
    """The language of the system when we speak it, else English; STUDIO_LANGUAGE has the last word."""
    name = (
        os.environ.get("STUDIO_LANGUAGE")
        or os.environ.get("LC_ALL")
        or os.environ.get("LANG")
        or locale.getlocale()[0]
        or ""
    )
    return "ja" if name.lower().startswith(("ja", "japanese")) else "en"


def set_language(code: str) -> None:
    """Switches the language and tells who listens. An unknown code means English."""
    global _language
    _language = code if code in LANGUAGES else "en"
    _table.clear()
    _table.update(load(_language))
    for listener in list(_listeners):
        listener()


def on_language_change(listener: Callable[[], None]) -> Callable[..., None]:
    """Calls ``listener`` after each switch; what it gives back ends that, for listeners that don't live as long."""
    _listeners.append(listener)

    def end(*_: object) -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return end


def load(code: str) -> dict[str, str]:
    """All translations of one language, English text to translation. Empty for English."""
    table: dict[str, str] = {}
    folder = resources() / "translations" / code
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if path.name != "glossary.json":
            table.update(json.loads(path.read_text(encoding="utf-8")))
    return table
