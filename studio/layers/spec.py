"""The record of a layer, from which palette, forms, help, shapes, costs, code and tests are all read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Param


class Category(Enum):
    """Groups of the palette; the value is its English title. Colours and glyphs live in the theme."""

    SOURCE = "Sources"
    LEARNED = "Learned"
    SEQUENCE = "Sequence and attention"
    ACTIVATION = "Activation"
    NORMALIZATION = "Normalize and drop"
    SHAPE = "Shape, pool and join"
    LOSS = "Loss and metric"
    OPTIMIZER = "Train"
    OUTPUT = "Output and view"


class ShapeError(ValueError):
    """Inputs a layer can't take. ``template`` holds {names} of ``values``; the window translates it.

    ``fixes`` names repairs that analysis knows how to make, e.g. ("insert", "Flatten").
    """

    def __init__(self, template: str, fixes: tuple[tuple[str, ...], ...] = (), /, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template, self.values, self.fixes = template, values, fixes


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output. ``axes`` names its axes ("N C H W"; "N *" any more; "*" anything; "" a scalar; a number
    is an axis of just that size).

    ``times`` names the parameter that says how often an output is there: one of yes or no, for the output
    itself or nothing, or a count or list, for outputs with a number behind their name: y1, y2, …
    ``low`` and ``high`` bound the values that make sense, where they are bounded.
    """

    name: str
    axes: str = "*"
    dtype: str = (
        "float"  # "float", "int", "bool", "complex", "number" (float or int), "any"; "number|complex"
    )
    optional: bool = False
    variadic: bool = False
    doc: str = ""
    times: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Torch:
    """PyTorch text. ``{name}`` is a parameter, ``{x.C}`` an axis of input x, ``{x}`` the input's expression.

    ``build`` is the module ("nn.Conv2d({x.C}, {out_channels}, …)"), "" for a stateless operation.
    ``call`` is the expression ("torch.tanh({x})"); "" is ``self.<name>(inputs in order)``. A variadic
    port's ``{x}`` is its expressions joined by ``join`` (", " or " + "). A function may give both texts
    instead of a template where choices change them: ``text(p, inputs) -> (build, call)``, parameters and
    axes already filled in, ``{x}`` left for the call. In a call ``{self}`` is ``self.<name>`` and ``{batch}``
    a tensor whose first axis is the batch (sources follow its length and device), ``{modules}`` what the
    NodeRefs parameter ``of`` chooses, as arguments. ``targets`` is the left
    side of the assignment where a call gives several outputs: "{y}, ({h}, {c})"; where the node gives only
    the first of them the call ends in "[0]". ``support`` holds whole texts of classes and functions that
    torch lacks, as a person would write them; model.py has each once.
    """

    build: str = ""
    call: str = ""
    imports: tuple[str, ...] = ()  # beyond torch, nn, F, Tensor: whole import lines
    join: str = ", "
    text: Callable[[SimpleNamespace, tuple[TensorSpec, ...]], tuple[str, str]] | None = None
    targets: str = ""
    support: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: parameters, input shapes ("N" is the batch), first output's shape, weights.

    The inputs are for the first ports, or for those named in ``wired`` where optional ones are passed over.
    """

    params: Mapping[str, object]
    inputs: tuple[tuple[int | str, ...], ...]
    output: tuple[int | str, ...]
    parameters: int = 0
    wired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """What other parts must know of a layer's behaviour."""

    random: bool = False
    stateful: bool = False  # keeps statistics, e.g. BatchNorm
    differentiable: bool = True
    learned: bool = False  # counts for depth
    begins_itself: bool = False  # its weights begin in a way that belongs to it: none of torch's is offered
    role: str = "layer"  # layer, source, loss, metric, optimizer, output, view, input, block
    rises: bool = False  # a metric: more is better
    gradient_of: str = (
        ""  # a loss: the input port whose values it differentiates by, as gradient penalties do
    )


Rule = Callable[[SimpleNamespace, tuple[TensorSpec, ...]], tuple[TensorSpec, ...]]
WeightRule = Callable[[SimpleNamespace, tuple[TensorSpec, ...]], Mapping[str, tuple[int, ...]]]
CostRule = Callable[[SimpleNamespace, tuple[TensorSpec, ...], tuple[TensorSpec, ...]], Size]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer. Rules take the checked parameters (attributes), and the input specs in port order.

    A variadic port's specs stand in a row; an optional port that is not wired gives nothing (rules that
    need to know read ``p.wired``, a frozenset of the wired port names). ``flops`` gives the work for one
    sample's forward pass (N as 1), a multiply-add as 2.
    """

    name: str
    category: Category
    summary: str
    formula: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    params: tuple[Param, ...]
    shape: Rule
    torch: Torch
    source: str
    weights: WeightRule | None = None
    flops: CostRule | None = None
    onnx: str = ""
    exportable: bool = True
    kept_back: Mapping[str, str] = field(
        default_factory=dict
    )  # parameter -> why the layer can't leave as ONNX once it has another value than its default
    traits: Traits = field(default_factory=Traits)
    examples: tuple[Example, ...] = ()
    short: str = ""  # second line of the card: "{out_channels}, {kernel_size}"
    keywords: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    pitfalls: str = ""  # when to use it and what goes wrong
    group: str = ""  # a fold of the palette inside the category, where it holds many: "Trigonometry"
    torch_name: str = ""  # what of torch it is: "nn.Conv2d", "torch.matmul"; "" where torch has no such thing
    differs: Mapping[str, str] = field(
        default_factory=dict
    )  # parameter (ours or torch's) -> why it is not torch's
    related: tuple[str, ...] = ()  # layers to look at too, beyond those found by category and keywords
    symbols: Mapping[str, str] = field(
        default_factory=dict
    )  # sign of the formula -> parameter or "x.C" it stands for
    no_gradient: Mapping[str, str] = field(
        default_factory=dict
    )  # weight ("*" all) -> why nothing reaches it in the backward pass
