"""Published formats: one module each; `SOURCES` is what ``veille ingest`` knows."""

from __future__ import annotations

from data.sources import (
    alerts,
    balances,
    bdf_rating,
    bodacc,
    cancellations,
    chorus,
    decp,
    dgfip_delays,
    fonjep,
    grants,
    helios,
    jaune,
    joafe_accounts,
    ofgl,
    osiris,
    payments,
    reserve,
    scdl,
    sirene,
    state_credits,
    subventia,
    urssaf_ccsf,
    urssaf_cotisation,
    urssaf_debit,
    urssaf_delai,
    urssaf_effectif,
    urssaf_procol,
)
from data.sources.base import Parsed, ReadOptions, Source, SourceError

SOURCES: dict[str, Source] = {
    module.NAME: Source(
        module.NAME,
        module.TITLE,
        module.read,
        module.sniff,
        parts=getattr(module, "parts", None),
        batch=getattr(module, "batch", None),
    )
    for module in (
        scdl,
        grants,
        jaune,
        reserve,
        decp,
        sirene,
        bodacc,
        helios,
        dgfip_delays,
        balances,
        ofgl,
        state_credits,
        chorus,
        fonjep,
        osiris,
        subventia,
        cancellations,
        payments,
        alerts,
        urssaf_debit,
        urssaf_cotisation,
        urssaf_delai,
        urssaf_ccsf,
        urssaf_procol,
        urssaf_effectif,
        bdf_rating,
        joafe_accounts,
    )
}

__all__ = ["SOURCES", "Parsed", "ReadOptions", "Source", "SourceError"]
