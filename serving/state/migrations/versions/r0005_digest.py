"""The digest: subscriptions and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "digest_subscriptions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("user_id", sa.String(32), sa.ForeignKey("users.id"), index=True),
        sa.Column("url", sa.Text),
        sa.Column("regions", sa.JSON, nullable=False),
        sa.Column("departements", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
    )
    op.create_table(
        "digest_deliveries",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column(
            "subscription_id",
            sa.String(32),
            sa.ForeignKey("digest_subscriptions.id"),
            nullable=False,
        ),
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("publication_id", sa.String(80), nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT),
    )
    op.create_index(
        "ix_digest_once",
        "digest_deliveries",
        ["subscription_id", "target", "publication_id"],
        unique=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("digest_deliveries")
    op.drop_table("digest_subscriptions")
