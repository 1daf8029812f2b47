"""The synthetic France: a declared, seeded, causal world; its facts, and its oracle.

>>> from data.synthetic import simulate
>>> world = simulate(200, seed=3)
>>> sorted(world.tables())[:3]
['accounts', 'alerts', 'budgets']
"""

from data.synthetic.funders import Shock
from data.synthetic.law import Law
from data.synthetic.publish import ORACLE, OracleError, describe, write
from data.synthetic.world import Progress, SyntheticError, World, simulate

__all__ = [
    "ORACLE",
    "Law",
    "OracleError",
    "Progress",
    "Shock",
    "SyntheticError",
    "World",
    "describe",
    "simulate",
    "write",
]
