"""What finds objects in pictures: boxes of a grid, the best of overlapping ones, and what lies inside them.

Boxes are (left, top, right, bottom) as shares of the picture, from 0 to 1.
"""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Float, Int, Pair
from studio.layers.rules import Specs, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import literal

GROUP = "Detection"
_BOXES = Port("boxes", "N B 4", doc="Left, top, right and bottom of each box, from 0 to 1.")


def _check_boxes(layer: str, boxes: TensorSpec) -> None:
    if boxes.shape[2] != 4:
        raise ShapeError(
            "{layer} needs four numbers a box (left, top, right, bottom), gets {shape}",
            layer=layer,
            shape=show(boxes.shape),
        )


_GRID_BOXES = '''
def grid_boxes(x: Tensor) -> Tensor:
    """Boxes (N, H * W, 4) from raw numbers (N, 4, H, W): middle inside the cell, width, height."""
    height, width = x.shape[2:]
    row = torch.arange(height, device=x.device).unsqueeze(1)  # H 1
    column = torch.arange(width, device=x.device)  # W
    across, down, wide, high = x.sigmoid().unbind(1)  # N H W
    across, down = (column + across) / width, (row + down) / height
    left, top = across - wide / 2, down - high / 2
    return torch.stack([left, top, left + wide, top + high], -1).flatten(1, 2)
'''


def _grid_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, numbers, height, width = inputs[0].shape
    if numbers != 4:
        raise ShapeError(
            "GridBoxes needs four channels, gets {channels}: set 4",
            (("set_source_features", "4", "x"),),
            channels=numbers,
        )
    return (TensorSpec((batch, height * width, 4), inputs[0].dtype),)


GRID_BOXES = LayerSpec(
    name="GridBoxes",
    category=Category.SHAPE,
    summary="Turns four channels into a box for each cell of the grid, whose middle lies in the cell.",
    formula=r"c_x = \frac{j + \sigma(x_0)}{W}, \; c_y = \frac{i + \sigma(x_1)}{H},"
    r" \; w = \sigma(x_2), \; h = \sigma(x_3)",
    inputs=(Port("x", "N C H W", doc="Four channels: across, down, width and height, before the sigmoid."),),
    outputs=(
        Port("boxes", "N B 4", doc="Left, top, right and bottom of each box, from 0 to 1, row by row."),
    ),
    params=(),
    shape=_grid_shape,
    torch=Torch(call="grid_boxes({x})", support=(_GRID_BOXES,)),
    source="Redmon and Farhadi, YOLO9000: Better, Faster, Stronger, 2017, section 2",
    onnx="Sigmoid, Add, Div and Concat.",
    examples=(Example({}, (("N", 4, 6, 5),), ("N", 30, 4)), Example({}, (("N", 4, 7, 7),), ("N", 49, 4))),
    keywords=("YOLO", "anchorBox", "one-stage detector", "bounding box", "decode"),
    pitfalls="One box a cell: two middles in one cell can't both be found. Take a finer grid.",
    group=GROUP,
)

_BEST = '''
def best_boxes(boxes: Tensor, scores: Tensor, overlap: float, least: float) -> Tensor:
    """True (N, B) for boxes (N, B, 4) that overlap no box of a higher score by more than ``overlap``."""
    order = scores.argsort(1, descending=True)  # N B
    boxes = boxes.gather(1, order.unsqueeze(-1).expand(-1, -1, 4))
    first, second = boxes.unsqueeze(2), boxes.unsqueeze(1)  # N B 1 4, N 1 B 4
    left_top = torch.maximum(first[..., :2], second[..., :2])
    right_bottom = torch.minimum(first[..., 2:], second[..., 2:])
    common = (right_bottom - left_top).clamp(min=0).prod(-1)  # N B B
    area = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)  # N B
    total = area.unsqueeze(2) + area.unsqueeze(1) - common
    place = torch.arange(boxes.shape[1], device=boxes.device)
    beats = common > overlap * total  # a box of higher score beats a lower one
    beats = beats & (place.unsqueeze(1) < place)  # N B B
    kept = scores.gather(1, order) > least
    for best in range(boxes.shape[1]):
        kept = kept & ~(beats[:, best] & kept[:, best : best + 1])
    return torch.zeros_like(kept).scatter(1, order, kept)
'''


def _best_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    boxes, scores = inputs
    _check_boxes("NonMaxSuppression", boxes)
    if scores.shape != boxes.shape[:2]:
        raise ShapeError(
            "NonMaxSuppression needs a score for each box, gets {boxes} and {scores}",
            boxes=show(boxes.shape),
            scores=show(scores.shape),
        )
    if not isinstance(boxes.shape[1], int):
        raise ShapeError(
            "NonMaxSuppression needs a known number of boxes, but it is {count}", count=boxes.shape[1]
        )
    return (TensorSpec(scores.shape, "bool"),)


