"""The offline manual: one page a language, made from the records that the window reads too."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from studio.layers.explain import axes_text, links, range_text, related
from studio.layers.mathml import mathml
from studio.layers.params import Param
from studio.layers.spec import Category, LayerSpec, Port
from studio.layers.text import plain
from studio.text import language, tr

_STYLE = """
:root { color-scheme: light dark; --text: #1A1F29; --soft: #5C6675; --line: #D8DEE7;
  --ground: #FFFFFF; --mark: #2B66CF; }
@media (prefers-color-scheme: dark) {
  :root { --text: #E8EBF1; --soft: #98A2B3; --line: #323844; --ground: #1C1F26; --mark: #6E9AF2; } }
body { margin: 0; color: var(--text); background: var(--ground);
  font: 15px/1.6 system-ui, "Noto Sans CJK JP", sans-serif; }
nav { position: fixed; top: 0; bottom: 0; left: 0; width: 260px; overflow: auto; border-right: 1px solid var(--line);
  padding: 16px; box-sizing: border-box; font-size: 13px; }
main { margin-left: 260px; max-width: 820px; padding: 24px 40px 80px; }
a { color: var(--mark); text-decoration: none; } a:hover { text-decoration: underline; }
nav a { display: block; padding: 1px 0 1px 12px; } nav summary { font-weight: 600; cursor: pointer; padding: 4px 0; }
section { border-top: 1px solid var(--line); padding: 12px 0 20px; } h1 { font-size: 26px; } h2 { margin-bottom: 0; }
h3 { font-size: 14px; margin: 16px 0 4px; color: var(--soft); } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
td, th { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
figure { margin: 8px 0; } figure img { background: #FFFFFF; border-radius: 6px; max-width: 100%; }
math { font-size: 18px; text-align: left; margin: 8px 0; }
@media (max-width: 760px) { nav { position: static; width: auto; } main { margin: 0; padding: 16px; } }
"""


def manual_html(pictures: Mapping[str, tuple[str, str]] | None = None) -> str:
    """The whole manual in the current language, as one page that needs no network.

    Args:
        pictures: layer -> the address of a picture of what it does, and the sentence under it.
    """
    shown = pictures or {}
    from studio.layers import CATALOGUE

    specs = list(CATALOGUE.values())
    title = tr("Tsumiki Studio: every layer")
    body = "".join(_entry(spec, shown.get(spec.name)) for spec in specs)
    count = tr("{count} entries, made from the records the program itself reads.", count=len(specs))
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<nav>{_contents(specs)}</nav>\n"
        f"<main><h1>{escape(title)}</h1>\n<p>{escape(count)}</p>\n{body}</main>\n</body>\n</html>\n"
    )


def _contents(specs: list[LayerSpec]) -> str:
    parts = []
    for category in Category:
        inside = [spec for spec in specs if spec.category is category]
        names = "".join(f'<a href="#{spec.name}">{escape(_title(spec))}</a>' for spec in inside)
        parts.append(
            f"<details><summary>{escape(tr(category.value))} ({len(inside)})</summary>{names}</details>\n"
        )
    return "".join(parts)


def _title(spec: LayerSpec) -> str:
    other = tr(f"layer:{spec.name}") if language() != "en" else ""
    return f"{spec.name} {other}".strip()


def _entry(spec: LayerSpec, picture: tuple[str, str] | None = None) -> str:
    where = tr(spec.category.value) + (f" · {tr(spec.group)}" if spec.group else "")
    parts = [
        f'<section id="{spec.name}">\n<h2>{escape(_title(spec))}</h2>\n<p class="soft">{escape(where)}</p>\n',
        f"<p>{escape(tr(spec.summary))}</p>\n",
        _picture(*picture) if picture else "",
        mathml(spec.formula) if spec.formula else "",
        f"<p>{escape(tr(spec.pitfalls))}</p>\n" if spec.pitfalls else "",
        _params(spec),
        _ports(tr("Input ports"), spec.inputs),
        _ports(tr("Output ports"), spec.outputs),
        f"<h3>ONNX</h3>\n<p>{escape(_onnx(spec))}</p>\n",
        _differs(spec),
        _related(spec),
        _sources(spec),
        "</section>\n",
    ]
    return "".join(parts)


def _picture(address: str, caption: str) -> str:
    said = escape(caption)
    return f'<figure><img src="{escape(address)}" alt="{said}"/><figcaption class="soft">{said}</figcaption></figure>\n'


def _onnx(spec: LayerSpec) -> str:
    if not spec.exportable:
        return tr("Can't be exported: {why}", why=tr(spec.onnx))
    kept = (
        tr("Can't be exported with {name} set: {why}", name=n, why=tr(w)) for n, w in spec.kept_back.items()
    )
    return " ".join((tr(spec.onnx), *kept))


def _params(spec: LayerSpec) -> str:
    if not spec.params:
        return ""
    rows = "".join(map(_param, spec.params))
    heads = "".join(f"<th>{escape(tr(title))}</th>" for title in ("Parameter", "Meaning", "Range", "Default"))
    return f"<h3>{escape(tr('Parameters'))}</h3>\n<table><tr>{heads}</tr>\n{rows}</table>\n"


def _param(param: Param) -> str:
    default = plain(param.default) if param.default not in ("", ()) else "—"
    unit = f" {tr(param.unit)}" if param.unit else ""
    cells = (
        f"<code>{escape(param.name)}</code>",
        escape(tr(param.doc)),
        escape(range_text(param) + unit),
        escape(default),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _ports(title: str, ports: tuple[Port, ...]) -> str:
    if not ports:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(port.name)}</code></td><td>{escape(axes_text(port.axes))}</td>"
        f"<td>{escape(tr(port.doc))}</td></tr>\n"
        for port in ports
    )
    return f"<h3>{escape(title)}</h3>\n<table>{rows}</table>\n"


def _differs(spec: LayerSpec) -> str:
    """Where a parameter is not torch's, for who comes from there."""
    if not spec.torch_name or not spec.differs:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(tr(why))}</td></tr>\n"
        for name, why in spec.differs.items()
    )
    title = tr("Otherwise than torch.{name}", name=spec.torch_name.removeprefix("torch."))
    return f"<h3>{escape(title)}</h3>\n<table>{rows}</table>\n"


def _related(spec: LayerSpec) -> str:
    names = related(spec.name)
    if not names:
        return ""
    found = ", ".join(f'<a href="#{name}">{name}</a>' for name in names)
    return f"<h3>{escape(tr('Related layers'))}</h3>\n<p>{found}</p>\n"


def _sources(spec: LayerSpec) -> str:
    found = "; ".join(f'<a href="{escape(url)}">{escape(title)}</a>' for title, url in links(spec))
    return f"<h3>{escape(tr('Source'))}</h3>\n<p>{found}</p>\n"
