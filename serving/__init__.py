"""Floor 3, serving: publications, access, audit, API and pages."""