NON_MAX_SUPPRESSION = LayerSpec(
    name="NonMaxSuppression",
    category=Category.SHAPE,
    summary="Of boxes that overlap much keeps the one with the highest score.",
    formula=r"k_i = [\,s_i > s_0\,] \prod_{s_j > s_i} \left(1 - k_j\,[\operatorname{IoU}(b_i, b_j) > o]\right)",
    inputs=(_BOXES, Port("scores", "N B", doc="How sure the network is of each box.")),
    outputs=(Port("kept", "N B", "bool", doc="True for the boxes that stay."),),
    params=(
        Float(
            "overlap",
            0.5,
            "Share of common area from which two boxes mean the same thing.",
            label="Overlap",
            min=0,
            max=1,
        ),
        Float("least", 0.0, "Boxes with scores up to this never stay.", label="Least score", essential=False),
    ),
    shape=_best_shape,
    torch=Torch(call="best_boxes({boxes}, {scores}, {overlap}, {least})", support=(_BEST,)),
    source="Girshick et al., Rich Feature Hierarchies for Accurate Object Detection, 2014, section 2.2",
    onnx="One step a box, of comparisons and And; TopK for the order.",
    traits=Traits(differentiable=False),
    examples=(
        Example({}, (("N", 9, 4), ("N", 9)), ("N", 9)),
        Example({"overlap": 0.3, "least": 0.1}, (("N", 5, 4), ("N", 5)), ("N", 5)),
    ),
    short="{overlap}",
    keywords=("NMS", "NmsDetection2d", "IoU", "bounding box", "YOLO", "duplicates"),
    pitfalls="Nothing learns through it: it belongs behind the network, not before a loss. For several classes use"
    " one for each.",
    group=GROUP,
)

_ROI_ALIGN = '''
def roi_align(
    x: Tensor, boxes: Tensor, height: int, width: int, samples: int
) -> Tensor:
    """What lies in each box (N, B, 4) of x (N, C, H, W), as (N, B, C, height, width)."""
    left, top, right, bottom = boxes.unsqueeze(-2).unbind(-1)  # N B 1
    rows, columns = (
        (torch.arange(size * samples, device=x.device) + 0.5) / (size * samples)
        for size in (height, width)
    )
    down = (top + (bottom - top) * rows).unsqueeze(3)  # N B rows 1
    across = (left + (right - left) * columns).unsqueeze(2)  # N B 1 columns
    grid = torch.stack(torch.broadcast_tensors(across, down), -1)  # N B rows columns 2
    found = F.grid_sample(
        x, 2 * grid.flatten(1, 2) - 1, padding_mode="border", align_corners=False
    )  # N C B*rows columns
    return F.avg_pool2d(found, samples).unflatten(2, (-1, height)).transpose(1, 2)
'''


def _roi_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, boxes = inputs
    _check_boxes("RoiAlign", boxes)
    if x.shape[0] != boxes.shape[0]:
        raise ShapeError(
            "RoiAlign needs boxes for each picture, gets {x} and {boxes}",
            x=show(x.shape),
            boxes=show(boxes.shape),
        )
    return (TensorSpec((x.shape[0], boxes.shape[1], x.shape[1], *p.size), x.dtype),)


def _roi_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    height, width = p.size
    return "", f"roi_align({{x}}, {{boxes}}, {literal(height)}, {literal(width)}, {literal(p.samples)})"


ROI_ALIGN = LayerSpec(
    name="RoiAlign",
    category=Category.SHAPE,
    summary="Cuts out what lies in each box and brings all cuttings to one size.",
    formula=r"y_{b,c,i,j} = \frac{1}{s^2} \sum_{u,v} x_c\left(t_b + h_b \frac{i + u}{H'},"
    r"\; l_b + w_b \frac{j + v}{W'}\right)",
    inputs=(Port("x", "N C H W", doc="Pictures: channels, height, width."), _BOXES),
    outputs=(Port("y", "N B C H_out W_out", doc="The cuttings: for each picture and box."),),
    params=(
        Pair("size", (7, 7), "Height and width of each cutting.", label="Size", min=1, max=1024, unit="px"),
        Int(
            "samples",
            2,
            "How many points each way are averaged for one point of the cutting.",
            label="Samples",
            essential=False,
            min=1,
            max=16,
        ),
    ),
    shape=_roi_shape,
    torch=Torch(text=_roi_text, support=(_ROI_ALIGN,)),
    source="He et al., Mask R-CNN, 2017, section 3",
    onnx="GridSample and AveragePool.",
    examples=(
        Example({"size": 4}, (("N", 3, 16, 16), ("N", 5, 4)), ("N", 5, 3, 4, 4)),
        Example({"size": (2, 3), "samples": 1}, (("N", 2, 8, 6), ("N", 1, 4)), ("N", 1, 2, 2, 3)),
    ),
    short="{size}",
    keywords=("ROI pooling", "roiMaxPooling2d", "crop", "Mask R-CNN", "region", "crop and resize"),
    pitfalls="Boxes are shares of the picture, not pixels. Beyond the edge the edge itself is repeated.",
    group=GROUP,
)

