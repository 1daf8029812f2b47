"""Spark engine: the same expressions on the cores of a cluster, or on those of this machine.

PySpark and Java are looked for when an engine is made, never before: the other engines do without.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

import narwhals as nw
import polars as pl

from data.errors import VeilleError
from features.engines.base import Engine, Frame

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.sql import DataFrame, SparkSession

#: characters that Spark reads as a pattern in a path
_PATTERN = re.compile(r"([\\{}\[\]*?])")
_MASTER = re.compile(r"(local|spark://|yarn|k8s://)")
#: a master of this machine: its workers find the driver on the loopback, which needs no name
_HERE = re.compile(r"local\b|spark://(127\.0\.0\.1|localhost)\b")


class SparkEngine(Engine):
    """One Spark session; one that is active already is used as it is, and left running.

    Parameters
    ----------
    master : str, optional
        Where it runs: `SPARK_MASTER` in the environment if None, else all cores of this machine.
        The workers of a cluster must see the home under the path that it has here.
    memory : str
        Memory of the driver, which is the whole engine where there is no cluster.
    partitions : int, optional
        Pieces of a shuffle. Two for each core of this machine if None; on a cluster, what
        `spark-defaults.conf` says. It changes speed, never results, as all that Spark reads there.
    """

    def __init__(
        self, master: str | None = None, *, memory: str = "3g", partitions: int | None = None
    ) -> None:
        if _java() is None:
            raise _missing("java est absent")
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise _missing("pyspark est absent") from error
        active = SparkSession.getActiveSession()
        self._started = active is None
        self._session = active or _started(
            master or os.environ.get("SPARK_MASTER") or "local[*]", memory, partitions
        )

    def scan(self, files: list[Path], empty: pl.DataFrame) -> Frame:
        """Return the rows of Parquet files, or `empty` where there are none.

        The columns are those of `empty`, found by name, null in a file that lacks them: no file is
        opened to know them.
        """
        if not files:
            return self.small(empty)
        paths = (_PATTERN.sub(r"\\\1", str(path.resolve())) for path in files)
        reader = self._session.read.schema(self._native(empty).schema)
        return _frame(reader.parquet(*(f"file:{path}" for path in paths)))

    def small(self, frame: pl.DataFrame) -> Frame:
        """Bring a small in-memory table into the engine."""
        return _frame(self._native(frame))

    def keep(self, frame: Frame, together: str | None = None) -> Frame:  # noqa: ARG002
        """Compute `frame` once and keep it for several uses.

        A local checkpoint cuts the plan, where a cache would have Spark plan again, at each use,
        all that led to it; its blocks go when nothing names the frame any more.
        """
        native: DataFrame = frame.to_native()
        return _frame(native.localCheckpoint(eager=True))

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Compute `frame` and return it in memory."""
        native: DataFrame = frame.to_native()
        return pl.DataFrame(native.toArrow())

    def close(self) -> None:
        """Stop the session, if this engine started it."""
        from py4j.protocol import Py4JError

        if self._started:
            with contextlib.suppress(Py4JError):  # interrupted: Java stops with this process
                self._session.stop()

    def _native(self, frame: pl.DataFrame) -> DataFrame:
        # Plain strings: Spark does not know the views of Polars.
        return self._session.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _frame(native: DataFrame) -> Frame:
    frame: Frame = nw.from_native(native)
    return frame


def _java() -> str | None:
    """Return the Java that Spark would run."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


def _settings(master: str, memory: str, partitions: int | None) -> dict[str, str]:
    settings = {
        "spark.app.name": "veille-ess",
        "spark.master": master,
        "spark.driver.memory": memory,
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.ansi.enabled": "true",  # a sum that overflows is an error, never another number
        "spark.sql.session.timeZone": "UTC",
    }
    if _HERE.match(master):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if partitions is None and master.startswith("local"):
        partitions = 2 * (os.cpu_count() or 1)
    if partitions is not None:
        settings["spark.sql.shuffle.partitions"] = str(partitions)
    return settings


def _started(master: str, memory: str, partitions: int | None) -> SparkSession:
    """Start a session, in the Java machine of this process or in a new one."""
    from py4j.protocol import Py4JError
    from pyspark import SparkConf
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    if not _MASTER.match(master):
        raise _unreachable(master, "une adresse d'une autre forme")
    # PySpark warns, when it is loaded, of a recent pandas, which nothing here has it use; Python,
    # of the threads of this process when Java is started, and of its pipe when it is not.
    with warnings.catch_warnings(), tempfile.TemporaryFile() as said:
        warnings.simplefilter("ignore")
        try:
            conf = SparkConf().setAll(list(_settings(master, memory, partitions).items()))
            _connect(conf, said)
            return SparkSession.builder.getOrCreate()
        except (PySparkException, Py4JError) as error:
            why = str(error)
        said.seek(0)
        log = said.read().decode(errors="replace")
    if "JAVA_GATEWAY_EXITED" in why:
        raise _missing(f"java ne démarre pas : {_cause(log)}")
    raise _unreachable(master, _cause(why))


def _connect(conf: SparkConf, said: IO[bytes]) -> None:
    """Start Spark. What Java says goes to `said`: faults come back as exceptions anyway."""
    from pyspark import SparkContext
    from pyspark.java_gateway import launch_gateway

    running = getattr(SparkContext, "_gateway", None)
    SparkContext(conf=conf, gateway=running or launch_gateway(conf, {"stderr": said}))


def _cause(log: str) -> str:
    """Return the line of what Java says that tells what happened, rather than where."""
    lines = [line.strip(": \t") for line in log.splitlines()] or [""]
    return next((line for line in lines if re.search(r"(Error|Exception)\b.*:", line)), lines[-1])


def _unreachable(master: str, received: str) -> VeilleError:
    return VeilleError(
        "Spark ne démarre pas.",
        code="spark-unreachable",
        where=f"SPARK_MASTER = {master}",
        received=received,
        expected="local[*], ou l'adresse d'un cluster : spark://hôte:7077",
        todo="vérifier l'adresse, et que le maître du cluster répond",
    )


def _missing(what: str) -> VeilleError:
    return VeilleError(
        "Le moteur Spark n'est pas installé.",
        code="spark-missing",
        where="--engine spark",
        received=what,
        expected="pyspark 4, et Java 17 ou plus récent",
        todo='pip install "veille-ess[spark]" ; apt install default-jre-headless',
    )
