"""Clean up behind the tiles that grow, by a count and not by a share of the table.

Each seal writes the unfinished tiles anew, and leaves some 2 of their pieces of 2 kB
dead. A fifth of the table, which is what is usual, is 80 MB of them in a log of ten
million entries. Heads and what waits are well as they are: measured in decision 73.
"""

from typing import ClassVar

from django.db import migrations

SET = """
ALTER TABLE tocsin_tile SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 1000);
"""
RESET = """
ALTER TABLE tocsin_tile RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_threshold);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0056_add_time_stamps")]
    operations: ClassVar = [migrations.RunSQL(SET, RESET)]
