"""What the trainer needs to know beside the text, as plain JSON-able data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.codegen.scope import Scope
from studio.codegen.support import used_specs
from studio.codegen.training_class import IMPLIED, Drawn, TrainingText, batch_key
from studio.graph.model import Source
from studio.layers.ports import fields_of

_IMPLIED: dict[str, Any] = {
    "algorithm": "AdamW",
    "learning_rate": 1e-3,
    "schedule": "constant",
    "order": 1,
}


def training_settings(
    scope: Scope,
    found: Drawn,
    training: TrainingText,
    outputs: list[Source],
    inputs: dict[tuple[str, str], str],
) -> dict[str, Any]:
    """Optimizers, losses, metrics, data, outputs and inputs of a drawing."""
    return {
        "optimizers": _optimizers(scope, found, training),
        "losses": list(found.losses),
        "is_gated": training.is_gated,
        **({"math_attention": True} if training.is_twice and _attends(scope) else {}),
        "has_frozen": _has_frozen(scope),
        "averages": {
            training.place(name): {
                "of": training.place(scope.owner(str(scope.params(name).of))),
                "stands_in": scope.params(name).stands_in,
            }
            for name in found.averages
        },
        "pretrained": dict(_pretrained(scope, training)),
        "views": {name: _view(scope, name) for name in found.views},
        "weights": {name: weight for name in found.losses if (weight := scope.params(name).weight) != 1.0},
        "is_timed": any(scope.params(name).weight_rise for name in found.losses),
        "metrics": {
            name: {
                "layer": scope.node(name).layer,
                "params": _plain(scope, name),
                "is_meter": name in training.meters,
            }
            for name in found.metrics
        },
        "data": {name: _data(scope, name) for name in found.data},
        "inputs": {
            text: batch_key(port, node, found.data) if scope.node(node).layer == "Data" else ""
            for (node, port), text in inputs.items()
        },
        "outputs": _output_names(scope, outputs),
    }


def _attends(scope: Scope) -> bool:
    """Whether the drawing holds attention, which torch may compute in a form that has no second derivative."""
    return any("ttention" in spec.name or "Transformer" in spec.name for spec in used_specs(scope))


def _has_frozen(scope: Scope) -> bool:
    """Whether some weights never move, here or in a block."""
    return any(
        node.frozen or node.layer == "EMA"
        for scopes in scope.uses.scopes.values()
        for node in scopes[0].graph.nodes.values()
    )


def _pretrained(scope: Scope, training: TrainingText) -> Iterator[tuple[str, dict[str, Any]]]:
    """The blocks of the main graph that start from trained weights: module -> alias and fingerprint."""
    for name in scope.order:
        alias = getattr(scope.params(name), "weights", "") if scope.role(name) == "block" else ""
        if alias:
            known = scope.document.weights.get(alias)
            fingerprint = known.get("sha256", "") if isinstance(known, Mapping) else ""
            yield training.place(name), {"alias": alias, "node": name, "sha256": fingerprint}


def _view(scope: Scope, name: str) -> dict[str, Any]:
    """How a View shows what it reads."""
    spec = scope.spec_at(scope.sources(name)[0][1])
    return {"kind": scope.params(name).kind, "classes": int(spec.classes), "axes": spec.axes}


def _optimizers(scope: Scope, found: Drawn, training: TrainingText) -> list[dict[str, Any]]:
    if not found.optimizers:
        return [{"name": IMPLIED, **_IMPLIED, "trains": []}]
    return [
        {
            "name": name,
            **_plain(scope, name),
            "trains": training.trained_by(name),
            "groups": training.grouped_by(name),
        }
        for name in found.optimizers
    ]


def _data(scope: Scope, name: str) -> dict[str, Any]:
    fields = fields_of(scope.params(name).set, scope.document.data) or ()
    classes = next((list(field.classes) for field in fields if field.classes), [])
    return {**_plain(scope, name), "classes": len(classes), "class_names": classes}


def _plain(scope: Scope, name: str) -> dict[str, Any]:
    found = vars(scope.params(name))
    known = {param.name for param in scope.spec(name).params}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in found.items() if key in known}


def _output_names(scope: Scope, outputs: list[Source]) -> list[str]:
    names = []
    for source in outputs:
        readers = [
            name
            for name in scope.order
            if scope.role(name) == "output" and any(s == source for _, s in scope.sources(name))
        ]
        names.append(readers[0] if readers else source.node)
    return names
