from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "escalation"

    def ready(self) -> None:
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 (app ready)
        from django.db.models.signals import post_migrate  # noqa: PLC0415 (app ready)

        from escalation.clocks import handlers as clocks  # noqa: PLC0415 (app ready)
        from escalation.duties import following, merging, profile_changes, reviews  # noqa: PLC0415 (app ready)
        from escalation.duties import handlers as duties  # noqa: PLC0415 (app ready)
        from escalation.filings import handlers as filings  # noqa: PLC0415 (app ready)
        from escalation.lawbook.storing import store_after_migration  # noqa: PLC0415 (app ready)
        from escalation.notifications import handlers as messages  # noqa: PLC0415 (app ready)
        from escalation.notifications import (  # noqa: PLC0415 (app ready)
            mail_words,
            reachable,
            report_words,
            silence_words,
        )
        from escalation.oncall import reach, uses  # noqa: PLC0415 (app ready)
        from escalation.policies import schedule_uses  # noqa: PLC0415 (app ready)
        from escalation.regimes.library import shipped_regimes  # noqa: PLC0415 (app ready)
        from escalation.regimes.tables import RegimeError  # noqa: PLC0415 (app ready)
        from escalation.routing import dispatch  # noqa: PLC0415 (app ready)
        from escalation.runs import handlers as runs  # noqa: PLC0415 (app ready)

        try:
            shipped_regimes()
        except RegimeError as error:
            raise ImproperlyConfigured(f"regimes/data/{error}") from error
        # Sent once for this app after all of a run's migrations are applied.
        post_migrate.connect(store_after_migration, sender=self)
        dispatch.register()
        clocks.register_handlers()
        following.register_handlers()
        merging.register_handlers()
        reviews.register_handlers()
        duties.register_handlers()
        runs.register_handlers()
        profile_changes.register_handlers()
        messages.register_handlers()
        filings.register_handlers()
        report_words.register_handlers()
        mail_words.register_handlers()
        silence_words.register_handlers()
        reach.register_reach(reachable.ways_to_reach)
        uses.register_uses("policies", schedule_uses.policies_naming)
