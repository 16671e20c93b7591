"""Figures as SVG text: no script, no outside resource, colours from the page, the data in a table below each."""
