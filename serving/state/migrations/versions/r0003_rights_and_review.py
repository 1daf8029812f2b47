"""Rights on sources, review of accounts, keys that replace others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what exists already has no right on a reserved source."""
    for table in ("users", "api_keys"):
        op.add_column(table, sa.Column("sources", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("users", sa.Column("reviewed_at", sa.DateTime(timezone=True)))
    op.add_column("api_keys", sa.Column("replaced_by", sa.String(16)))


def downgrade() -> None:
    """Drop the columns."""
    for table, column in (
        ("api_keys", "replaced_by"),
        ("users", "reviewed_at"),
        ("api_keys", "sources"),
        ("users", "sources"),
    ):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
