"""Sheets of a Fonjep export, told apart by their columns; what its codes stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.reference.funders import funder_slug
from data.sources.base import SourceError
from data.sources.grids import read_grids
from data.sources.scdl_funders import funder_level
from data.sources.spellings import Spellings, cells_of, named, places
from data.sources.state_exports import beneficiaries, without_marks
from data.sources.state_list import FUNDER_ID, FUNDER_NAME
from data.sources.tabular import Table, table_of

#: kind of sheet -> its columns
SHEETS: dict[str, dict[str, tuple[str, ...]]] = {
    "tiers": {
        "code": ("Code",),
        "name": ("RaisonSociale",),
        "number": ("SiretOuRidet", "Siret"),
    },
    "poste": {
        "code": ("Code",),
        "scheme": ("DispositifId",),
        "status": ("PstStatutPosteLibelle",),
        "funder": ("FinanceurPrincipalCode",),
        "beneficiary": ("AssociationBeneficiaireCode",),
        "year": ("Annee",),
        "amount": ("MontantSubvention",),
        "ends": ("DateFinTriennalite",),
        "type": ("PstTypePosteCode",),
    },
    "versement": {
        "code": ("PosteCode",),
        "start": ("PeriodeDebut",),
        "end": ("PeriodeFin",),
        "day": ("DateVersement",),
        "due": ("MontantAPayer",),
        "paid": ("MontantPaye",),
        "funder": ("FinanceurCofinanceurCode",),
    },
    "dispositif": {"code": ("ID",), "label": ("Libelle",), "funder": ("FinanceurCode",)},
    "typeposte": {"code": ("Code",), "label": ("Libelle",)},
}
#: columns without which a sheet is not of its kind; the first kind that fits
_NEEDED: dict[str, frozenset[str]] = {
    "poste": frozenset({"code", "status", "beneficiary", "year", "amount"}),
    "versement": frozenset({"code", "start", "day", "due", "paid"}),
    "tiers": frozenset({"code", "number"}),
    "dispositif": frozenset({"code", "label", "funder"}),
    "typeposte": frozenset({"code", "label"}),
}
_REQUIRED = ("tiers", "poste", "versement")
#: a ministry's code among the funders -> the State's programme that its scheme is paid from,
#: "" where sources differ (10005, social cohesion)
_MINISTRIES = {
    "10004": "163", "10005": "", "10008": "147", "10009": "163",
    "10010": "209", "10012": "361", "10016": "163", "10017": "163",
}  # fmt: skip
#: a RIDET of New Caledonia has nine or ten digits, its RID six or seven; a SIREN nine
_OVERSEAS_DIGITS = (6, 10)
OVERSEAS = "numéro RIDET, ou sans établissement : un SIRET a quatorze chiffres"
SEVERAL = "le code du bénéficiaire porte plusieurs numéros dans la feuille Tiers"
NOBODY = "bénéficiaire absent de la feuille Tiers, ou sans numéro"


@dataclass(frozen=True)
class Lines:
    """Lines of one kind of sheet under our names, and the header that the file gives them."""

    frame: pl.DataFrame
    header: list[str]
    at: dict[str, int]


def kind_of(header: Sequence[str]) -> str | None:
    """Return the kind of sheet that has this header."""
    return next(
        (kind for kind, needed in _NEEDED.items() if places(header, SHEETS[kind]).keys() >= needed),
        None,
    )


def score(header: Sequence[str]) -> int:
    """Return the number of columns known in a header, 0 where it is of no sheet."""
    kind = kind_of(header)
    return len(places(header, SHEETS[kind])) if kind else 0


def open_export(path: Path) -> dict[str, Lines]:
    """Return kind of sheet -> its lines; those of Versement are numbered after those of Poste.

    Raises
    ------
    SourceError
        The file cannot be read, or one of the sheets Tiers, Poste and Versement is not there.
    """
    found: dict[str, list[tuple[Table, int]]] = {}
    for grid in read_grids(path, score):
        table = table_of(grid, score)
        kind = kind_of(table.header) if table is not None else None
        if table is not None and kind is not None:
            found.setdefault(kind, []).append((table, max(grid.lines, default=0)))
    missing = [kind for kind in _REQUIRED if kind not in found]
    if missing:
        raise SourceError(
            f"« {path.name} » n'est pas un export Fonjep complet.",
            code="source-header",
            where=str(path),
            received=f"feuilles reconnues : {', '.join(found) or 'aucune'}",
            expected="les feuilles Tiers, Poste et Versement, avec les noms de leurs colonnes",
            todo="exportez de nouveau le classeur entier depuis l'extranet Fonjep",
        )
    lines, offset = {}, 0
    for kind, columns in SHEETS.items():
        frames = []
        for table, last in found.get(kind, []):
            frames.append(_lines(table, columns, offset))
            offset += last if kind in {"poste", "versement"} else 0
        if frames:
            header = found[kind][0][0].header
            lines[kind] = Lines(pl.concat(frames), header, places(header, columns))
    return lines


def _lines(table: Table, columns: Spellings, offset: int) -> pl.DataFrame:
    frame = named(table, places(table.header, columns), columns)
    return without_marks(
        frame.with_columns(pl.struct(cells_of(frame)).hash().alias("hash")), list(columns)
    ).select(pl.col("source_row") + offset, "empty", "miscut", "hash", *columns)


def beneficiaries_of(tiers: pl.DataFrame) -> pl.DataFrame:
    """Return one row a code of `tiers`: `beneficiary`, `name`, `number`, `siren`, `id_message`.

    `id_problem` says why there is no SIREN, `id_message` in other words where they are not enough.
    """
    digits = pl.col("number").str.replace_all(r"\D", "").str.len_bytes()
    overseas = digits.is_between(*_OVERSEAS_DIGITS)
    read = (
        tiers.filter(pl.col("code").is_not_null())
        .with_columns(*beneficiaries(tiers.filter(pl.col("code").is_not_null())["number"]))
        .with_columns(
            pl.when(~overseas.fill_null(value=False)).then("siren").alias("siren"),
            pl.when(overseas)
            .then(pl.lit("invalid_identifier"))
            .otherwise("id_problem")
            .alias("id_problem"),
            pl.when(overseas).then(pl.lit(OVERSEAS)).alias("id_message"),
        )
        .sort("siren", nulls_last=True, maintain_order=True)
    )
    several = pl.col("siren").drop_nulls().n_unique() > 1
    return (
        read.group_by("code", maintain_order=True)
        .agg(
            pl.col("name").first(),
            pl.col("number").first(),
            pl.when(~several).then(pl.col("siren").first()).alias("siren"),
            pl.when(several)
            .then(pl.lit("invalid_identifier"))
            .otherwise(pl.col("id_problem").first())
            .alias("id_problem"),
            pl.when(several)
            .then(pl.lit(SEVERAL))
            .otherwise(pl.col("id_message").first())
            .alias("id_message"),
        )
        .rename({"code": "beneficiary"})
    )


def funders_of(tiers: pl.DataFrame, codes: Sequence[str]) -> pl.DataFrame:
    """Return one row a code: `code`, `funder_id`, `funder_name`, `funder_level`.

    Only the codes that are a ministry's, or that `tiers` (as `beneficiaries_of` returns it) names
    or numbers.
    """
    known: Mapping[str, tuple[str | None, str | None]] = {
        code: (siren, name)
        for code, siren, name in tiers.select("beneficiary", "siren", "name").iter_rows()
    }
    rows: list[tuple[str, str, str | None, str]] = []
    for code in codes:
        siren, name = known.get(code, (None, None))
        level = funder_level(siren, name)
        if code in _MINISTRIES or level == "state":
            rows.append((code, FUNDER_ID, FUNDER_NAME, "state"))
        elif siren or name:
            rows.append((code, siren or funder_slug(name or ""), name, level))
    names = ("code", "funder_id", "funder_name", "funder_level")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def programme_of(code: pl.Expr) -> pl.Expr:
    """Return the State's programme that a ministry's code stands for, null where not certain."""
    programmes = {ministry: number for ministry, number in _MINISTRIES.items() if number}
    return code.replace_strict(programmes, default=None, return_dtype=pl.String)
