"""Floor 3, training: cohorts, labels, temporal splits, evaluation, baselines."""
