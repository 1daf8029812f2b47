# %% [markdown]
# # Construire un panel
# Un panel a une ligne par structure et par date d'observation ; chaque indicateur n'y utilise que les faits
# connus ce jour-là.

# %%
import os
from datetime import date
from pathlib import Path

import polars as pl

from features.catalogue import INDICATORS
from veille import line

home = Path(os.environ.get("VEILLE_HOME", "essai"))
made = line.features(home, date(2024, 12, 31), since=date(2022, 12, 31), every="year")
panel = pl.read_parquet(made.panel)
print(made.rows, "lignes,", made.indicators, "indicateurs,", made.as_of)

# %% [markdown]
# ## Ce que l'on ne sait pas
# La part des structures pour lesquelles chaque indicateur est connu, date par date. Une part qui saute d'une date à
# l'autre est une source qui commence, ou qui s'arrête.

# %%
numbers = [name for name, one in INDICATORS.items() if one.kind == "numeric"]
known = (
    panel.group_by("as_of")
    .agg(pl.col(numbers).is_not_null().mean())
    .sort("as_of")
    .with_columns(pl.col("as_of").cast(pl.String))
    .transpose(include_header=True, header_name="indicateur", column_names="as_of")
)
print(known.head(20))

# %% [markdown]
# ## Le passé ne change pas
# Une date calculée seule rend les mêmes nombres que dans un panel de plusieurs dates.

# %%
alone = pl.read_parquet(line.features(home, date(2023, 12, 31)).panel)
again = panel.filter(pl.col("as_of") == date(2023, 12, 31))
assert alone.equals(again)
