"""The emergency plan brief: two pages on a sector or a territory, in HTML and PDF."""
