"""Records of the shipped data sets that are words in pieces, and of generated tokens."""

from __future__ import annotations

from studio.layers.data_record import DataField, DataSet

TEXT_WINDOW = 64  # tokens in one sample of a text, unless the Data node says otherwise

CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def text_fields(vocabulary: int) -> tuple[DataField, DataField]:
    """A window of tokens and the same window one token later."""
    return (
        DataField("tokens", (TEXT_WINDOW,), "int64", "tokens", "T", vocabulary=vocabulary),
        DataField("next", (TEXT_WINDOW,), "int64", "tokens", "T", vocabulary=vocabulary),
    )


def counted(vocabulary: int) -> DataSet:
    """Generated tokens for a language model of published size."""
    return DataSet(
        f"tokens-{vocabulary}",
        f"Generated tokens, {vocabulary:,}",
        "66,560 generated tokens that count up by changing steps, no language: to run networks of published"
        " size.",
        66560,
        text_fields(vocabulary),
        "",
        "next_token",
        (49920, 8320, 8320),
        licence="made by Tsumiki Studio",
        source="generated",
        synthetic=True,
    )


WORDS = (
    DataSet(
        "austen-pieces",
        "Pride and Prejudice in word pieces",
        "The same novel as a row of 1,024 different word pieces, byte pairs learned from it; guess the next one.",
        240243,
        text_fields(1024),
        "austen-pieces.npz",
        "next_token",
        (216219, 12012, 12012),  # 90 %, 5 % and 5 %
        licence="Public domain (text, 1813); MIT (package)",
        source="Jane Austen, 1813",
    ),
    DataSet(
        "austen-speech",
        "Speech and narration in Pride and Prejudice",
        "4,000 passages of 32 word pieces without quotation marks; tell whether somebody speaks or the author.",
        4000,
        (
            DataField("tokens", (33,), "int64", "tokens", "T", vocabulary=1025),  # a start mark stands first
            DataField("label", (), "int64", "label", classes=("narration", "speech")),
        ),
        "austen-speech.npz",
        "classify",
        (3200, 400, 400),
        licence="Public domain (text, 1813); MIT (package)",
        source="Jane Austen, 1813",
    ),
    DataSet(
        "fashion-captions",
        "Clothes with captions, 2,500",
        "2,500 pictures of clothes, each with a sentence made by rule from its class and brightness.",
        2500,
        (
            DataField("image", (1, 28, 28), "float32", "image", "C H W"),
            DataField("tokens", (20,), "int64", "tokens", "T", vocabulary=1025),
            DataField("label", (), "int64", "label", classes=CLOTHES),
        ),
        "fashion-captions.npz",
        "classify",
        (2000, 250, 250),
        raw_max=255.0,
        licence="MIT",
        source="H. Xiao, K. Rasul, R. Vollgraf, Zalando Research, 2017; captions made by Tsumiki Studio",
    ),
    DataSet(
        "en-es",
        "English and Spanish sentences",
        "5,000 short verses in English and in old Spanish, in word pieces; translate one into the other.",
        5000,
        (
            DataField("english", (36,), "int64", "tokens", "T", vocabulary=1027),
            DataField("spanish", (37,), "int64", "tokens", "T", vocabulary=1027),  # behind a start mark
            DataField("wanted", (37,), "int64", "tokens", "T", vocabulary=1027),  # the same, one piece later
        ),
        "en-es.npz",
        "translate",
        (4400, 300, 300),
        licence="Public domain",
        source="World English Bible contributors; Reina-Valera, 1909",
    ),
    counted(50257),
    counted(30522),
)
