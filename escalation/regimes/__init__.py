"""The law as data: which report is due to whom, from which instant, by when."""
