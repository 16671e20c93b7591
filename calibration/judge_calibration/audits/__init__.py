"""Whether a judge favours length, family, order or subgroup: models of the difference judge - physicians.

The judge is never regressed on the physicians' mean: that mean is noisy, and groups of unequal quality would
then look as if the judge treated them unequally when it does not.
"""
