"""What the drawing as a whole must have to be trained, and habits that quietly spoil training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace

from studio.analysis.evaluate import NOTHING, Finding
from studio.analysis.slices import upstream
from studio.analysis.state import Reach, State, in_order, kept_by
from studio.layers.datasets import DATASETS
from studio.layers.optimizers import ALGORITHMS
from studio.layers.ports import fields_of

_SINKS = ("loss", "metric", "output", "view", "optimizer")
_TWICE = {
    *(
        (first, loss)
        for first in ("Softmax", "LogSoftmax")
        for loss in ("CrossEntropy", "Focal", "Dice", "Tversky")
    ),
    *(
        ("Sigmoid", loss)
        for loss in (
            "BCEWithLogits",
            "MultiLabelSoftMargin",
            "SoftMargin",
            "GANLoss",
            "HingeGAN",
            "Wasserstein",
        )
    ),
}
_BEFORE = {  # a loss -> what must come right before its input, by its meaning
    "BCE": ("Sigmoid", "Softmax", "HardSigmoid", "Clamp", "SoftMin"),
    "NLL": ("LogSoftmax",),
    "KLDiv": ("LogSoftmax", "Log", "LogSigmoid"),
    "CTC": ("LogSoftmax",),
}
Found = Iterator[tuple[str, Finding]]


def structure_findings(state: State) -> Found:
    """Cycles, weights of other nodes, and kinds of nodes that do not belong here; for every graph."""
    for name in sorted(state.cyclic):
        sources = [(own, source) for source, _, own in state.setups[name].reads if source in state.cyclic]
        text = "{node} waits for its own result: unplug one wire of the circle"
        yield name, _finding("error", "cycle", text, ("unplug", *sources[0]), node=name)
    for name in state.roles.get("tied", ()):
        yield from _tied(state, name)
    for name in state.roles.get("sharing", ()):
        yield from _sharing(state, name)
    inside = bool(state.stack)
    for role in ("source", "optimizer", "sharing") if inside else ("input",):
        for name in state.roles.get(role, ()):
            layer = state.graph.nodes[name].layer
            if not inside:
                text = "{layer} belongs inside a block: wire a Data node here instead"
            elif layer in ("Data", "Optimizer", "EMA"):
                text = "{layer} belongs in the main drawing, not inside a block: take it out"
            else:
                continue
            yield name, _finding("error", "misplaced", text, ("remove",), layer=layer)


_SHARED_WHOLE = (
    "AffineCoupling",
    "ActNorm",
    "InvertibleConv2d",
)  # layers run backwards by another of their kind


def _tied(state: State, name: str) -> Found:
    target = str(state.setups[name].p.weight_of)
    if state.graph.nodes[name].layer in _SHARED_WHOLE:
        yield from _tied_whole(state, name, target)
        return
    text = "{name} uses the weight of {target}, but there is no such learned node: clear it"
    facts = state.results.get(target, NOTHING).facts
    exported = _reach(state).exported
    if target in state.setups and name in exported and target not in exported:
        text = "{name} uses the weight of {target}, which is not part of the network: wire {target} to an Output too"
        yield name, _finding("error", "tied", text, None, name=name, target=target)
        return
    if target not in state.setups or (facts.outputs and "weight" not in facts.weights):
        yield name, _finding("error", "tied", text, ("set", "weight_of", ""), name=name, target=target)
        return
    setup = state.setups[name]
    given = [state.results.get(source, NOTHING).specs.get(port) for source, port, _ in setup.reads]
    if not state.results.get(name, NOTHING).specs or None in given or not facts.weights:
        return
    assert setup.layer is not None and setup.layer.weights is not None  # what has a weight_of has weights
    own = SimpleNamespace(**{**vars(setup.p), "weight_of": ""})
    needed = setup.layer.weights(own, tuple(spec for spec in given if spec))["weight"]
    if facts.weights["weight"] != needed:
        text = "{name} needs a weight of {needed}, but that of {target} is {given}: make their sizes equal"
        values = {"needed": _by(needed), "given": _by(facts.weights["weight"])}
        yield name, _finding("error", "tied", text, None, name=name, target=target, **values)


def _tied_whole(state: State, name: str, target: str) -> Found:
    """A layer that uses all weights of another one of its kind, not a single matrix."""
    setup, nodes = state.setups[name], state.graph.nodes
    facts = state.results.get(target, NOTHING).facts
    if target not in state.setups or (facts.outputs and nodes[target].layer != nodes[name].layer):
        text = "{name} uses the weight of {target}, but there is no such learned node: clear it"
        yield name, _finding("error", "tied", text, ("set", "weight_of", ""), name=name, target=target)
        return
    given = [state.results.get(source, NOTHING).specs.get(port) for source, port, _ in setup.reads]
    if not facts.weights or setup.layer is None or setup.layer.weights is None or None in given:
        return
    own = SimpleNamespace(**{**vars(setup.p), "weight_of": ""})
    if dict(setup.layer.weights(own, tuple(spec for spec in given if spec))) != dict(facts.weights):
        text = "{name} needs other weights than {target} has: give both the same sizes"
        yield name, _finding("error", "tied", text, None, name=name, target=target)


def _sharing(state: State, name: str) -> Found:
    """Uses of a block with the weights of another use, and averages of one."""
    setup = state.setups[name]
    follows = setup.layer is not None and setup.layer.name == "EMA"
    param = "of" if follows else "weights_of"
    target = str(getattr(setup.p, param))
    other = state.setups.get(target)
    values = {"name": name, "target": target}
    if other is None or other.role != "block" or target == name:
        text = "{name} uses the weights of {target}, which is no other use of a block: choose one"
        if follows:
            text = "{name} is to follow {target}, which is no other use of a block: choose one"
        yield name, _finding("error", "sharing", text, None if follows else ("set", param, ""), **values)
    elif getattr(other.p, "weights_of", "") or (other.layer is not None and other.layer.name == "EMA"):
        text = "{target} has no weights of its own that {name} could use: name the node that has them"
        yield name, _finding("error", "sharing", text, None, **values)
    elif state.graph.nodes[name].frozen and not follows:
        text = "{name} uses the weights of {target}, so freezing it changes nothing: freeze {target} instead"
        yield name, _finding("warning", "sharing", text, None, **values)
    elif not _alike(state, name, target):
        text = "{name} and {target} need weights of different shapes, so they can't share them"
        yield name, _finding("error", "sharing", text, None, **values)


def _alike(state: State, name: str, target: str) -> bool:
    """Whether two uses have the same block, parameters and weights, as far as their shapes are known."""
    one, two = state.setups[name], state.setups[target]
    if one.block is not two.block or one.p.turns != two.p.turns or one.times != two.times:
        return False
    own, other = state.results.get(name, NOTHING).inner, state.results.get(target, NOTHING).inner
    pairs = zip(own, other, strict=False)
    return all(_weights(mine) == _weights(its) for mine, its in pairs)


def _weights(state: State) -> dict[str, object]:
    return {
        name: result.facts.weights or tuple(map(_weights, result.inner))
        for name, result in state.results.items()
        if result.facts.parameters
    }


def _by(shape: tuple[object, ...]) -> str:
    return "×".join(str(size) for size in shape)


def training_findings(state: State) -> Found:
    """Findings about the main graph; a node's name "" means the graph."""
    yield from _presence(state)
    yield from _losses(state)
    yield from _labels(state)
    yield from _optimizers(state)
    yield from _alone(state)
    yield from _unused(state)
    yield from _not_exported(state)


