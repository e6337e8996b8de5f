"""The kinds of parameters. Each knows its range and checks a value; forms are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.graph.model import Value


class ParamError(ValueError):
    """A value outside what a parameter allows; the text is for the user."""

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template, self.values = template, values


@dataclass(frozen=True, slots=True)
class Param:
    """What all kinds share. ``label`` is the form's word for it ("" makes one from the name).

    ``when`` names another parameter and those of its values with which this one does anything: ("algorithm",
    "SGD", "RMSprop"). Forms hide it otherwise, and files leave its default out.
    """

    name: str
    default: Value
    doc: str
    unit: str = ""
    label: str = ""
    essential: bool = True
    when: tuple[Value, ...] = field(default=(), kw_only=True)

    def applies(self, params: Mapping[str, Value], defaults: Mapping[str, Value]) -> bool:
        """Whether the parameter does anything beside these others."""
        if not self.when:
            return True
        name = str(self.when[0])
        return params.get(name, defaults.get(name)) in self.when[1:]

    def check(self, value: Value) -> Value:
        """The value in its stored form.

        Raises:
            ParamError: the value is of a wrong kind or out of range.
        """
        return value


@dataclass(frozen=True, slots=True)
class Int(Param):
    """A whole number."""

    min: int | None = None
    max: int | None = None

    def check(self, value: Value) -> Value:
        """See Param. 4.0 counts as 4; true does not."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ParamError("{name} needs a whole number, got {value}", name=self.name, value=value)
        _in_range(self, value, self.min, self.max)
        return value


@dataclass(frozen=True, slots=True)
class Float(Param):
    """A number."""

    min: float | None = None
    max: float | None = None

    def check(self, value: Value) -> Value:
        """See Param. Infinite and not-a-number are refused."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ParamError("{name} needs a number, got {value}", name=self.name, value=value)
        if value != value or value in (float("inf"), float("-inf")):
            raise ParamError("{name} needs a finite number", name=self.name)
        _in_range(self, value, self.min, self.max)
        return float(value)


@dataclass(frozen=True, slots=True)
class Bool(Param):
    """Yes or no."""

    def check(self, value: Value) -> Value:
        """See Param."""
        if not isinstance(value, bool):
            raise ParamError("{name} needs true or false, got {value}", name=self.name, value=value)
        return value


@dataclass(frozen=True, slots=True)
class Choice(Param):
    """One of ``options``."""

    options: tuple[str, ...] = ()

    def check(self, value: Value) -> Value:
        """See Param."""
        if value not in self.options:
            raise ParamError(
                "{name} needs one of {options}, got {value}",
                name=self.name,
                options=", ".join(self.options),
                value=value,
            )
        return value


@dataclass(frozen=True, slots=True)
class Ints(Param):
    """``count`` whole numbers, or any number of them with count 0; one stands for ``count`` equal ones.

    ``words`` may stand instead of all numbers, such as "same" for a padding.
    """

    count: int = 2
    min: int | None = None
    max: int | None = None
    words: tuple[str, ...] = ()

    def check(self, value: Value) -> Value:
        """See Param."""
        if value in self.words:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            value = (value,) * max(self.count, 1)
        ok = isinstance(value, tuple) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        if not ok or not isinstance(value, tuple) or (self.count and len(value) != self.count):
            if not self.count:
                raise ParamError(
                    "{name} needs a list of whole numbers, got {value}", name=self.name, value=value
                )
            raise ParamError(
                "{name} needs {count} whole numbers, got {value}",
                name=self.name,
                count=self.count,
                value=value,
            )
        for number in value:
            _in_range(self, number, self.min, self.max)  # type: ignore[arg-type]
        return value


@dataclass(frozen=True, slots=True)
class Order(Ints):
    """Every axis once, in a new order."""


def Pair(
    name: str,
    default: tuple[int, int],
    doc: str,
    *,
    min: int | None = None,
    max: int | None = None,
    unit: str = "",
    label: str = "",
    essential: bool = True,
) -> Ints:
    """Two whole numbers: height and width."""
    return Ints(name, default, doc, unit, label, essential, 2, min, max)


@dataclass(frozen=True, slots=True)
class Numbers(Param):
    """A list of numbers, e.g. split fractions or counts."""

    min: float | None = None

    def check(self, value: Value) -> Value:
        """See Param."""
        if not isinstance(value, tuple) or any(
            isinstance(v, bool) or not isinstance(v, (int, float)) for v in value
        ):
            raise ParamError("{name} needs a list of numbers, got {value}", name=self.name, value=value)
        for number in value:
            _in_range(self, number, self.min, None)  # type: ignore[arg-type]
        return value


@dataclass(frozen=True, slots=True)
class Text(Param):
    """A line of text. ``suggestions`` ("datasets") names what the form offers."""

    suggestions: str = ""

    def check(self, value: Value) -> Value:
        """See Param."""
        if not isinstance(value, str) or len(value) > 10_000:
            raise ParamError("{name} needs text, got {value}", name=self.name, value=value)
        return value


@dataclass(frozen=True, slots=True)
class Code(Text):
    """Python text that only a worker ever runs."""

    def check(self, value: Value) -> Value:
        """See Param. Whether the text is right is said by analysis: half a class must be kept too."""
        if not isinstance(value, str) or len(value) > 100_000:
            raise ParamError("{name} needs text, got {value}", name=self.name, value=str(value)[:60])
        return value


@dataclass(frozen=True, slots=True)
class BlockRef(Text):
    """The name of a block of the project."""


@dataclass(frozen=True, slots=True)
class NodeRefs(Param):
    """Names of nodes of the same graph (what an Optimizer trains); () is all."""

    def check(self, value: Value) -> Value:
        """See Param."""
        if not isinstance(value, tuple) or any(not isinstance(v, str) for v in value):
            raise ParamError("{name} needs a list of node names, got {value}", name=self.name, value=value)
        return value


def _in_range(param: Param, value: float, low: float | None, high: float | None) -> None:
    if low is not None and value < low:
        raise ParamError("{name} must be at least {low}, got {value}", name=param.name, low=low, value=value)
    if high is not None and value > high:
        raise ParamError(
            "{name} must be at most {high}, got {value}", name=param.name, high=high, value=value
        )
