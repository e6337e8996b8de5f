"""How data.py makes the generated data sets: the lines of studio.engine.data, as a person would write them there."""

from __future__ import annotations

FORMULAS = {
    "spirals": (
        "generator = torch.Generator().manual_seed(7)",
        "self.label = torch.arange(1000) % 3",
        "radius = torch.rand(1000, generator=generator)",
        "wobble = 0.2 * torch.randn(1000, generator=generator)",
        "angle = (2 * math.pi / 3) * self.label + 4 * radius + wobble",
        "points = [radius * torch.sin(angle), radius * torch.cos(angle)]",
        "self.features = torch.stack(points, dim=1)",
    ),
    "shapes-224": (
        "generator = torch.Generator().manual_seed(11)",
        "self.label = torch.randint(1000, (256,), generator=generator)",
        "middle = 0.8 * torch.rand(256, 3, 1, 1, generator=generator) - 0.4",
        "numbers = (self.label // 100, self.label // 10 % 10, self.label % 10)",
        "lobes, hue, stripes = (n.reshape(-1, 1, 1) for n in numbers)",
        "line = torch.linspace(-1, 1, 224)",
        "ground = 128 + 64 * torch.sin(math.pi * (stripes + 1) * line.reshape(-1, 1))",
        "x, y = line - middle[:, 0], line.reshape(-1, 1) - middle[:, 1]",
        "rim = 1 + 0.3 * torch.cos(lobes * torch.atan2(y, x))",
        "inside = (x.square() + y.square()).sqrt() < (0.5 + middle[:, 2] / 4) * rim",
        "angles = [2 * math.pi * (hue / 10 - third / 3) for third in range(3)]",
        "colours = [128 + 127 * torch.cos(angle) for angle in angles]",
        "parts = [torch.where(inside, colour, ground) for colour in colours]",
        "self.image = torch.stack(parts, dim=1).byte()",
    ),
    "wave": (
        "generator = torch.Generator().manual_seed(17)",
        "self.features = 2 * torch.rand(1200, 1, generator=generator) - 1",
        "noise = 0.02 * torch.randn(1200, 1, generator=generator)",
        "angle = math.pi * (self.features + 2).square()",
        "self.target = torch.sin(angle) + noise",
    ),
}
