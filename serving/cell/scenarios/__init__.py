"""What-if budget cuts: a scenario document, its projection through the published model."""

from __future__ import annotations
