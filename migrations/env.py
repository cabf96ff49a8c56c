"""Alembic's entry: the connection comes from classbook, which has opened the transaction already."""

from alembic import context

from classbook.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
