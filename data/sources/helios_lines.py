"""Lines of mandates: who pays whom, what, when; or why a line is not kept."""

from __future__ import annotations

import polars as pl

from data import identifiers
from data.sources import parse
from data.sources.base import ReadOptions
from data.sources.local_accounts import GRANTS_ACCOUNT
from data.sources.rules import Rule, further, verdicts
from data.sources.scdl_funders import funders

COLUMNS: dict[str, tuple[str, ...]] = {
    "mandate_id": ("ID",),
    "payer": ("CODE_INSEE_BC",),
    "payer_name": ("COLLEC",),
    "kind": ("TYPE MANDAT",),
    "issued": ("DATE_EMISSION",),
    "mandate": ("NUM_MANDAT",),
    "line": ("NUMERO_LIGNE",),
    "account": ("COMPTE_NATURE",),
    "purpose": ("OBJET_MANDAT",),
    "amount": ("MONTANT_PAIEMENT",),
    "paid": ("DATE_PAIEMENT",),
    "legal": ("Nature JURIDIQUE",),
    "name": ("NOM",),
    "id_kind": ("TYPE_IMMATRICULATION",),
    "beneficiary": ("IMMATRICULATION",),
}
#: legal natures of natural persons (private individuals; craftsmen, shopkeepers, farmers), unknown
_PERSON = r"^0?1(?:\D|$)|(?i)particulier"
_ALONE = r"^0?2(?:\D|$)|(?i)artisan|commer[cç]ant|agriculteur"
_UNKNOWN = r"^0+(?:\D|$)|(?i)inconnu"
#: a mandate that takes money back; writings that move no money
_BACK = r"(?i)annul|r[ée]duc|correctif"
_NO_MONEY = r"(?i)\bd.ordre\b|non[- ]valeur|rattachement"
_NIR = r"(?i)\bnir\b"
#: other registers number in nine digits what is no SIREN
_SIREN_KINDS = r"(?i)sire[tn]"
_A_PERSON = "bénéficiaire personne physique"
_WRITING = "écriture d'ordre ou de rattachement : aucun argent n'est versé"


def judge(lines: pl.DataFrame, options: ReadOptions, stem: str) -> pl.DataFrame:
    """Read and judge the lines of an export.

    Parameters
    ----------
    lines : polars.DataFrame
        `source_row`, `empty`, `miscut`, `cells` (hash of the whole line) and the text columns of
        `COLUMNS`.
    options : ReadOptions
        See `data.sources.helios.read`.
    stem : str
        Name of the file, the last resort to name a funder.

    Returns
    -------
    polars.DataFrame
        `siren`, `rna`, `funder_id`, `funder_name`, `funder_level`, `issued_on`, `paid_on`, `euros`
        (negative where money is taken back), `back`, `shown` (number of the beneficiary, unless it
        is a natural person's), and the verdict.
    """
    payers = lines.select(
        pl.col("payer").alias("funder_id"), pl.col("payer_name").alias("funder_name")
    )
    lines = lines.with_columns(*funders(payers, options, stem).get_columns()).with_columns(
        pl.col("account").str.strip_chars("'’ ").str.replace(r"[.,]0+$", "").alias("account"),
        pl.col("legal").str.contains(_PERSON).fill_null(value=False).alias("person"),
        pl.col("kind").str.contains(_BACK).fill_null(value=False).alias("back"),
    )
    return _verdict(_read(lines))


def _read(lines: pl.DataFrame) -> pl.DataFrame:
    ids = identifiers.repair(lines["beneficiary"])
    money = parse.amounts(lines["amount"])
    days = {name: parse.dates(lines[name]) for name in ("issued", "paid")}
    numbered = pl.col("id_kind").str.contains(_SIREN_KINDS) | parse.is_missing("id_kind")
    hidden = pl.col("person") | pl.col("id_kind").str.contains(_NIR).fill_null(value=False)
    alone = pl.col("person") | pl.col("legal").str.contains(f"{_ALONE}|{_UNKNOWN}")
    return lines.with_columns(
        ids["siren"].alias("siren"),
        ids["rna"].alias("rna"),
        ids["problem"].alias("id_problem"),
        money["amount"].alias("euros"),
        money["problem"].alias("amount_problem"),
        *(found["day"].alias(f"{name}_on") for name, found in days.items()),
        *(found["problem"].alias(f"{name}_problem") for name, found in days.items()),
        pl.when(~hidden).then("beneficiary").alias("shown"),
        pl.when(~alone & ~parse.is_missing("legal")).then("name").alias("name"),
    ).with_columns(
        pl.when(numbered).then("siren").alias("siren"),
        pl.when("back").then(-pl.col("euros").abs()).otherwise("euros").alias("euros"),
    )


def _verdict(lines: pl.DataFrame) -> pl.DataFrame:
    unpaid = pl.col("paid_problem") == "no_date"
    problem, amount = pl.col("id_problem"), pl.col("amount_problem")
    unknown = pl.col("siren").is_null() & pl.col("rna").is_null()
    nobody = pl.col("funder_name").is_null() & pl.col("funder_id").str.starts_with("slug:")
    # A mandate not yet paid is only known as a sum due, which asks for a SIREN and an amount.
    not_due = unpaid & (pl.col("siren").is_null() | (pl.col("euros") <= 0))
    judged = lines.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("account").is_null(), "unreadable", "account", "compte absent"),
                Rule(
                    ~pl.col("account").str.starts_with(GRANTS_ACCOUNT),
                    "out_of_scope",
                    "account",
                ),
                Rule(pl.col("person"), "out_of_scope", "legal", _A_PERSON),
                Rule(pl.col("kind").str.contains(_NO_MONEY), "out_of_scope", "kind", _WRITING),
                Rule(nobody, "no_identifier", "payer", "payeur ni numéroté ni nommé"),
                Rule(unknown & (problem == "no_identifier"), "no_identifier", "shown"),
                Rule(unknown & (problem == "damaged_identifier"), "damaged_identifier", "shown"),
                Rule(unknown, "invalid_identifier", "shown"),
                Rule(amount == "no_amount", "no_amount", "amount"),
                Rule(pl.col("euros").is_null(), "bad_amount", "amount"),
                Rule(pl.col("issued_problem") == "no_date", "no_date", "issued"),
                Rule(pl.col("issued_on").is_null(), "bad_date", "issued"),
                Rule(not_due, "no_date", "paid"),
                Rule(pl.col("paid_on").is_null() & ~unpaid, "bad_date", "paid"),
            ]
        )
    )
    # Without its number, two lines of a mandate may be alike and both true.
    numbered = pl.col("mandate_id").is_not_null() | pl.col("mandate").is_not_null()
    return further(
        judged, [Rule(numbered & ~pl.col("cells").is_first_distinct(), "duplicate_line")]
    )
