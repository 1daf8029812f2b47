# %% [markdown]
# # Lire les raisons
# Chaque score est une addition : une valeur de base, puis une contribution par indicateur, en log-cotes. Les figures de
# la bibliothèque `shap` se dessinent sur ces contributions.

# %%
import os
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
import shap

from features.catalogue import INDICATORS
from veille import modelling
from veille.home import Home

place = Home(Path(os.environ.get("VEILLE_HOME", "essai")))
figures = place.folder / "figures"
figures.mkdir(exist_ok=True)
found, model = modelling.loaded(place, "champion", "failure")
data = modelling.dataset(place, found, model)
rows = data.rows.filter(data.rows["as_of"] == data.rows["as_of"].max()).head(400)

# %%
explained = model.explain(rows, 12)
names = [f.name for f in model.features]
contributions = explained.select(names).to_numpy()
base = explained["base_value"].to_numpy()
assert np.allclose(base + contributions.sum(axis=1), explained["score_logit"].to_numpy())

# %% [markdown]
# ## Ce qui pèse en moyenne

# %%
weight = np.abs(contributions).mean(axis=0)
for at in np.argsort(-weight)[:10]:
    print(f"{weight[at]:.3f}  {INDICATORS[names[at]].label}")

# %%
numbers = [i for i, f in enumerate(model.features) if f.kind == "numeric"]
values = rows.select([names[i] for i in numbers]).to_numpy().astype(float)
shown = shap.Explanation(
    values=contributions[:, numbers],
    base_values=base,
    data=values,
    feature_names=[INDICATORS[names[i]].label for i in numbers],
)
shap.plots.beeswarm(shown, max_display=12, show=False)
plt.title("Données synthétiques")
plt.savefig(figures / "raisons.png", bbox_inches="tight", dpi=100)
plt.close()

# %% [markdown]
# ## Une structure, pas à pas

# %%
top = int(explained["score_logit"].arg_max() or 0)
shap.plots.waterfall(shown[top], max_display=10, show=False)
plt.title("Données synthétiques")
plt.savefig(figures / "une_structure.png", bbox_inches="tight", dpi=100)
plt.close()
print("Figures :", *sorted(p.name for p in figures.glob("*.png")))
