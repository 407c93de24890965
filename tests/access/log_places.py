"""Addresses of the log, for witnesses, verifiers and whoever has an account.

Who gets what there: tests/incidents/sealing/test_api.py.
"""

PUBLIC = {"log-checkpoint", "log-consistency", "log-inclusion", "log-tile"}
