# %% [markdown]
# # Préparer une promotion
# Avant de donner le rôle de champion à un autre modèle : qu'est-ce qui changerait dans la liste que lit la cellule ?

# %%
import os
from pathlib import Path

import polars as pl

from models.spec import FitParams
from veille import modelling
from veille.home import Home

place = Home(Path(os.environ.get("VEILLE_HOME", "essai")))
found, champion = modelling.loaded(place, "champion", "failure")
made = modelling.train(
    place, "failure", note="carnet « préparer une promotion »", params=FitParams(members=4)
)
_, other = modelling.loaded(place, str(made["model"]))
print("champion :", found.run_name, "; candidat :", made["model"])

# %%
data = modelling.dataset(place, found, champion)
rows = data.rows.filter(pl.col("as_of") == data.rows["as_of"].max())
both = rows.select("structure_id").with_columns(
    champion.predict(rows)["p_12m"].alias("champion"),
    other.predict(rows)["p_12m"].alias("candidat"),
)
rank = both.select(pl.corr("champion", "candidat", method="spearman")).item()
print(f"{both.height} structures, corrélation des rangs {rank:.3f}")
assert rank > 0

# %% [markdown]
# ## Qui entre, qui sort
# La part des premières places que les deux listes ont en commun.

# %%
for count in (20, 50, 100):
    tops = [set(both.top_k(count, by=name)["structure_id"]) for name in ("champion", "candidat")]
    print(f"{count:4} premiers : {len(tops[0] & tops[1]) / count:.0%} en commun")

# %% [markdown]
# ## Décider
# Si l'évaluation du candidat est meilleure et que les entrées et sorties s'expliquent :
#
# ```
# veille promote NOM --as champion
# veille score --target failure
# ```
