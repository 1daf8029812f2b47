"""Priorities: whom to help first, with which scheme, under the capacity there is."""
