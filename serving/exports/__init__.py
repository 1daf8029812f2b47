"""Exports of a filtered list: the same rows in CSV, XLSX and Parquet, marked, chunk by chunk."""
