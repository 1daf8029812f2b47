# %% [markdown]
# # Entraîner et comparer
# Un modèle se mesure sur des dates postérieures à tout ce qu'il a appris, à côté de scores plus simples.

# %%
import os
from pathlib import Path

from veille import modelling
from veille.home import Home

place = Home(Path(os.environ.get("VEILLE_HOME", "essai")))
made = modelling.train(place, "failure", note="carnet « entraîner et comparer »")
print(made["model"])

# %%
result = modelling.evaluate(place, str(made["model"]), folds=1)
assert result["synthetic"], "ce carnet est écrit pour la France fictive"
for fold in result["folds"]:
    print(
        f"\n{fold['horizon_months']} mois, test du {fold['test_as_of']} : {fold['positives']} cas"
    )
    for name, metrics in {"modèle": fold["metrics"], **fold["baselines"]}.items():
        auc = metrics["roc_auc"]
        if auc["low"] is not None:
            print(f"  {name:20} AUC {auc['value']:.3f} [{auc['low']:.3f} ; {auc['high']:.3f}]")

# %% [markdown]
# ## Les écarts, sur les mêmes lignes
# Un intervalle qui contient 0 ne départage pas : le modèle ne vaut alors pas mieux que plus simple.

# %%
for fold in result["folds"]:
    for name, difference in fold["differences"].items():
        gap = difference["roc_auc"]
        if gap["low"] is not None:
            settled = gap["low"] > 0 or gap["high"] < 0
            print(
                f"{fold['horizon_months']:2} mois, contre {name:20} {gap['value']:+.3f} "
                f"[{gap['low']:+.3f} ; {gap['high']:+.3f}] {'établi' if settled else 'non établi'}"
            )
