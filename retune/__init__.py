"""Tunes models on an organisation's documents and keeps them in tune."""