def _is_seen_whole(state: State, first: str, other: str) -> bool:
    """Whether an epoch of the first Data node surely shows all training samples of another."""
    keys = {str(getattr(state.setups[name].p, "set", "")) for name in (first, other)}
    counts = []
    for name in (first, other):
        record = DATASETS.get(str(getattr(state.setups[name].p, "set", "")))
        if record is None or (len(keys) > 1 and record.task not in ("classify", "regress", "translate")):
            return False  # windows of two texts do not compare
        part = (getattr(state.setups[name].p, "split", ()) or record.split)[0]
        counts.append(part * record.samples if isinstance(part, float) else part)
    return counts[1] <= counts[0]


def _presence(state: State) -> Found:
    nodes, roles = state.graph.nodes, state.roles
    data = [name for name in in_order(state, "source") if nodes[name].layer == "Data"]
    losses = roles.get("loss", {})
    end = _reach(state).end
    if not roles.get("source"):
        yield "", _finding("error", "no_data", "There is no data: drag a Data node onto the drawing", None)
    elif any(not _is_seen_whole(state, data[0], other) for other in data[1:]):
        text = "{count} Data nodes: an epoch is one pass over {node}, the others start again when they end"
        yield data[1], _finding("hint", "two_data", text, None, count=len(data), node=data[0])
    if not losses:
        text = "Nothing says what to learn: add a loss (CrossEntropy for classes, MSE for numbers)"
        yield end, _finding("error", "no_loss", text, _loss_fix(state, end))
    if not roles.get("output") and end:
        text = "The network has no Output, so nothing can be exported: add one"
        yield end, _finding("hint", "no_output", text, ("add_output",))
    if len(losses) > 1 and not roles.get("optimizer"):
        text = "Several losses and no Optimizer: add one that takes them"
        yield "", _finding("error", "no_optimizer", text, ("add_optimizer",))
    if losses and not state.parameters:
        shaped = all(state.results.get(name, NOTHING).specs for name in losses)
        if shaped and not state.roles.get("unknown"):
            text = "Nothing here can learn: put a layer with weights before the loss, such as Linear"
            yield "", _finding("error", "nothing_learned", text, None)


