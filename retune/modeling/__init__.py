"""The only room that knows torch: load, adapt, fit, predict."""
