"""The settings of each step: frozen, closed, one file per section of params.yaml."""
