"""Agreement of physicians among themselves: alpha, AC2, intraclass correlations."""
