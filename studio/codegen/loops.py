"""A Repeat and a Scan as the loops a person would write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from studio.codegen.scope import attribute, block_inputs, block_outputs
from studio.graph.model import Source
from studio.layers.text import literal

if TYPE_CHECKING:
    from studio.codegen.body import Body


def repeat_lines(body: Body, name: str, given: Mapping[str, str]) -> dict[str, str]:
    """``for block in self.blocks: x = block(x)``; gives the text of each output.

    Args:
        body: where the lines go.
        name: the Repeat.
        given: input -> its text.
    """
    scope, block = body.scope, body.scope.block(name)
    outputs = block_outputs(block)
    names: dict[str, str] = {}
    is_read = any(
        re.search(r"\bx\b", text) for text in list(given.values())[1:]
    )  # in every turn, so x can't move
    for at, (port, text) in enumerate(list(given.items())[: len(outputs)]):
        names[port] = (
            body.name_for(name, outputs[0])
            if at == 0 and not is_read
            else body.free(f"{attribute(name)}_{port}", (name, f"in {port}"))
        )
        if names[port] != text:
            body.line(f"{names[port]} = {text}")
    carried = dict(zip(outputs, names.values(), strict=False))
    for port in outputs[len(names) :]:
        carried[port] = body.free(f"{attribute(name)}_{port}", (name, port))
    arguments = ", ".join(names.get(port, text) for port, text in given.items())
    left = ", ".join(carried.values())
    if scope.params(name).shared:
        times = literal(scope.named(name).times)
        item, header = body.reached(name), f"for _ in range({times}):"
    else:
        item = attribute(block.name[:1].lower() + block.name[1:])
        item = f"{item}_" if item in carried.values() else item
        header = f"for {item} in {body.reached(name)}:"
    body.line(header)
    body.line(f"{left} = {item}({arguments})", deeper=4)
    return carried


def scan_lines(body: Body, name: str, given: Mapping[str, str]) -> dict[str, str]:
    """``for step in x.unbind(1): h = self.cell(step, h)``; gives the text of each output."""
    scope, block, p = body.scope, body.scope.block(name), body.scope.named(name)
    inputs, outputs = block_inputs(block), block_outputs(block)
    sequence = given[inputs[0]]
    if not sequence.isidentifier():
        body.line(f"{(made := body.free(f'{attribute(name)}_x', (name, 'sequence')))} = {sequence}")
        sequence = made
    states = {port: body.free(attribute(port), (name, f"state {port}")) for port in inputs[-p.states :]}
    sizes = "".join(f", {literal(size)}" for size in p.state_shape)
    for port, variable in states.items():
        text = given.get(port, f"torch.zeros(len({sequence}){sizes}, device={sequence}.device)")
        if text != variable:
            body.line(f"{variable} = {text}")
    left = dict(zip(outputs[-p.states :], states.values(), strict=True))
    for port in outputs:
        left[port] = left.get(port) or body.free(attribute(port), (name, f"out {port}"))
    arguments = ["step", *(states.get(port) or given[port] for port in inputs[1:])]
    rows = f"{sequence}.unbind(1)"
    steps = body.free(f"{attribute(name)}_steps", (name, "steps")) if p.output == "all" else ""
    if steps:
        body.line(f"{steps} = []")
    body.line(f"for step in {f'reversed({rows})' if p.reverse else rows}:")
    call = f"{body.reached(name)}({', '.join(arguments)})"
    body.line(f"{', '.join(left[port] for port in outputs)} = {call}", deeper=4)
    if not steps:
        return left
    body.line(f"{steps}.append({left[outputs[0]]})", deeper=4)
    whole = body.name_for(name, outputs[0])
    order = f"{steps}[::-1]" if p.reverse else steps
    body.line(f"{whole} = torch.stack({order}, 1)", spec=scope.spec_at(Source(name, outputs[0])))
    return {**left, outputs[0]: whole}
