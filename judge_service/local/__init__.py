"""A judge on our own machine: which arguments vLLM gets, and a server that is started, watched and stopped."""