def _last_layer(state: State) -> str:
    """The last layer whose value goes nowhere, or only to losses and metrics; "" when there is none."""
    for name in reversed(list(state.graph.nodes)):
        setup = state.setups[name]
        if setup.role not in ("layer", "block", "muted"):
            continue
        if all(state.setups[reader].role in _SINKS for reader in state.readers.get(name, ())):
            return name
    return ""


def _loss_fix(state: State, end: str) -> tuple[object, ...] | None:
    if not end:
        return None
    for name in in_order(state, "source"):
        ports = state.setups[name].ports
        if "label" in ports or "next" in ports:
            return ("add_loss", "CrossEntropy")
        if "target" in ports:
            return ("add_loss", "MSE")
    return None


def _penalized(state: State, name: str) -> Found:
    """Nodes that a penalty on weights is to look at, but that are not there or have none."""
    chosen = getattr(state.setups[name].p, "of", ())
    wrong = [
        target
        for target in chosen
        if target not in state.setups
        or (state.results.get(target, NOTHING).specs and not state.results[target].facts.parameters)
    ]
    if wrong:
        text = "{name} looks at the weights of {target}, which has none: take it off the list"
        kept = tuple(target for target in chosen if target not in wrong)
        values = {"name": name, "target": ", ".join(wrong)}
        yield name, _finding("error", "penalized", text, ("set", "of", kept), **values)


def _losses(state: State) -> Found:
    nodes = state.graph.nodes
    for name in state.roles.get("loss", ()):
        yield from _penalized(state, name)
        for source, _, own in state.setups[name].reads:
            before = nodes.get(source)
            wanted = _BEFORE.get(nodes[name].layer, ()) if own == "input" and before is not None else ()
            role = state.setups[source].role if before is not None else ""
            if wanted and role == "layer" and before is not None and before.layer not in wanted:
                text = "{layer} wants {first} before it, but gets {source}: insert {first}"
                about = {"first": wanted[0], "layer": nodes[name].layer, "source": before.layer}
                yield name, _finding("warning", "before", text, ("insert", own, wanted[0]), **about)
            if before is None or own != "input" or (before.layer, nodes[name].layer) not in _TWICE:
                continue
            text = "{first} before {layer}: the loss does that itself, so it would be done twice: remove it"
            about = {"first": before.layer, "layer": nodes[name].layer}
            yield name, _finding("warning", "twice", text, ("remove", source), **about)


