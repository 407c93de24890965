from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    verbose_name = "Wiring"

    def ready(self) -> None:
        # Both register on import; the web process needs the app to ring the doorbell.
        from config import celery, checks  # noqa: F401, PLC0415 (app ready)
        from config.columns import COLUMNS  # noqa: PLC0415 (app ready)
        from config.panels import register_panels  # noqa: PLC0415 (app ready)
        from incidents.custody.repeats import register_columns  # noqa: PLC0415 (app ready)

        register_panels()
        register_columns(
            {
                label: {name: (column.holds, column.of) for name, column in row.items()}
                for label, row in COLUMNS.items()
            }
        )
