"""The barometer: figures by territory, sector, family, funder, programme, never nominative."""
