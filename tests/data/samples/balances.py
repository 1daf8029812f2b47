"""Invented balances: main and annex budgets, grants and other accounts, two layouts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.public_bodies import body, siret

_HEADER = (
    "exer;ident;ndept;lbudg;insee;cbudg;ctype;nomen;siren;categ;compte;bedeb;becre;obnetdeb;"
    "obnetcre;onbdeb;onbcre;oobdeb;oobcre;sd;sc"
)


def line(
    number: int, year: int, account: str, debit: str, *, credit: str = "0", budget: str = "1"
) -> str:
    """Return one line of a balance, in the layout of 2016 and after."""
    who = body("commune", number)
    office = siret(who, 1 if budget == "1" else 2)
    return (
        f"{year};{office};099;COMMUNE FICTIVE {number};{number:03d};{budget};101;M57;{who};Commune;"
        f"{account};0;0;{debit};{credit};0;0;0;0;{debit};0"
    )


def make(folder: Path) -> list[Path]:
    """Write a CSV of recent years and a JSON of before 2016."""
    lines = [_HEADER]
    for number in range(1, 7):
        for year in (2023, 2024):
            lines += [
                line(number, year, "60632", "1250.5"),
                line(number, year, "65748", str(1000 * number)),
                line(number, year, "65741", "150.25", credit="50.25"),
                line(number, year, "65748", "99", budget="3"),
            ]
    recent = folder / "balances-comptables-des-communes-en-2024.csv"
    recent.write_text("\ufeff" + "\n".join(lines) + "\n", "utf-8")
    old = folder / "balances-comptables-des-communes-en-2012.json"
    records = [
        {"exer": "2012", "siren": body("commune", number), "budget": kind, "type": "Commune",
         "compte": account, "obnetdeb": 500.0 * number, "obnetcre": 0.0, "lbudg": "FICTIVE"}
        for number in range(1, 6)
        for kind in ("BP", "BA")
        for account in ("6574", "6554")
    ]  # fmt: skip
    old.write_text(json.dumps({"total_count": len(records), "results": records}), "utf-8")
    return [recent, old]
