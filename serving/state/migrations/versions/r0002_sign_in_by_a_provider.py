"""Sign-in by an OpenID Connect provider: the subject of an account, the attempts under way."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what says who an account is at the provider, and the table of the attempts."""
    op.add_column("users", sa.Column("email", sa.String(254)))
    op.add_column("users", sa.Column("oidc_issuer", sa.String(300)))
    op.add_column("users", sa.Column("oidc_subject", sa.String(255)))
    op.create_index("ix_users_email", "users", ["email"], unique=True)
    op.create_index("ix_users_oidc", "users", ["oidc_issuer", "oidc_subject"], unique=True)
    op.add_column("sessions", sa.Column("id_token", sa.Text))
    op.create_table(
        "oidc_attempts",
        sa.Column("state_hash", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("next_path", sa.Text, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    )


def downgrade() -> None:
    """Take it back; accounts keep their passwords."""
    op.drop_table("oidc_attempts")
    op.drop_column("sessions", "id_token")
    op.drop_index("ix_users_oidc", "users")
    op.drop_index("ix_users_email", "users")
    for column in ("oidc_subject", "oidc_issuer", "email"):
        op.drop_column("users", column)
