"""Ratios between the jobs of this project and the same answers written by hand."""
