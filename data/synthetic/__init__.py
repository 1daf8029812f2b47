"""The synthetic France: `simulate()` a declared world, its facts, its oracle; `write()` both."""

from data.synthetic.funders import Shock
from data.synthetic.law import Law
from data.synthetic.world import Progress, SyntheticError, World, simulate

__all__ = ["Law", "Progress", "Shock", "SyntheticError", "World", "simulate"]
