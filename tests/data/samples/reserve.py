"""Small lists of the parliamentary reserve, in the columns of three years."""

from __future__ import annotations

import json
from pathlib import Path

_NAMES = ("Club du Nuage", "NUAGE-SUR-MER", "Ville de la Dune", "Amis du Phare")


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    bercy = folder / "senat-reserve.csv"
    rows = (
        f'"{_NAMES[at % 4]}",{at + 1},{at * 500},"Achat",{(122, 163)[at % 2]},"ELU",59,"Sénateur",'
        f"{2009 + at % 6},I,E,H,G"
        for at in range(16)
    )
    bercy.write_text(
        '"bénéficiaire","département","montant versé en 2013 (€)","nature de la subvention",'
        '"programme budgétaire","attributeur","département attributeur","mandat attributeur",'
        '"année d\'octroi de la subvention",prénom,nom,sexe,groupe\n' + "\n".join(rows) + "\n",
        encoding="utf-8",
    )

    members = folder / "2016_reserve_parlementaire.csv"
    rows = (
        f"ELU;Inventé;GRP;{_NAMES[at % 4]} {at};{at} rue 5{at % 10}000 LILLE;Tournoi;219-01;{at}00"
        for at in range(12)
    )
    members.write_text(
        "nom;prenom;groupe;beneficiaire;adresse;descriptif;programme_budgetaire;montant\n"
        + "\n".join(rows)
        + "\n",
        encoding="cp1252",
    )

    records = folder / "2014_reserve_parlementaire.json"
    content = [
        {
            "Bénéficiaire": _NAMES[at % 4],
            "Adresse": "75020 Paris",
            "Montant": at * 100,
            "Nom": "ELU",
            "Prénom": "I",
            "Groupe": "G",
            "Programme budgétaire": "163-01",
        }
        for at in range(10)
    ]
    records.write_text(json.dumps(content), encoding="utf-8")
    return [bercy, members, records]
