"""People's rights, expenses, and imports that can be taken out again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEEPS_SERVING = True
"""Services of the version before go on, once the index is made; they know none of the forgotten: replace them soon."""


def upgrade() -> None:
    """Adds what the first schema lacks."""
    # As a batch SQLite would drop the table that every event refers to; said like this both databases just add it.
    op.execute("ALTER TABLE users ADD COLUMN merged_into BIGINT CONSTRAINT fk_users_merged_into REFERENCES users (id)")
    if op.get_context().dialect.name == "postgresql":
        op.execute("COMMENT ON COLUMN users.merged_into IS 'the user a visitor turned out to be'")
    is_merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        op.f("ix_users_merged_into"), "users", ["merged_into"], sqlite_where=is_merged, postgresql_where=is_merged
    )
    op.add_column(
        "users",
        sa.Column(
            "is_erasing",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="forgotten; later nobody",
        ),
    )
    with op.batch_alter_table("exposures") as exposures:
        exposures.alter_column(
            "user_id",
            existing_type=sa.BigInteger(),
            nullable=True,
            comment="null: shown to somebody who asked to be forgotten",
        )
    is_impression = sa.text("kind = 1")
    op.create_index(
        "ix_events_user_id_impressions",
        "events",
        ["user_id"],
        sqlite_where=is_impression,
        postgresql_where=is_impression,
    )
    op.add_column(
        "imports",
        sa.Column("undone_at", sa.BigInteger(), nullable=True, comment="when its rows were taken out again"),
    )
    for name, comment in (
        ("first_seq", "lowest seq of an event that it stored; spares events an index"),
        ("last_seq", "highest seq of an event that it stored"),
    ):
        op.add_column("imports", sa.Column(name, sa.BigInteger(), nullable=True, comment=comment))
    op.create_table(
        "expenses",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False, comment="a hash of the row, as for imported events"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False, comment="as the shop calls it; empty where it says nothing"),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        sa.Column(
            "amount_minor", sa.BigInteger(), nullable=False, comment="money out is positive, money back negative"
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_expenses_import_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_expenses")),
        sa.UniqueConstraint("id", name=op.f("uq_expenses_id")),
        comment="What running the shop costs: rent, stock, advertising.",
    )
    op.create_index(op.f("ix_expenses_import_id"), "expenses", ["import_id"])
    op.create_table(
        "suppressions",
        sa.Column(
            "subject_hash",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="HMAC-SHA256 of who it was, under the secret",
        ),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False, comment="how many rows of what were removed; names nobody"),
        sa.PrimaryKeyConstraint("subject_hash", name=op.f("pk_suppressions")),
        comment="Who asked to be forgotten: enough to keep late events from bringing them back, and no more.",
    )
    op.create_table(
        "erased_units",
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name=op.f("fk_erased_units_experiment_id")),
        sa.PrimaryKeyConstraint("experiment_id", "arm", name=op.f("pk_erased_units")),
        comment="How many units of an arm have been erased; a verdict says so, and nothing says who.",
    )


def downgrade() -> None:
    """Refuses: with the suppressions gone, late events would bring erased people back."""
    raise NotImplementedError("schema 0002 can't be taken back: restore a backup made before it")
