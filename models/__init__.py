"""Floor 2, what a risk model is: fit, predict, calibrate, explain, save, register."""
