"""The report: everything a study says about raters and judges, as plain data and as a page."""
