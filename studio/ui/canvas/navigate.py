"""Walking over a drawing by keys: along wires first, else to what lies that way."""

from __future__ import annotations

from collections.abc import Collection

from studio.ui.canvas.scene import Scene


def next_node(scene: Scene, selection: Collection[str], dx: float, dy: float) -> str | None:
    """The node to go to from the selected one; the first of the drawing when none is."""
    if not scene.ids:
        return None
    start = next((name for name in scene.ids if name in selection), None)
    if start is None:
        return min(scene.ids, key=lambda n: (scene.box(n).y // 100, scene.box(n).x))
    if dx:
        along = _along(scene, start, dx)
        if along:
            return along
    x, y = scene.box(start).centre
    best, nearest = None, float("inf")
    for name in scene.ids:
        cx, cy = scene.box(name).centre
        ahead = (cx - x) * dx + (cy - y) * dy
        aside = abs((cx - x) * dy) + abs((cy - y) * dx)
        if name != start and ahead > 4 and ahead + 2 * aside < nearest:
            best, nearest = name, ahead + 2 * aside
    return best


def _along(scene: Scene, start: str, dx: float) -> str | None:
    """The nearest node that reads ``start`` (or feeds it)."""
    if dx > 0:
        found = [wire.node for wire in scene.wires if wire.source.node == start]
    else:
        found = [wire.source.node for wire in scene.wires if wire.node == start]
    here = scene.box(start)
    return min(found, key=lambda n: abs(scene.box(n).y - here.y), default=None)


def trained_by(scene: Scene, name: str) -> frozenset[str]:
    """What the optimizer ``name`` trains: the nodes it lists, or everything upstream of its losses."""
    card = scene.card(name)
    if card.trains is None:
        return frozenset()
    if card.trains:
        return frozenset(card.trains) & scene.index.keys()
    feeds: dict[str, list[str]] = {}
    for wire in scene.wires:
        if not wire.muted:
            feeds.setdefault(wire.node, []).append(wire.source.node)
    todo, seen = [name], {name}
    while todo:
        for source in feeds.get(todo.pop(), ()):
            if source not in seen:
                seen.add(source)
                todo.append(source)
    from_category = {"Learned", "Sequence and attention", "Normalize and drop"}
    return frozenset(n for n in seen if scene.card(n).category.value in from_category)


def upstream_and_downstream(scene: Scene, names: Collection[str]) -> frozenset[str]:
    """``names`` with everything that leads to them and everything that comes from them."""
    feeds: dict[str, list[str]] = {}
    reads: dict[str, list[str]] = {}
    for wire in scene.wires:
        if not wire.muted:
            feeds.setdefault(wire.node, []).append(wire.source.node)
            reads.setdefault(wire.source.node, []).append(wire.node)
    return _reached(names, feeds) | _reached(names, reads)


def _reached(names: Collection[str], steps: dict[str, list[str]]) -> frozenset[str]:
    todo, seen = list(names), set(names)
    while todo:
        for other in steps.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return frozenset(seen)