def _labels(state: State) -> Found:
    """Answers that flow into the network that is to guess them."""
    for name in state.roles.get("source", ()):
        node = state.graph.nodes[name]
        if node.layer != "Data":
            continue
        fields = fields_of(state.setups[name].p.set, state.blocks.schemas) or ()
        labels = {field.name for field in fields if field.kind == "label"}
        for reader in state.readers.get(name, ()):
            setup = state.setups[reader]
            if setup.role not in ("layer", "block"):
                continue
            for source, port, own in setup.reads:
                if source == name and port in labels and _is_guessed(state, reader, (name, port)):
                    text = "The answer ({source}) flows into the network that is to guess it: unplug it"
                    values = {"port": own, "source": f"{source}.{port}"}
                    fix = ("unplug", own, values["source"])
                    yield reader, _finding("warning", "label", text, fix, **values)


def _is_guessed(state: State, reader: str, label: tuple[str, str]) -> bool:
    """Whether a loss or metric compares this label with something that depends on ``reader``.

    A network that is told the class, as a conditional generator is, does not guess it; and where nothing learned
    lies between, there is no network, but a count of what was right.
    """
    for role in ("loss", "metric"):
        for judge in state.roles.get(role, ()):
            reads = state.setups[judge].reads
            others = [source for source, port, _ in reads if (source, port) != label]
            if len(others) < len(reads) and _is_learned(
                state, reader, upstream(state.graph, others, state.setups)
            ):
                return True
    return False


def _is_learned(state: State, reader: str, nodes: set[str]) -> bool:
    """Whether ``reader``, or one of the ``nodes`` that depend on it, has weights."""
    learned = [name for name in nodes if state.results.get(name, NOTHING).facts.depth]
    return reader in nodes and any(reader in upstream(state.graph, (name,), state.setups) for name in learned)


def _optimizers(state: State) -> Found:
    setups = state.setups
    for name in state.roles.get("optimizer", ()):
        for source, _, own in setups[name].reads:
            if source in setups and setups[source].role not in ("loss", "layer", "block", "unknown"):
                text = "{name} is fed by {source}, which is no loss: wire a loss there"
                if setups[source].role == "muted":
                    text = "{name} is fed by {source}, which is muted: unplug it, or turn it on again"
                values = {"name": name, "source": source}
                yield name, _finding("error", "no_loss_wired", text, ("unplug", own, source), **values)
        trains = getattr(setups[name].p, "trains", ())
        missing = [target for target in trains if target not in setups]
        if missing:
            text = "{name} is to train {target}, which is not there: take it off the list"
            kept = tuple(target for target in trains if target not in missing)
            values = {"name": name, "target": ", ".join(missing)}
            yield name, _finding("error", "trains", text, ("set", "trains", kept), **values)
            continue
        if trains and not _meets(state, name, trains):
            text = (
                "{name} makes losses small that do not depend on what it trains: choose other nodes, or all"
            )
            yield name, _finding("error", "trains", text, ("set", "trains", ()), name=name)
            continue
        idle = [target for target in trains if not _learned(state, target)]
        if idle and all(state.results.get(target, NOTHING).specs for target in idle):
            text = "{name} is to train {target}, which has nothing to learn: take it off the list"
            kept = tuple(target for target in trains if target not in idle)
            values = {"name": name, "target": ", ".join(idle)}
            yield name, _finding("warning", "trains", text, ("set", "trains", kept), **values)


