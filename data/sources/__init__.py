"""Published formats: one module each; `SOURCES` is what ``veille ingest`` knows."""

from __future__ import annotations

from data.sources import (
    balances,
    bodacc,
    cancellations,
    chorus,
    decp,
    dgfip_delays,
    fonjep,
    grants,
    helios,
    jaune,
    ofgl,
    osiris,
    reserve,
    scdl,
    sirene,
    state_credits,
    subventia,
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
    )
}

__all__ = ["SOURCES", "Parsed", "ReadOptions", "Source", "SourceError"]
