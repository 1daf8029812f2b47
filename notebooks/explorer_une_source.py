# %% [markdown]
# # Explorer une source
# Que disent les faits du lac, de combien de structures, sur quelles années, et depuis quand les sait-on ?

# %%
import os
from pathlib import Path

import polars as pl

from data.lake import Lake

home = Path(os.environ.get("VEILLE_HOME", "essai"))
lake = Lake(home)
print("Sources :", ", ".join(sorted(lake.sources())))

# %% [markdown]
# ## Les subventions, exercice par exercice
# Un montant est en centimes entiers (`amount_cents`) : une somme est exacte dans n'importe quel ordre.

# %%
grants = lake.scan("grants")
years = (
    grants.group_by("fiscal_year")
    .agg(
        pl.len().alias("lignes"),
        pl.col("siren").n_unique().alias("structures"),
        pl.col("funder_id").n_unique().alias("financeurs"),
        (pl.col("amount_cents").sum() / 100).alias("euros"),
    )
    .sort("fiscal_year")
    .collect()
)
print(years)

# %% [markdown]
# ## Quand l'a-t-on su ?
# Le retard entre la décision et le jour où la ligne était connue : ce qu'un modèle ne peut pas voir à temps.

# %%
delay = (
    grants.filter(pl.col("decided_on").is_not_null())
    .select((pl.col("known_on") - pl.col("decided_on")).dt.total_days().alias("jours"))
    .collect()["jours"]
)
print(delay.describe())
assert (delay.drop_nulls() >= 0).all(), "une ligne connue avant d'être décidée"

# %% [markdown]
# ## Les événements que l'on cherche à prévoir

# %%
print(lake.scan("events").group_by("kind").agg(pl.len()).sort("len", descending=True).collect())
