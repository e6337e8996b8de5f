"""Classes and functions that torch lacks come into model.py once, in an order that runs."""

from __future__ import annotations

from dataclasses import replace

from studio.codegen import with_imports
from studio.codegen.support import support_imports, support_texts
from studio.layers import CATALOGUE
from studio.layers.spec import LayerSpec, Torch

INNER = "def halved(x: Tensor) -> Tensor:\n    return x / math.e"
OUTER = "class Gate(nn.Module):\n    def forward(self, x: Tensor) -> Tensor:\n        return halved(x)"
IDLE = "def idle(x: Tensor) -> Tensor:\n    return x"


def record(*support: str) -> LayerSpec:
    return replace(CATALOGUE["ReLU"], torch=Torch(build="Gate()", support=support, imports=("import math",)))


def test_only_what_is_called_comes_and_each_before_its_user() -> None:
    specs = [record(OUTER, INNER), record(IDLE, INNER)]
    assert support_texts(specs, "        self.gate = Gate()\n        self.gate2 = Gate()") == [INNER, OUTER]
    assert support_texts(specs, "        self.delegate = nn.Linear(3, 3)") == []


def test_imports_stand_where_a_formatter_puts_them() -> None:
    specs = [record(OUTER, INNER)]
    assert support_imports(specs, INNER) == ["import math"]
    assert support_imports(specs, IDLE) == []
    head = "from collections.abc import Callable\nfrom dataclasses import dataclass\n"
    assert with_imports(head, ["import math"]) == f"import math\n{head}"
    torch = "import torch\nfrom torch import Tensor, nn\n"
    wrapper = "from torch.nn.utils import parametrizations"
    assert with_imports(torch, [wrapper]) == f"{torch}{wrapper}\n"
