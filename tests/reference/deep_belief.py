"""The deep belief network of the gallery by hand: three machines dream one after the other, then all is fine-tuned.

Source: Hinton, Osindero, Teh, A Fast Learning Algorithm for Deep Belief Nets, 2006.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.reference.boltzmann import Machine, moved


def train(epochs: Sequence[Sequence[dict[str, Tensor]]], seed: int) -> dict[str, nn.Module]:
    """One epoch for each machine, then all of it together.

    The machines below draw a dream too while they are looked through, so that random numbers come in the same order.
    """
    torch.manual_seed(seed)
    machines = [Machine(64, 256, 1), Machine(256, 256, 1), Machine(256, 512, 1)]
    logits = nn.Linear(512, 10)
    alone = [
        torch.optim.SGD(list(machine.parameters()), 0.1, momentum=0.5, fused=True) for machine in machines
    ]
    everything = [weight for part in (*machines, logits) for weight in part.parameters()]
    tune = torch.optim.Adam(everything, 0.001, fused=True)
    step = 0
    for epoch, batches in enumerate(epochs):
        for batch in batches:
            torch.manual_seed(seed + step)
            step += 1
            seen = batch["image"].flatten(1)
            if epoch < len(machines):
                for machine in machines[:epoch]:
                    with torch.no_grad():
                        machine.dream(seen)
                        seen = machine(seen)
                learner = machines[epoch]
                moved(alone[epoch], learner.divergence(seen, learner.dream(seen)))
                continue
            for machine in machines:
                machine.dream(seen)
                seen = machine(seen)
            moved(tune, F.cross_entropy(logits(seen), batch["label"]))
    names = [f"network.rbm{number}" for number in (1, 2, 3)]
    return {**dict(zip(names, machines, strict=True)), "network.logits": logits}
