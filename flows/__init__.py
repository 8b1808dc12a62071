"""The only room that knows Prefect: what runs when."""
