"""Floor 1, indicators: the catalogue and the jobs that compute them as of a day."""
