"""Runs and registered models: MLflow on a local SQLite file, or on any MLflow server."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.entry import PREFIX, RegisteredModel, not_found
from models.packaging import fetched, pack, quiet
from models.promotions import Promotion, give, history, take_back
from models.run_tags import RunType, environment
from models.spec import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow.entities import Run

    from models.risk_model import RiskModel


class Registry:
    """Runs, versions and aliases of the risk models.

    Parameters
    ----------
    home : Path
        State folder; the default store is home/mlflow/mlflow.db with home/mlflow/artifacts.
    uri : str, optional
        Another tracking and registry URI (an MLflow server, a database).
    artifacts : str, optional
        Another place for the artifacts of new experiments; a server chooses its own.
    """

    def __init__(self, home: Path, uri: str | None = None, artifacts: str | None = None) -> None:
        self.home = home.resolve()
        folder = self.home / "mlflow"
        if uri is None:
            folder.mkdir(parents=True, exist_ok=True)
            artifacts = artifacts or (folder / "artifacts").as_uri()
        self.uri = uri or f"sqlite:///{folder / 'mlflow.db'}"
        self.artifacts = artifacts
        with quiet():
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def log_run(
        self,
        model: RiskModel,
        *,
        name: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        files: Mapping[str, Path] | None = None,
        run_type: RunType = RunType.TRAIN,
    ) -> str:
        """Record a run and its model; return the run id.

        Parameters
        ----------
        model : RiskModel
            Logged as a pyfunc, with its signature and an example made of invented values.
        name : str
            Readable and unique, e.g. "failure-2026-03-quarterly".
        params, metrics, tags : mapping
            Tags include the hashes of the inputs ("input_hash", "catalogue_hash"…); those of
            `models.run_tags` are added.
        files : mapping of name to Path, optional
            Files kept with the run (evaluation.json, card.html…).

        Raises
        ------
        ModelError
            `run-name-taken`.
        """
        with quiet():
            experiment = self._experiment(PREFIX + model.target)
            if self._runs_named(name):
                raise ModelError(
                    "Ce nom de modèle est déjà pris.",
                    code="run-name-taken",
                    received=name,
                    todo="Choisissez un autre nom avec --name.",
                )
            said = {"run_type": run_type.value, **environment(), **tags}
            run = self._client.create_run(experiment, run_name=name, tags=said)
            run_id = str(run.info.run_id)
            try:
                for key, value in params.items():
                    self._client.log_param(run_id, key, value)
                for key, number in metrics.items():
                    self._client.log_metric(run_id, key, float(number))
                for path in (files or {}).values():
                    self._client.log_artifact(run_id, str(path))
                self._client.set_tag(run_id, "veille.model_id", self._log_model(model, run_id))
            except BaseException:
                self._client.set_terminated(run_id, status="FAILED")
                raise
            self._client.set_terminated(run_id)
            return run_id

    def register(self, run_id: str) -> RegisteredModel:
        """Make the run's model a new version of veille-<target>; return that version.

        Raises
        ------
        ModelError
            `no-model` when the run is unknown or logged no model.
        """
        with quiet():
            run = self._run(run_id)
            name = self._client.get_experiment(run.info.experiment_id).name
            model_id = run.data.tags.get("veille.model_id", "")
            if not model_id:
                raise not_found(run_id)
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name)
            location = self._client.get_logged_model(model_id).artifact_location
            version = self._client.create_model_version(
                name, location, run_id=run_id, model_id=model_id
            )
            return self._version(name, str(version.version))

    def promote(self, name: str, version: str, alias: str = "champion", note: str = "") -> None:
        """Give `alias` to a version; the version that had it loses it. The history keeps it.

        Raises
        ------
        ModelError
            `unknown-alias` or `no-model`.
        """
        with quiet():
            self._version(name, version)
            give(self._client, name, str(version), alias, note)

    def rollback(self, name: str, note: str = "") -> RegisteredModel:
        """Undo the last promotion of a champion; return the version that is champion again.

        Raises
        ------
        ModelError
            `no-previous-champion`.
        """
        with quiet():
            return self._version(name, take_back(self._client, name, note))

    def promotions(self, name: str) -> list[Promotion]:
        """Return who had which role of a registered model, the oldest line first."""
        with quiet():
            return history(self._client, name)

    def list_models(self, target: str | None = None) -> list[RegisteredModel]:
        """Return every registered version, the newest first."""
        with quiet():
            names = [m.name for m in self._client.search_registered_models(max_results=1000)]
            wanted = [n for n in names if target is None or n == PREFIX + target]
            found = [
                self._version(n, str(v.version))
                for n in wanted
                for v in self._client.search_model_versions(f"name = '{n}'", max_results=10_000)
            ]
        return sorted(found, key=lambda m: (m.created_at, int(m.version)), reverse=True)

    def find(self, reference: str, target: str | None = None) -> RegisteredModel:
        """Return the version meant by an alias, a run name, a run id, a version number or name/n.

        Parameters
        ----------
        reference : str
            "champion", "challenger", "failure-2026-03", "3" or "veille-failure/3".
        target : str, optional
            Needed by an alias or a bare number when several targets are registered.

        Raises
        ------
        ModelError
            `no-model` when nothing matches, `ambiguous-model` when several do.
        """
        name, _, number = reference.rpartition("/")
        found = [
            m
            for m in self.list_models(target)
            if reference in (*m.aliases, m.run_name, m.run_id)
            or (m.version == number and name in ("", m.name, m.target))
        ]
        if not found:
            raise not_found(reference)
        if len({m.name for m in found}) > 1:
            raise ModelError(
                "Plusieurs modèles répondent à ce nom.",
                code="ambiguous-model",
                received=reference,
                expected=", ".join(f"{m.name}/{m.version}" for m in found),
                todo="Précisez la cible avec --target.",
            )
        return found[0]

    def resolve(self, reference: str, target: str | None = None) -> Path:
        """Return the folder that `RiskModel.load` reads; see `find` for the references.

        A model kept on a remote store is fetched once into home/mlflow/cache.
        """
        model = self.find(reference, target)
        with quiet():
            model_id = str(self._run(model.run_id).data.tags["veille.model_id"])
            location = str(self._client.get_logged_model(model_id).artifact_location)
            return fetched(location, self.home / "mlflow" / "cache" / model_id, self.uri)

    def add_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Add figures to a run, for instance those of a later evaluation.

        Raises
        ------
        ModelError
            `no-model` when the run is unknown.
        """
        with quiet():
            self._run(run_id)
            for key, number in metrics.items():
                self._client.log_metric(run_id, key, float(number))

    def add_file(self, run_id: str, path: Path) -> None:
        """Keep a file with a run; raises as `add_metrics`."""
        with quiet():
            self._run(run_id)
            self._client.log_artifact(run_id, str(path))

    def add_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a run, for instance why a check was overruled; raises as `add_metrics`."""
        with quiet():
            self._run(run_id)
            for key, value in tags.items():
                self._client.set_tag(run_id, key, value)

    def _log_model(self, model: RiskModel, run_id: str) -> str:
        from mlflow.entities import LoggedModelOutput

        # The client's calls rather than mlflow.pyfunc.log_model, which goes through process-wide
        # tracking and registry URIs: a server scoring in another thread must not see them move.
        experiment = self._client.get_run(run_id).info.experiment_id
        logged = self._client.create_logged_model(experiment, "model", source_run_id=run_id)
        with tempfile.TemporaryDirectory() as scratch:
            self._client.log_model_artifacts(logged.model_id, str(pack(model, Path(scratch))))
        self._client.finalize_logged_model(logged.model_id, "READY")
        self._client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
        return str(logged.model_id)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=self.artifacts))

    def _run(self, run_id: str) -> Run:
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_run(run_id)
        except MlflowException as error:
            raise not_found(run_id) from error

    def _runs_named(self, name: str) -> list[Run]:
        everywhere = [e.experiment_id for e in self._client.search_experiments()]
        quoted = name.replace("'", "")
        return list(
            self._client.search_runs(everywhere, f"attributes.run_name = '{quoted}'", max_results=1)
        )

    def _version(self, name: str, version: str) -> RegisteredModel:
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_model_version(name, str(version))
        except MlflowException as error:
            raise not_found(f"{name}/{version}") from error
        run = self._run(found.run_id)
        return RegisteredModel(
            name=name,
            version=str(found.version),
            run_id=str(found.run_id),
            run_name=str(run.info.run_name),
            created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, tz=UTC),
            aliases=tuple(sorted(found.aliases)),
            metrics=dict(run.data.metrics),
            params=dict(run.data.params),
            tags={k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.")},
        )
