"""Invented posts of the Fonjep: paid in time, late, in part, not yet; closed, overseas, unknown."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.samples.chorus import siret
from tests.data.test_tabular import workbook

HEADERS: dict[str, list[str]] = {
    "Tiers": [
        "Code", "RaisonSociale", "EstAssociation", "EstCoFinanceurPostes", "EstFinanceurPostes",
        "SiretOuRidet", "CodePostal", "Ville", "ContactEmail",
    ],
    "Poste": [
        "Code", "DispositifId", "PstStatutPosteLibelle", "PstRaisonStatutLibelle",
        "FinanceurPrincipalCode", "FinanceurAttributeurCode", "AssociationBeneficiaireCode",
        "AssociationImplantationCode", "Annee", "MontantSubvention", "DateFinTriennalite",
        "PstTypePosteCode", "PleinTemps", "DoublementUniteCompte",
    ],
    "Versement": [
        "PosteCode", "PeriodeDebut", "PeriodeFin", "DateVersement", "MontantAPayer", "MontantPaye",
        "FinanceurCofinanceurCode",
    ],
    "TypePoste": ["Code", "Libelle"],
    "Dispositif": ["ID", "Libelle", "FinanceurCode"],
}  # fmt: skip
REFERENCES: dict[str, list[list[str]]] = {
    "TypePoste": [["FONJEP", "Poste FONJEP"], ["PSTEMP", "POSTES EMPLOI FONJEP"]],
    "Dispositif": [
        ["1", "FONJEP Jeunesse éducation populaire", "10004"],
        ["2", "FONJEP Cohésion sociale", "10005"],
        ["3", "FONJEP Politique de la ville", "10008"],
    ],
}


def tier(code: str, name: str, number: str) -> list[str]:
    """Return a line of the sheet Tiers."""
    return [code, name, "Oui", "Non", "Non", number, "00000", "Ville fictive", "x@exemple.invalid"]


def post(code: str, tier_code: str, year: str, amount: str, **changed: str) -> list[str]:
    """Return a line of the sheet Poste; `changed`: status, funder, scheme, ends, kind."""
    given = {"status": "Attribué", "funder": "10004", "scheme": "1", "ends": "2024-12-31",
             "reason": "Reconduction", "kind": "FONJEP", **changed}  # fmt: skip
    return [
        code, given["scheme"], given["status"], given["reason"], given["funder"], "99DDJ",
        tier_code, tier_code, year, amount, given["ends"], given["kind"], "Oui", "Non",
    ]  # fmt: skip


def quarters(code: str, year: int, due: str, days: list[str]) -> list[list[str]]:
    """Return the four instalments of a post, paid on `days` ("" where they are not)."""
    starts = ((1, 3, 31), (4, 6, 30), (7, 9, 30), (10, 12, 31))
    return [
        [code, f"{year}-{first:02d}-01", f"{year}-{last:02d}-{end}", day, due, due if day else "",
         "10004"]
        for (first, last, end), day in zip(starts, days, strict=True)
    ]  # fmt: skip


def export(sheets: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
    """Return the five sheets with their headers, those not given filled with usual labels."""
    rows = {**REFERENCES, **sheets}
    return {name: [header, *rows.get(name, [])] for name, header in HEADERS.items()}


def write_json(path: Path, sheets: dict[str, list[list[str]]]) -> Path:
    """Write the sheets as a JSON object of five lists of records."""
    records = {
        name: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        for name, rows in sheets.items()
    }
    path.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    return path


def make(folder: Path) -> list[Path]:
    """Write an export of nine posts, as a JSON object and as a workbook."""
    tiers = [tier(f"L{n}", f"ASSOCIATION FICTIVE {n}", siret(n)) for n in range(1, 7)]
    tiers += [tier("L7", "ASSOCIATION D'OUTRE-MER", "1234567001"), tier("L8", "SANS NUMÉRO", "")]
    tiers.append(tier("10004", "Ministère fictif de la jeunesse", ""))
    posts = [post(f"J{n}", f"L{n}", "2023", f"{7000 + n}.5") for n in range(1, 9)]
    posts.append(post("J9", "L1", "2023", "7164", status="Fermé\u00a0"))
    paid = [quarters(f"J{n}", 2023, "1777", ["2023-01-26", "2023-04-27", f"2023-07-{10 + n}", ""])
            for n in range(1, 6)]  # fmt: skip
    payments = [line for lines in paid for line in lines]
    payments[2][5] = "900"
    payments.append(["J404", "2023-01-01", "2023-03-31", "2023-01-26", "1777", "1777", ""])
    payments.append(["J1", "2023-01-01", "2023-03-31", "2023-11-13", "-300", "-300", ""])
    sheets = export({"Tiers": tiers, "Poste": posts, "Versement": payments})
    return [
        write_json(folder / "fonjep.json", sheets),
        workbook(folder / "fonjep.xlsx", sheets),
    ]
