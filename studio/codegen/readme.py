"""README.md of a drawing's source folder."""

from __future__ import annotations

from collections.abc import Iterable

_TEXT = """\
# {title}

Drawn in Tsumiki Studio; this is what the drawing says, as PyTorch source.

| file | what it holds |
|---|---|
| `model.py` | the network (`{network}`), and one step of its training (`Training`); needs only torch{metered} |
| `train.py` | the training loop: `python train.py` prints losses and leaves `weights.safetensors` |
| `data.py` | the data: split, scaled, shuffled as in the studio |
{data}
It needs `pip install torch numpy safetensors{more}`. To use the trained network:

```python
from safetensors.torch import load_file

from model import Training

training = Training()
training.load_state_dict(load_file("weights.safetensors"))
network = training.network.eval()
```
"""


def readme(title: str, network: str, files: Iterable[str], is_metered: bool = False) -> str:
    """The text.

    Args:
        title: of the drawing.
        network: the name of its class.
        files: what lies in the folder "data".
        is_metered: whether metrics come from torchmetrics.
    """
    lines = "".join(f"| `data/{name}` | what `data.py` reads |\n" for name in files)
    metered, more = (" and torchmetrics", " torchmetrics") if is_metered else ("", "")
    return _TEXT.format(title=title or "A network", network=network, data=lines, metered=metered, more=more)
