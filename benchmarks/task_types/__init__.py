"""Real sets of every task type as documents of an organisation, through the whole pipeline."""
