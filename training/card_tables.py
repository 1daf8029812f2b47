"""The tables of a model card: numbers as a language writes them, figures with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: rows of a table that a card shows
LONGEST = 40
METRICS = ("roc_auc", "average_precision", "brier", "log_loss", "ece", "precision_at_k")


@dataclass(frozen=True)
class Block:
    """A paragraph, a list or a table; `missing`: the paragraph says that something is not there."""

    text: str = ""
    items: list[str] = field(default_factory=list)
    caption: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    missing: bool = False


@dataclass(frozen=True)
class Numbers:
    """Numbers as the words of a language write them."""

    said: Mapping[str, Any]

    def count(self, value: int) -> str:
        """Return a count, thousands apart."""
        return f"{value:,}".replace(",", str(self.said["thousands"]))

    def decimal(self, value: float, digits: int = 3) -> str:
        """Return a number with its decimals."""
        return f"{value:.{digits}f}".replace(".", self.said["point"])

    def signed(self, value: float | None) -> str:
        """Return a number with its sign, a dash for none."""
        if value is None:
            return "–"
        return f"{round(value, 3) + 0.0:+.3f}".replace(".", self.said["point"])

    def share(self, value: float | None) -> str:
        """Return a share as a percentage, a dash for none."""
        if value is None:
            return "–"
        return str(self.said["percent"]).format(
            f"{100 * value:.3g}".replace(".", self.said["point"])
        )

    def events(self, events: Mapping[str, int], horizons: Sequence[int]) -> str:
        """Return the events of each horizon."""
        counts = (self.count(events[str(h)]) for h in horizons)
        return " / ".join(counts)

    def any(self, value: object) -> str:
        """Return any JSON value as a cell."""
        if value is None or value == "":
            return "–"
        match value:
            case bool():
                said = str(self.said["yes" if value else "no"])
            case int():
                said = self.count(value)
            case float():
                said = f"{value:.4g}".replace(".", self.said["point"])
            case list():
                said = " ; ".join(self.any(v) for v in value)
            case dict() if is_estimate(value):
                said = self.estimate(value)
            case dict():
                said = " ; ".join(f"{k} : {self.any(v)}" for k, v in value.items())
            case _:
                said = str(value)
        return said

    def estimate(self, found: Mapping[str, Any] | None) -> str:
        """Return a value and its interval."""
        if not found or found["value"] is None:
            return "–"
        low, high = found["low"], found["high"]
        span = (
            "" if low is None or high is None else f" [{self.decimal(low)} – {self.decimal(high)}]"
        )
        return self.decimal(found["value"]) + span


def is_estimate(value: object) -> bool:
    """Return whether a JSON value is a number with its interval."""
    return isinstance(value, Mapping) and set(value) == {"value", "low", "high"}


def evaluation_tables(evaluation: Mapping[str, Any], said: Mapping[str, Any]) -> list[Block]:
    """Return a table a test day and horizon: the model, then what it is compared with."""
    numbers = Numbers(said)
    blocks = []
    for fold in evaluation["folds"]:
        caption = said["fold" if fold["test_as_of"] else "fold_undated"].format(
            day=fold["test_as_of"],
            until=fold["train_until"],
            horizon=fold["horizon_months"],
            n=numbers.count(fold["n"]),
            positives=numbers.count(fold["positives"]),
        )
        measured = {"model": fold["metrics"], **fold["baselines"]}
        rows = [
            [
                said["baselines"].get(name, name),
                *(numbers.estimate(found.get(metric)) for metric in METRICS),
            ]
            for name, found in measured.items()
        ]
        header = ["", *(said["metrics"][metric] for metric in METRICS)]
        blocks.append(Block(caption=caption, header=header, rows=rows))
    return blocks


def plain_tables(value: Mapping[str, Any], said: Mapping[str, Any]) -> list[Block]:
    """Return a JSON object as tables: its lists of objects, then its plain values."""
    return list(_plain(value, "", said))


def _plain(value: Mapping[str, Any], path: str, said: Mapping[str, Any]) -> Iterator[Block]:
    numbers = Numbers(said)
    flat = []
    for key, inner in value.items():
        here = " – ".join(part for part in (path, key.strip()) if part)
        if isinstance(inner, list) and inner and all(isinstance(row, Mapping) for row in inner):
            columns = list(dict.fromkeys(k for row in inner for k in row))
            rows = [[numbers.any(row.get(c)) for c in columns] for row in inner[:LONGEST]]
            more = len(inner) - len(rows)
            caption = here + (said["more_rows"].format(numbers.count(more)) if more else "")
            yield Block(caption=caption, header=columns, rows=rows)
        elif isinstance(inner, Mapping) and not is_estimate(inner):
            yield from _plain(inner, here, said)
        else:
            flat.append([key, numbers.any(inner)])
    if flat:
        yield Block(caption=path, header=said["headers"]["plain"], rows=flat)
