"""The acts of the cell, without HTTP: orientation, alerts, cases, scenarios, priorities, barometer."""
