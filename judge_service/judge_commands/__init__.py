"""`judge-service judges …`: what is bound."""
