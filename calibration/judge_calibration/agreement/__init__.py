"""Agreement of a judge with each physician and with their consensus."""
