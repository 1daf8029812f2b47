"""Sign-in by an OpenID Connect provider (ProConnect): the acts, without pages."""
