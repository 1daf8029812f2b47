"""The acts of the cell, without HTTP."""
