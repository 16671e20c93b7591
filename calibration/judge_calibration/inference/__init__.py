"""What follows from a validated judge: means from few labels, escalation, sample sizes, drift."""
