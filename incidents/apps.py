from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate  # noqa: PLC0415 (app ready)

        from incidents.evidence import recipients  # noqa: PLC0415 (app ready)
        from incidents.incident.lifecycle import (  # noqa: PLC0415 (app ready)
            on_merged,
            on_reopened,
        )
        from incidents.incident.shares import on_shared  # noqa: PLC0415 (app ready)
        from incidents.intake.flapping import FLAPPING_ENDS, end_flapping  # noqa: PLC0415 (app ready)
        from incidents.intake.group_windows import (  # noqa: PLC0415 (app ready)
            WINDOW_ENDS,
            close_groups,
        )
        from incidents.intake.grouping import take_over_alerts  # noqa: PLC0415 (app ready)
        from incidents.intake.heartbeats.ping import BACK  # noqa: PLC0415 (app ready)
        from incidents.intake.heartbeats.watching import (  # noqa: PLC0415 (app ready)
            DUE,
            bring_back,
            find_late,
        )
        from incidents.intake.quiet import QUIET, notice_quiet  # noqa: PLC0415 (app ready)
        from incidents.ledger.grants import grant_runtime_role  # noqa: PLC0415 (app ready)
        from incidents.timers.schedule import register_handler  # noqa: PLC0415 (app ready)
        from incidents.triage.rows import (  # noqa: PLC0415 (app ready)
            open_rows,
            reopen_rows,
        )

        # Sent once for this app after all of a run's migrations are applied.
        post_migrate.connect(grant_runtime_role, sender=self)
        register_handler(WINDOW_ENDS, close_groups)
        register_handler(QUIET, notice_quiet)
        register_handler(DUE, find_late)
        register_handler(FLAPPING_ENDS, end_flapping)
        register_handler(BACK, bring_back)
        recipients.register_handlers()
        on_shared(open_rows)
        on_merged(take_over_alerts)
        on_reopened(reopen_rows)
