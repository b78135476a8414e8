"""Head finder: what every head does on this text, which are alike, and what they do on random tokens."""
