"""An export as Parquet: typed columns, the mark in the file's metadata."""

from __future__ import annotations

from collections.abc import Generator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from serving.exports.export import COLUMNS, Export

_TYPES = {pl.Int32: pa.int32(), pl.Float64: pa.float64(), pl.String: pa.string()}
#: never unknown, whoever reads
_ALWAYS = {"rank", "level", "horizon_months"}


def parquet_chunks(export: Export) -> Generator[bytes]:
    """Yield the file: one row group for each chunk of the list, then the footer."""
    sink = _Sink()
    schema = parquet_schema(export)
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for frame in export.frames():
            arrays = [frame[f.name].to_arrow().cast(f.type) for f in schema]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


def parquet_schema(export: Export) -> pa.Schema:
    """Return the columns, what may be missing, and the mark, keys under `veille.`."""
    present = _ALWAYS | {export.identifier}
    fields = [
        pa.field(name, _TYPES[type(kind)], nullable=name not in present)
        for name, kind in COLUMNS.items()
    ]
    return pa.schema(fields, {f"veille.{k}": v for k, v in export.mark.pairs().items()})


class _Sink:
    """A file that is read as it is written: Parquet needs no going back."""

    def __init__(self) -> None:
        self.closed = False
        self._parts: list[bytes] = []
        self._place = 0

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        self._place += len(content)
        return len(content)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
