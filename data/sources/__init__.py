"""Published formats: one module each; `SOURCES` is what ``veille ingest`` knows."""

from __future__ import annotations

from data.sources import (
    balances,
    bodacc,
    cancellations,
    decp,
    dgfip_delays,
    grants,
    helios,
    jaune,
    ofgl,
    reserve,
    scdl,
    sirene,
    state_credits,
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
        cancellations,
    )
}

__all__ = ["SOURCES", "Parsed", "ReadOptions", "Source", "SourceError"]
