"""One run, many runs, and the results folder: the only floor that writes files."""
