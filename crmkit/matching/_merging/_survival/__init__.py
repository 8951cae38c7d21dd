"""Which value survives: rules, rule sets, what belongs together, what can be right at all."""
