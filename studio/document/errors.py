"""The one error of everything that reads foreign text: files, the clipboard, journals."""

from __future__ import annotations

from studio.text import tr


class FileError(ValueError):
    """What was read can't be used. The text is for the user: where, what, and what to do about it.

    ``place`` names the spot (``main node "conv1" params.kernel_size``); ``template`` has {names}.
    """

    def __init__(self, place: str, template: str, todo: str = "", /, **values: object) -> None:
        self.place, self.template, self.todo = place, template, todo
        self.values = {name: shown(value) for name, value in values.items()}
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole text in the current language."""
        what = tr(self.template, **self.values)
        if self.todo:
            text = tr("{what}. {todo}.", what=what, todo=tr(self.todo, **self.values))
        else:
            text = tr("{what}.", what=what)
        return f"{self.place}: {text}" if self.place else text


def shown(value: object, limit: int = 60) -> str:
    """A foreign value made safe to show: short, on one line, no control or direction characters."""
    text = (
        value
        if isinstance(value, str)
        else repr(value)
        if not isinstance(value, (int, float))
        else str(value)
    )
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
