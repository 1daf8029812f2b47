"""Alerts, cases with their history, and the answers that writes got."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OPEN = sa.text("status <> 'closed'")
_REFUSAL = "l histoire d un dossier ne se modifie pas"


def upgrade() -> None:
    """Create the tables and the triggers that refuse any change of the history of a case."""
    op.create_table(
        "idempotency",
        sa.Column("principal_id", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("audit", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("siren", sa.String(9), index=True),
        sa.Column("rna", sa.String(10)),
        sa.Column("name", sa.String(300)),
        sa.Column("matched_by", sa.String(10)),
        sa.Column("unattached", sa.String(20)),
        sa.Column("region", sa.String(3), nullable=False, index=True),
        sa.Column("departement", sa.String(3)),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reason_key", sa.String(64), nullable=False),
        sa.Column("source", sa.String(120), nullable=False),
        sa.Column("confidentiality", sa.String(12), nullable=False),
        sa.Column("raised_on", sa.Date, nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("feedback", sa.Text, nullable=False),
        sa.Column("merged_into", sa.String(32), sa.ForeignKey("alerts.id")),
        sa.Column("created_at", _MOMENT, nullable=False, index=True),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_by_name", sa.String(200), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("siren", sa.String(9), nullable=False, index=True),
        sa.Column("name", sa.String(300)),
        sa.Column("region", sa.String(3), nullable=False, index=True),
        sa.Column("departement", sa.String(3)),
        sa.Column("previous_case", sa.String(32), sa.ForeignKey("cases.id")),
        sa.Column("status", sa.String(12), nullable=False, index=True),
        sa.Column("outcome", sa.String(20)),
        sa.Column("assignee_id", sa.String(32), sa.ForeignKey("users.id")),
        sa.Column("due_on", sa.Date),
        sa.Column("schemes", sa.JSON, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("opened_by_name", sa.String(200), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False, index=True),
        sa.Column("closed_at", _MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index(
        "ux_cases_open",
        "cases",
        ["siren", "region"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "case_events",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _MOMENT, nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
    )
    op.create_table(
        "case_attachments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("added_by_name", sa.String(200), nullable=False),
    )
    _protect_history()


def _protect_history() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION veille_history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON case_events FOR EACH STATEMENT EXECUTE FUNCTION veille_history_is_append_only()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER case_events_no_{action.lower()} BEFORE {action} ON case_events "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def downgrade() -> None:
    """Drop the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION veille_history_is_append_only() CASCADE")
    for table in ("case_attachments", "case_events", "cases", "alerts", "idempotency"):
        op.drop_table(table)
