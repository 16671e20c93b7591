"""How severe each rater is: a many-facet rating-scale model of items, raters and steps of the scale."""
