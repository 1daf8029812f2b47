"""The workshop's own tools: set-up, system packages, documentation. Not part of the product."""
