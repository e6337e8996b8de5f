"""What the canvas says about the thing under the mouse."""

from __future__ import annotations

from studio.analysis import Analysis
from studio.document.model import Document
from studio.layers import record_of
from studio.text import tr
from studio.ui.canvas.cards import long_shape
from studio.ui.canvas.scene import PortRef, Scene
from studio.ui.canvas.wiring import Wire


def node_tip(document: Document, scene: Scene, analysis: Analysis, name: str) -> str:
    """Whole name, what the layer does, and its problems."""
    node = document.graph(scene.key).nodes[name]
    spec = record_of(node)
    rows = [f"{name}: {node.layer}"]
    if spec is not None:
        rows.append(tr(spec.summary))
    marks = {"error": "✕", "warning": "!", "hint": "·"}
    rows += [f"{marks.get(p.severity, '·')} {p.message}" for p in analysis.problems_of(name, scene.key)]
    if node.muted:
        rows.append(tr("Muted: the wire runs through"))
    if node.frozen:
        rows.append(tr("Frozen: it learns nothing"))
    return "\n".join(rows)


def port_tip(scene: Scene, ref: PortRef) -> str:
    """Name, meaning and shape of a port."""
    card = scene.card(ref.node)
    mark = (card.inputs if ref.side == "in" else card.outputs)[ref.index]
    rows = [f"{ref.node}.{mark.name}"]
    if mark.spec is not None:
        rows.append(long_shape(mark.spec))
    elif mark.port.axes not in ("*", ""):
        rows.append(tr("takes {axes}", axes=mark.port.axes))
    if mark.port.doc:
        rows.append(tr(mark.port.doc))
    if mark.port.optional:
        rows.append(tr("may stay open"))
    return "\n".join(rows)


def wire_tip(scene: Scene, wire: Wire) -> str:
    """From where to where, and what flows."""
    outputs = scene.card(wire.source.node).outputs
    mark = outputs[wire.start] if wire.start < len(outputs) else None
    rows = [f"{wire.source} → {wire.node}.{wire.port}"]
    if wire.muted:
        rows.append(tr("Muted: it carries nothing"))
        return "\n".join(rows)
    rows.append(long_shape(mark.spec) if mark and mark.spec else tr("shape not known yet"))
    return "\n".join(rows)
