"""Who may see what: accounts, sessions, API keys, territories, audit."""
