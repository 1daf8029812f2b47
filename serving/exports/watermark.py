"""What an export says about itself: who took it, when, from what, and how it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from serving.access.principal import Principal
from serving.publication import Publication

_NOMINATIVE = (
    "Confidentiel : liste nominative, pour prévenir et accompagner, à ne transmettre qu'aux "
    "membres de la cellule qui en ont besoin. "
)
_PSEUDONYMISED = (
    "Confidentiel : liste pseudonymisée, pour l'analyse, à ne pas transmettre. Pseudonymisé n'est "
    "pas anonyme. "
)
_USE = (
    "Un score est une estimation : il ne fonde à lui seul ni refus, ni retrait de financement, "
    "ni contrôle."
)
_FICTITIOUS = "DONNÉES FICTIVES. "


@dataclass(frozen=True)
class Watermark:
    """The mark of one export.

    `exported_by` is the account's name and login, or the key's name and prefix; `exported_at` is
    in UTC, to the second; `filters` is what was asked, as text.
    """

    exported_by: str
    exported_at: datetime
    publication: str
    target: str
    as_of: date
    horizon_months: int
    territory: str
    filters: str
    rows: int
    notice: str
    synthetic: bool

    @property
    def at(self) -> str:
        """The moment, `2026-07-01T08:30:00Z`."""
        return self.exported_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def columns(self) -> dict[str, str]:
        """Return what each line of a CSV repeats."""
        return {
            "exported_by": self.exported_by,
            "exported_at": self.at,
            "publication": self.publication,
            "filters": self.filters,
            "notice": self.notice,
        }

    def pairs(self) -> dict[str, str]:
        """Return the whole mark as texts, by key: the metadata of a Parquet file."""
        return self.columns() | {
            "target": self.target,
            "as_of": self.as_of.isoformat(),
            "horizon_months": str(self.horizon_months),
            "territory": self.territory,
            "rows": str(self.rows),
            "synthetic": str(self.synthetic).lower(),
        }


def mark(
    publication: Publication,
    principal: Principal,
    *,
    asked: Mapping[str, Any],
    horizon: int,
    rows: int,
) -> Watermark:
    """Return the mark of an export made now; `asked` gives the parameters, lists as lists."""
    manifest = publication.manifest
    notice = _NOMINATIVE if principal.nominative else _PSEUDONYMISED
    return Watermark(
        exported_by=f"{principal.name} ({principal.login})",
        exported_at=datetime.now(UTC).replace(microsecond=0),
        publication=publication.id,
        target=publication.target,
        as_of=manifest.as_of,
        horizon_months=horizon,
        territory=str(principal.territory),
        filters=_as_text({"target": publication.target, "horizon": horizon, **asked}),
        rows=rows,
        notice=(_FICTITIOUS if manifest.synthetic else "") + notice + _USE,
        synthetic=manifest.synthetic,
    )


def _as_text(asked: Mapping[str, Any]) -> str:
    parts = []
    for name, value in asked.items():
        values = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        # Once each: what is given a thousand times must not fill the mark.
        parts.append(f"{name}={'|'.join(dict.fromkeys(map(str, values)))}")
    return " ; ".join(parts)
