"""Who may be believed: trusted issuers, their keys, their claims, and tokens of our own."""
