"""PostgreSQL as Django's own backend has it, stopping wherever an actor can be moved."""

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from tests.simulation.stage import Crash, current


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells the actor of this thread of each statement, commit and rollback."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.execute_wrappers.append(self._run)

    def get_new_connection(self, conn_params):
        _refuse_the_dead()
        connection = super().get_new_connection(conn_params)
        if actor := current():
            actor.pid = connection.info.backend_pid
        return connection

    def is_in_transaction(self):
        raw = self.connection
        idle = TransactionStatus.IDLE
        return raw is not None and raw.info.transaction_status != idle

    def cut(self):
        """Lose the connection as a process that dies does; the server rolls back."""
        if self.connection is not None:
            self.connection.close()

    def _set_autocommit(self, autocommit):
        _refuse_the_dead()
        super()._set_autocommit(autocommit)

    def _rollback(self):
        _refuse_the_dead()
        return super()._rollback()

    def _run(self, execute, sql, params, many, context):
        actor = current()
        if actor is None:
            return execute(sql, params, many, context)
        text = sql if isinstance(sql, str) else sql.as_string(self.connection)
        actor.before_statement(self, text)
        result = actor.around(lambda: execute(sql, params, many, context))
        if actor.has_written and not self.is_in_transaction():
            actor.committed(self, text)
        return result

    def _commit(self):
        actor = current()
        if actor is None or not (self.is_in_transaction() and actor.has_written):
            return super()._commit()
        actor.before_commit(self)
        result = super()._commit()
        actor.committed(self, "COMMIT")
        return result


def _refuse_the_dead() -> None:
    """Let nothing that tidies up after an error reach the server in a dead process."""
    if (actor := current()) and actor.is_dying:
        raise Crash
