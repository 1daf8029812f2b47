"""The digest: what is new in one's territory, in counts only, by e-mail or by webhook."""
