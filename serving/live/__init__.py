"""Live scoring: the model of the publication on facts or indicators that a caller gives."""

from __future__ import annotations
