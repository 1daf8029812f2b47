"""Floor 4, the face: command line, settings, the line that composes the rest."""
