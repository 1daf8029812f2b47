# %% [markdown]
# # Auditer les sous-groupes
# Un modèle juste en moyenne peut se tromper pour une région ou une famille. On le réapprend avant une date de test, puis on
# compare, groupe par groupe, les cas arrivés aux cas attendus.

# %%
import os
from pathlib import Path

import polars as pl

from training.evaluate import splits
from training.fit import Recipe, fit
from training.outcomes import observed_over_expected
from veille import modelling
from veille.home import Home

place = Home(Path(os.environ.get("VEILLE_HOME", "essai")))
found, model = modelling.loaded(place, "champion", "failure")
data = modelling.dataset(place, found, model)
(split,) = splits(data, 1)
learnt = fit(
    data.rows, split.train, Recipe(data.target, model.features, model.params), fold=split.fold
)

# %%
wanted = split.test.filter(pl.col("horizon_months") == 12).select("structure_id", "as_of", "event")
test = data.rows.join(wanted, on=["structure_id", "as_of"], maintain_order="left")
test = test.with_columns(learnt.model.predict(test)["p_12m"].alias("p"))
print(f"{test.height} structures, {test['event'].sum()} cas, {test['p'].sum():.1f} attendus")

# %% [markdown]
# ## Cas arrivés pour cas attendus
# L'intervalle est exact (Poisson). Un groupe dont l'intervalle contient 1 n'est ni favorisé, ni défavorisé à coup sûr ; avec
# beaucoup de groupes, un sur vingt en sort par hasard.

# %%
for column in ("region", "sector", "ess_family"):
    print(f"\n{column}")
    for (group,), part in test.sort(column).group_by(column, maintain_order=True):
        cases, expected = int(part["event"].sum()), float(part["p"].sum())
        ratio = observed_over_expected(cases, expected)
        print(
            f"  {group or 'inconnu':24} {part.height:5} structures, {cases:3} cas, "
            f"{ratio.value:.2f} [{ratio.low:.2f} ; {ratio.high:.2f}]"
        )
