"""Small reference tables: territories, sectors, perimeter of the ESS, staff bands.

All are text files beside this module, so that a person can read and correct them.
"""

from data.reference.perimeter import Perimeter, ess_family_of, load_perimeter
from data.reference.sectors import (
    Band,
    band_labels,
    bands,
    employees_of,
    employees_of_bands,
    sector_of,
    sectors,
)
from data.reference.territories import (
    Departement,
    departement_of_commune,
    departement_of_communes,
    departement_of_postcode,
    departement_of_postcodes,
    departements,
    region_of,
    region_of_departements,
    regions,
)

__all__ = [
    "Band",
    "Departement",
    "Perimeter",
    "band_labels",
    "bands",
    "departement_of_commune",
    "departement_of_communes",
    "departement_of_postcode",
    "departement_of_postcodes",
    "departements",
    "employees_of",
    "employees_of_bands",
    "ess_family_of",
    "load_perimeter",
    "region_of",
    "region_of_departements",
    "regions",
    "sector_of",
    "sectors",
]
