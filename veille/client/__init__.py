"""Read Veille ESS from Python: typed answers, pages followed, refusals that say what to do.

>>> from veille.client import Client
>>> with Client("https://veille.exemple.invalid", key) as veille:      # doctest: +SKIP
...     for structure in veille.structures(region="32", level=["high", "moderate"]):
...         print(structure.rank, structure.siren, structure.p)

It needs httpx and pydantic, and loads nothing of the server.
"""

from veille.client.answers import (
    Health,
    IndicatorList,
    ModelInfo,
    PublicationList,
    StructureDetail,
    StructureList,
    StructureRow,
)
from veille.client.calls import Client, Exported, Filters, Told
from veille.client.errors import ApiError, ClientError, ListReplacedError
from veille.client.live import Scored, Scores
from veille.client.scenarios import ScenarioResult

__all__ = [
    "ApiError",
    "Client",
    "ClientError",
    "Exported",
    "Filters",
    "Health",
    "IndicatorList",
    "ListReplacedError",
    "ModelInfo",
    "PublicationList",
    "ScenarioResult",
    "Scored",
    "Scores",
    "StructureDetail",
    "StructureList",
    "StructureRow",
    "Told",
]