_GRID_TARGETS = '''
def grid_targets(
    boxes: Tensor, labels: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """What each cell of a grid should say of boxes (N, B, 4) with classes (N, B), -1 for none.

    Gives 1 where a box has its middle (N, cells), the box there (N, cells, 4), and its class
    (N, cells), -100 where there is none.
    """
    cells = height * width
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    column = (middle[..., 0] * width).long().clamp(0, width - 1)
    row = (middle[..., 1] * height).long().clamp(0, height - 1)
    cell = torch.where(labels < 0, cells, row * width + column)  # N B; one spare cell
    place = torch.arange(boxes.shape[1], device=boxes.device)
    later = place.unsqueeze(1) < place  # of two boxes in a cell the last counts
    hidden = ((cell.unsqueeze(2) == cell.unsqueeze(1)) & later).any(2)
    cell = torch.where(hidden, cells, cell)
    samples = boxes.shape[0]
    present = boxes.new_zeros(samples, cells + 1).scatter(1, cell, 1.0)
    found = boxes.new_zeros(samples, cells + 1, 4)
    found = found.scatter(1, cell.unsqueeze(-1).expand(-1, -1, 4), boxes)
    label = labels.new_full((samples, cells + 1), -100).scatter(1, cell, labels)
    return present[:, :-1], found[:, :-1], label[:, :-1]
'''


def _targets_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    boxes, labels = inputs
    _check_boxes("GridTargets", boxes)
    if labels.shape != boxes.shape[:2]:
        raise ShapeError(
            "GridTargets needs a class for each box, gets {boxes} and {labels}",
            boxes=show(boxes.shape),
            labels=show(labels.shape),
        )
    samples, cells = boxes.shape[0], p.size[0] * p.size[1]
    return (
        TensorSpec((samples, cells), boxes.dtype),
        TensorSpec((samples, cells, 4), boxes.dtype),
        TensorSpec((samples, cells), labels.dtype, labels.classes),
    )


def _targets_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    height, width = p.size
    return "", f"grid_targets({{boxes}}, {{labels}}, {literal(height)}, {literal(width)})"


GRID_TARGETS = LayerSpec(
    name="GridTargets",
    category=Category.SHAPE,
    summary="Says for each cell of a grid what a detector should find there: whether, where and what.",
    formula=r"t_{ij} = \text{the box whose middle lies in cell } (i, j)",
    inputs=(
        _BOXES,
        Port("labels", "N B", "int", doc="The class of each box; -1 where there is no box."),
    ),
    outputs=(
        Port("present", "N G", doc="1 for cells with the middle of a box, else 0."),
        Port(
            "box",
            "N G 4",
            doc="The box of each cell, row by row as GridBoxes gives them; 0 where there is none.",
        ),
        Port(
            "label",
            "N G",
            "int",
            doc="The class of each cell's box; -100, which losses leave out, where there is none.",
        ),
    ),
    params=(Pair("size", (7, 7), "Rows and columns of the grid.", label="Grid", min=1, max=512),),
    shape=_targets_shape,
    torch=Torch(text=_targets_text, support=(_GRID_TARGETS,)),
    source="Redmon et al., You Only Look Once: Unified, Real-Time Object Detection, 2016, section 2",
    onnx="Comparisons and ScatterElements; usually left behind with the losses.",
    traits=Traits(differentiable=False),
    examples=(
        Example({}, (("N", 5, 4), ("N", 5)), ("N", 49)),
        Example({"size": (2, 3)}, (("N", 1, 4), ("N", 1)), ("N", 6)),
    ),
    short="{size}",
    keywords=("YOLO", "detector", "target assignment", "bounding box", "ssdMerge", "regionProposal"),
    pitfalls="Multiply guessed boxes by present before they are compared. Of two boxes in one cell only the last is"
    " learned.",
    group=GROUP,
)

LAYERS = (GRID_BOXES, GRID_TARGETS, NON_MAX_SUPPRESSION, ROI_ALIGN)