def _meets(state: State, name: str, trains: tuple[str, ...]) -> bool:
    """Whether some loss of an Optimizer depends on weights that it trains."""
    losses = [source for source, _, _ in state.setups[name].reads if source in state.setups]
    if not losses:
        return True  # another problem says so
    needed = upstream(state.graph, losses, state.setups)
    used = {owner for node in needed if node in state.setups for owner in _owners(state, node)}
    return any(owner in used for node in trains for owner in _owners(state, node))


def _owners(state: State, name: str) -> set[str]:
    """The nodes whose weights a node uses; all, for a loss on the weights of all."""
    p = state.setups[name].p
    of = getattr(p, "of", None)
    if isinstance(of, tuple):
        return set(of) or set(state.setups)
    borrowed = {str(getattr(p, "weights_of", "")), str(getattr(p, "weight_of", ""))} - {""}
    return borrowed | {name}


def _learned(state: State, name: str) -> int:
    """The parameters that training ``name`` moves, those of another use of its block included."""
    owner = str(getattr(state.setups[name].p, "weights_of", "")) or name
    return state.results.get(owner, NOTHING).facts.parameters


def _alone(state: State) -> Found:
    """An algorithm that asks for the loss again can't share a step with others, nor with averages."""
    again = [record.name for record in ALGORITHMS if record.again]
    names = list(state.roles.get("optimizer", ()))
    for name in names:
        algorithm = getattr(state.setups[name].p, "algorithm", "")
        averages = any(node.layer == "EMA" for node in state.graph.nodes.values())
        if algorithm in again and (len(names) > 1 or averages):
            text = "{algorithm} looks at the loss many times in a step, so it must be the only Optimizer: take AdamW"
            yield name, _finding("error", "alone", text, ("set", "algorithm", "AdamW"), algorithm=algorithm)


def _reach(state: State) -> Reach:
    """Who reaches a loss or an Output; kept until the structure changes."""
    found = state.reach
    if found is None or found.structure != state.structure:
        sinks = [name for role in _SINKS for name in state.roles.get(role, ())]
        used = upstream(state.graph, sinks, state.setups) if sinks else set(state.setups)
        unused = tuple(name for name in state.order if name not in used) if not state.cyclic else ()
        exported = frozenset(upstream(state.graph, state.roles.get("output", ()), state.setups))
        found = state.reach = Reach(state.structure, unused, exported, _last_layer(state))
    return found


def _unused(state: State) -> Found:
    """Nodes whose value reaches no loss, metric, Output or View; of a way that leads nowhere only its end."""
    for name in _reach(state).unused:
        layer = state.setups[name].layer
        if state.readers.get(name) or (state.setups[name].is_gone and not state.graph.nodes[name].muted):
            continue
        if layer is not None and layer.name != "EMA":  # an average works without being read
            text = "{node} has no effect: nothing that it gives reaches a loss or an Output"
            yield name, _finding("hint", "unused", text, ("prune",), node=name)


def _not_exported(state: State) -> Found:
    exported = _reach(state).exported
    for name in state.roles.get("kept", ()):
        layer = state.setups[name].layer
        if name not in exported or layer is None:
            continue
        if layer.exportable:
            param = kept_by(layer, state.setups[name].p)
            default = next(one.default for one in layer.params if one.name == param)
            text = "{layer} can't be exported to ONNX with {param} set: it can be trained, but not leave as a file"
            fix = ("set", param, default)
            yield name, _finding("hint", "not_exported", text, fix, layer=layer.name, param=param)
        else:
            text = "{layer} can't be exported to ONNX: the network can be trained, but not leave as a file"
            yield name, _finding("hint", "not_exported", text, None, layer=layer.name)


def _finding(
    severity: str, code: str, template: str, fix: tuple[object, ...] | None, **values: object
) -> Finding:
    about: Mapping[str, object] = values
    return Finding(severity, code, template, about, (fix,) if fix else ())
