"""Every operation on a study by name: the one seam that the service and the command line call."""
