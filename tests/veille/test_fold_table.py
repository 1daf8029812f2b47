"""The table of an evaluation is whole on a terminal of 80 columns."""

from __future__ import annotations

from rich.console import Console

from veille.cli_evaluation import SHORT, fold_table


def test_no_figure_is_cut_at_80_columns() -> None:
    figure = {"value": 0.123, "low": 0.1, "high": 0.2}
    names = ("roc_auc", "average_precision", "brier", "ece", "precision_at_k")
    figures = dict.fromkeys(names, figure)
    fold = {
        "test_as_of": "2021-06-30",
        "train_until": "2020-06-30",
        "horizon_months": 12,
        "positives": 3,
        "n": 9,
        "metrics": figures,
        "baselines": dict.fromkeys(SHORT, figures),
    }
    console = Console(width=80)
    with console.capture() as caught:
        console.print(fold_table(fold))
    shown = caught.get()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("0.100–0.200") == 5 * (1 + len(SHORT))
    assert all(name in shown for name in SHORT.values())
