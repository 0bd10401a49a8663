"""Starts runs, watches over them and ends them."""
