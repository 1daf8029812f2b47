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
from veille.client.asked import Filters, Told
from veille.client.calls import Client
from veille.client.cell import Barometer, Priorities
from veille.client.errors import ApiError, ClientError, ListReplacedError
from veille.client.files import Exported
from veille.client.following_answers import (
    AlertAnswer,
    AlertFileAnswer,
    AlertList,
    CaseAnswer,
    CaseList,
    CaseRow,
)
from veille.client.live import Scored, Scores
from veille.client.orientation import (
    SchemeList,
    SimilarStructures,
    StructureHistory,
    StructureOrientation,
)
from veille.client.scenarios import ScenarioComparison, ScenarioResult

__all__ = [
    "AlertAnswer",
    "AlertFileAnswer",
    "AlertList",
    "ApiError",
    "Barometer",
    "CaseAnswer",
    "CaseList",
    "CaseRow",
    "Client",
    "ClientError",
    "Exported",
    "Filters",
    "Health",
    "IndicatorList",
    "ListReplacedError",
    "ModelInfo",
    "Priorities",
    "PublicationList",
    "ScenarioComparison",
    "ScenarioResult",
    "SchemeList",
    "Scored",
    "Scores",
    "SimilarStructures",
    "StructureDetail",
    "StructureHistory",
    "StructureList",
    "StructureOrientation",
    "StructureRow",
    "Told",
]
