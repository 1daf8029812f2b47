"""Query parameters: closed lists, so that a tool is never surprised by a word it misspelt."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from data.contracts import ESS_FAMILIES
from data.reference.schemes import load_schemes
from data.reference.sectors import sectors
from data.reference.territories import departements, region_of, regions
from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.web_session import CurrentUser
from serving.api.texts import PageCursor
from serving.cell.marks import narrowed
from serving.publication import Publication
from serving.ranking import MAX_LIMIT, Filters, RankingError, Sort
from serving.state import State

Level = Literal["high", "moderate", "low", "unknown"]
CaseStatus = Literal["to_qualify", "contacted", "oriented", "in_support", "closed"]
Horizon = Annotated[int | None, Field(description="Mois ; l'horizon principal par défaut.", ge=1)]
Target = Annotated[str | None, Field(description="failure (par défaut), funding_loss…")]


# The description says the shipped ones: a server also takes those of its own schemes.toml.
SchemeId = Annotated[str, Field(json_schema_extra={"enum": list(load_schemes().schemes)})]


class NoParameters(BaseModel):
    """No query parameter at all."""

    model_config = ConfigDict(extra="forbid")


class TargetParameters(BaseModel):
    """The target alone."""

    model_config = ConfigDict(extra="forbid")
    target: Target = None


class OpeningParameters(TargetParameters):
    """One structure, opened."""

    reason: Annotated[
        str | None,
        Field(
            description="Motif d'ouverture d'une structure hors de votre territoire ; journalisé.",
            min_length=15,
            max_length=500,
        ),
    ] = None


class StructureParameters(OpeningParameters):
    """One structure, at a horizon."""

    horizon: Horizon = None


class WholeListParameters(TargetParameters):
    """A whole list. Repeat a parameter (`region=32&region=28`) for alternatives."""

    horizon: Horizon = None
    level: Annotated[list[Level], Field(description="Niveau de risque.")] = []
    region: Annotated[list[str], Field(description="Code INSEE de région.")] = []
    departement: Annotated[list[str], Field(description="Code de département.")] = []
    sector: Annotated[list[str], Field(description="Secteur.")] = []
    ess_family: Annotated[list[str], Field(description="Famille de l'ESS.")] = []
    min_employees: Annotated[
        int | None, Field(description="Effectif minimal ; écarte les effectifs inconnus.", ge=0)
    ] = None
    q: Annotated[
        str, Field(description="Partie du nom, accents et casse indifférents, ou SIREN.")
    ] = Field(default="", max_length=120)
    first_alert: Annotated[
        bool, Field(description="Structures signalées, sans dossier encore.")
    ] = False
    case_status: Annotated[list[CaseStatus], Field(description="État d'un dossier.")] = []
    scheme: Annotated[list[SchemeId], Field(description="Dispositif mobilisé par un dossier.")] = []
    sort: Annotated[Sort, Field(description="Clé de tri ; « - » pour décroissant.")] = Sort.P_DESC

    def filters(self, publication: Publication, principal: Principal) -> Filters:
        """Return the filters, checked against the reference tables and the reader's rights.

        Raises
        ------
        RankingError
            `bad-value`: a code that does not exist.
        AccessError
            `outside-territory`; `filter-forbidden`: an analyst may not search or sort by name.
        """
        _check_values("region", self.region, regions())
        _check_values("departement", self.departement, departements())
        _check_values("sector", self.sector, {*sectors(), *publication.values("sector")})
        _check_values("ess_family", self.ess_family, ESS_FAMILIES)
        _check_reach(principal, self.region, self.departement)
        if not principal.nominative and (self.q or self.sort in {Sort.NAME, Sort.NAME_DESC}):
            raise AccessError(
                "Une liste pseudonymisée ne se cherche ni ne se trie par le nom.",
                code="filter-forbidden",
                where="q" if self.q else "sort",
                todo="Retirez ce paramètre.",
            )
        return Filters(
            horizon_months=self.horizon,
            levels=tuple(self.level),
            regions=tuple(self.region),
            departements=tuple(self.departement),
            sectors=tuple(self.sector),
            ess_families=tuple(self.ess_family),
            min_employees=self.min_employees,
            q=self.q.strip(),
        )

    def narrowed(
        self, filters: Filters, state: State, principal: Principal, catalogue: Collection[str]
    ) -> Filters:
        """Return the filters, with what alerts and cases keep; errors of `marks.narrowed`."""
        return narrowed(
            filters,
            state,
            principal,
            first_alert=self.first_alert,
            case_status=self.case_status,
            scheme=self.scheme,
            catalogue=catalogue,
        )


class ListParameters(WholeListParameters):
    """One page of the ranked list."""

    limit: Annotated[int, Field(description="Lignes par page.", ge=1, le=MAX_LIMIT)] = 50
    cursor: PageCursor | None = None


class CsvParameters(WholeListParameters):
    """A whole list as CSV."""

    dialect: Annotated[
        Literal["excel", "standard"],
        Field(description="excel : « ; », virgule, BOM ; standard : « , », point, sans BOM."),
    ] = "excel"


_SEVERAL = {
    "level",
    "region",
    "departement",
    "sector",
    "ess_family",
    "status",
    "case_status",
    "scheme",
}


def refuse_repeats(request: Request, _signed_in: CurrentUser) -> None:
    """Refuse a parameter given twice where only one value is read: `repeated-parameter`.

    It comes after the sign-in: nobody learns anything of the API before.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in _SEVERAL and names.count(name) > 1:
            raise RankingError(
                "Ce paramètre est donné plusieurs fois.",
                code="repeated-parameter",
                where=name,
                received=", ".join(request.query_params.getlist(name)),
                expected="une seule valeur",
            )


SingleValues = Depends(refuse_repeats)


def _check_values(name: str, given: list[str], known: Collection[str]) -> None:
    for value in given:
        if value not in known:
            raise RankingError(
                "Cette valeur n'existe pas.",
                code="bad-value",
                where=name,
                received=value,
                expected=" | ".join(sorted(known)),
            )


def _check_reach(principal: Principal, asked: list[str], asked_departements: list[str]) -> None:
    # An empty answer would read as "no structure at risk there".
    territory = principal.territory
    if territory.national:
        return
    reachable = territory.regions | {region_of(d) for d in territory.departements}
    outside = [code for code in asked if code not in reachable]
    outside += [d for d in asked_departements if not territory.contains(region_of(d), d)]
    if outside:
        raise AccessError(
            "Ce territoire n'est pas le vôtre.",
            code="outside-territory",
            where="region" if outside[0] in asked else "departement",
            received=outside[0],
            expected=str(territory),
            todo="Retirez ce filtre : la liste est déjà limitée à votre territoire.",
        )
