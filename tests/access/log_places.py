"""Addresses of the log, for witnesses, verifiers and whoever has an account.

Who gets what there: tests/incidents/sealing/test_api.py;
entries are for auditors alone: tests/incidents/audit/test_entries_api.py.
"""

PUBLIC = {
    "log-checkpoint",
    "log-consistency",
    "log-entries",
    "log-former",
    "log-inclusion",
    "log-tile",
}
