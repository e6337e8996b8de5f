"""The classes of algorithms that torch lacks, as model.py holds them."""

from __future__ import annotations

IMPORTS = ("import math",)
MUON = '''
class Muon(torch.optim.Optimizer):
    """torch's Muon for matrices, AdamW for all other weights; one state and one list of groups for both."""

    def __init__(
        self,
        weights: list,
        lr: float = 0.001,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        weight_decay: float = 0.0,
        adjust_lr_fn: str = "match_rms_adamw",
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})
        matrices = [
            {**g, "params": [w for w in g["params"] if w.dim() == 2]}
            for g in self.param_groups
        ]
        others = [
            {**g, "params": [w for w in g["params"] if w.dim() != 2]}
            for g in self.param_groups
        ]
        self.parts = []
        if matrices := [group for group in matrices if group["params"]]:
            more = {
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            }
            self.parts.append(torch.optim.Muon(matrices, lr, weight_decay, **more))
        if others := [group for group in others if group["params"]]:
            self.parts.append(
                torch.optim.AdamW(others, lr, betas, eps, weight_decay, fused=True)
            )
        self.param_groups = [
            group for part in self.parts for group in part.param_groups
        ]
        for part in self.parts:
            part.state = self.state

    def step(self) -> None:
        """Moves the weights by their gradients."""
        for part in self.parts:
            part.step()
'''
LION = '''
class Lion(torch.optim.Optimizer):
    """Steps in the direction of the sign (Chen et al., 2023)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight."""
        if not state:
            state["mean"] = torch.zeros_like(weight)
        mean, (first, second) = state["mean"], group["betas"]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(
            torch.sign(first * mean + (1 - first) * gradient), alpha=-group["lr"]
        )
        mean.mul_(second).add_(gradient, alpha=1 - second)
'''
LAMB = '''
class LAMB(torch.optim.Optimizer):
    """Adam with steps as long as a layer's weights allow (You et al., 2020)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-06,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight."""
        if not state:
            state.update(
                step=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight)
            )
        state["step"] += 1
        mean, square, (first, second) = state["mean"], state["square"], group["betas"]
        mean.mul_(first).add_(gradient, alpha=1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        spread = (square / (1 - second ** state["step"])).sqrt() + group["eps"]
        move = (
            mean / (1 - first ** state["step"]) / spread
            + group["weight_decay"] * weight
        )
        length, size = weight.norm(), move.norm()
        trust = torch.where(
            (length > 0) & (size > 0), length / size, torch.ones_like(length)
        )
        weight.sub_(group["lr"] * trust * move)
'''
LARS = '''
class LARS(torch.optim.Optimizer):
    """SGD with steps as long as a layer's weights allow (You et al., 2017)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 0.001,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust": trust,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight; biases and scales (one axis) go by plain SGD."""
        gradient = gradient + group["weight_decay"] * weight
        if weight.dim() > 1:
            length, size = weight.norm(), gradient.norm()
            share = torch.where(
                (length > 0) & (size > 0),
                group["trust"] * length / size,
                torch.ones_like(length),
            )
            gradient = share * gradient
        if not state:
            state["speed"] = torch.zeros_like(weight)
        speed = state["speed"]
        speed.mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
        weight.sub_(speed)
'''
ADABELIEF = '''
class AdaBelief(torch.optim.Optimizer):
    """Adam that measures how far gradients are from what it expected (Zhuang et al., 2020)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight; weight decay acts on the weight itself."""
        if not state:
            state.update(
                step=0, mean=torch.zeros_like(weight), surprise=torch.zeros_like(weight)
            )
        state["step"] += 1
        mean, surprise, (first, second) = (
            state["mean"],
            state["surprise"],
            group["betas"],
        )
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        mean.mul_(first).add_(gradient, alpha=1 - first)
        error = gradient - mean
        surprise.mul_(second).addcmul_(error, error, value=1 - second).add_(
            group["eps"]
        )
        spread = (surprise / (1 - second ** state["step"])).sqrt() + group["eps"]
        weight.addcdiv_(mean, spread, value=-group["lr"] / (1 - first ** state["step"]))
'''
ADABOUND = '''
class AdaBound(torch.optim.Optimizer):
    """Adam whose rates are held between bounds that close in on SGD's (Luo et al., 2019)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        final_lr: float = 0.1,
        gamma: float = 0.001,
        amsbound: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "final_lr": final_lr,
            "gamma": gamma,
            "amsbound": amsbound,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight."""
        if not state:
            state.update(
                step=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight)
            )
            state["most"] = torch.zeros_like(weight)
        count = state["step"] = state["step"] + 1
        mean, square, (first, second) = state["mean"], state["square"], group["betas"]
        gradient = gradient + group["weight_decay"] * weight
        mean.mul_(first).add_(gradient, alpha=1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        if group["amsbound"]:
            square = torch.maximum(state["most"], square, out=state["most"])
        rate = group["lr"] * math.sqrt(1 - second**count) / (1 - first**count)
        final, gamma = group["final_lr"], group["gamma"]
        low, high = (
            final * (1 - 1 / (gamma * count + 1)),
            final * (1 + 1 / (gamma * count)),
        )
        weight.sub_((rate / (square.sqrt() + group["eps"])).clamp(low, high) * mean)
'''
SGDW = '''
class SGDW(torch.optim.Optimizer):
    """SGD whose weight decay acts on the weights themselves (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        weights: list,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self) -> None:
        """Moves the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, self.state[weight], group)

    def move(self, weight: Tensor, gradient: Tensor, state: dict, group: dict) -> None:
        """One step of one weight."""
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        if not state:
            state["speed"] = torch.zeros_like(weight)
        speed = state["speed"]
        speed.mul_(group["momentum"]).add_(gradient)
        move = gradient + group["momentum"] * speed if group["nesterov"] else speed
        weight.sub_(move, alpha=group["lr"])
'''
