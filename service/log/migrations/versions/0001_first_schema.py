"""The first schema of the log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEEPS_SERVING = True
"""There was no version before."""


def upgrade() -> None:
    """Makes every table of the log."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        comment="Numbers given in the order of commits: whoever takes one holds the row until its transaction ends.",
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("key", name=op.f("uq_experiments_key")),
    )
    op.create_table(
        "home",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_home")),
        comment="What this log says of itself: its id, whether it is simulated; values are JSON.",
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "finished_at", sa.BigInteger(), nullable=True, comment="null while running, and for ever if it was cut off"
        ),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=256), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="product or content"),
        sa.Column(
            "known_from", sa.String(length=16), nullable=False, comment="events (never shown), sales or catalogue"
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="null while an item is known only from events"),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column(
            "is_service",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="postage, fees: money, never shown",
        ),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False, comment="number of the catalogue change it last was in"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("external_id", name=op.f("uq_items_external_id")),
    )
    op.create_index(op.f("ix_items_change"), "items", ["change"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_visitor", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.String(length=256), nullable=False, comment="the shop's own id, or the browser's"),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("is_visitor", "external_id", name=op.f("uq_users_is_visitor_external_id")),
        comment="The dictionary of user and visitor ids; everything else names them by integer.",
    )
    op.create_table(
        "assignments",
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("arm", sa.String(length=64), nullable=False),
        sa.Column("first_exposed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name=op.f("fk_assignments_experiment_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_assignments_user_id")),
        sa.PrimaryKeyConstraint("experiment_id", "user_id", name=op.f("pk_assignments")),
        comment="An arm made lasting by the first exposure; written in the exposure's own transaction.",
    )
    op.create_index(op.f("ix_assignments_user_id"), "assignments", ["user_id"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False, comment="http or import"),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("row_number", sa.Integer(), nullable=True, comment="the file's row as a spreadsheet counts it"),
        sa.Column("event_id", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_dead_letters_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    op.create_index(op.f("ix_dead_letters_import_id"), "dead_letters", ["import_id"], unique=False)
    op.create_index(op.f("ix_dead_letters_received_at"), "dead_letters", ["received_at"], unique=False)
    op.create_table(
        "events",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="order of arrival"
        ),
        sa.Column("id", sa.String(length=128), nullable=False, comment="given by the sender; makes retries harmless"),
        sa.Column(
            "payload_hash",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="tells a retry from another event of the same id",
        ),
        sa.Column("kind", sa.SmallInteger(), nullable=False, comment="recommender.events.Kind"),
        sa.Column("user_id", sa.BigInteger(), nullable=True, comment="null: an anonymous sale"),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("feed_id", sa.String(length=64), nullable=True),
        sa.Column("order_id", sa.String(length=128), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column(
            "amount_minor",
            sa.BigInteger(),
            nullable=True,
            comment="the line's total; refunds are positive amounts of kind refund",
        ),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("seconds_watched", sa.Float(), nullable=True),
        sa.Column("seconds_total", sa.Float(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_events_import_id")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_events_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_events_user_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
    )
    op.create_index(
        op.f("ix_events_user_id_at"),
        "events",
        ["user_id", "at"],
        unique=False,
        sqlite_where=sa.text("kind <> 1"),
        postgresql_where=sa.text("kind <> 1"),
    )
    op.create_table(
        "experiment_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_experiment_changes_experiment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment_changes")),
    )
    op.create_index(op.f("ix_experiment_changes_experiment_id"), "experiment_changes", ["experiment_id"], unique=False)
    op.create_table(
        "exposures",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feed_id", sa.String(length=64), nullable=False),
        sa.Column("first_feed_id", sa.String(length=64), nullable=False, comment="the first page this page continues"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("surface", sa.String(length=32), nullable=False),
        sa.Column(
            "items", sa.JSON(), nullable=False, comment="[[item id, source, probability], ...] in the order shown"
        ),
        sa.Column("model_version", sa.String(length=64), nullable=True),
        sa.Column("fallback", sa.String(length=16), nullable=True),
        sa.Column("arms", sa.JSON(), nullable=False, comment="experiment key to arm key, as served"),
        sa.Column(
            "is_preview", sa.Boolean(), nullable=False, comment="asked for with preview_arm: in no experiment's counts"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exposures_user_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_exposures")),
        sa.UniqueConstraint("feed_id", name=op.f("uq_exposures_feed_id")),
    )
    op.create_index(op.f("ix_exposures_first_feed_id"), "exposures", ["first_feed_id"], unique=False)
    op.create_index(op.f("ix_exposures_user_id_at"), "exposures", ["user_id", "at"], unique=False)


def downgrade() -> None:
    """Drops every table of the log."""
    op.drop_index(op.f("ix_exposures_user_id_at"), table_name="exposures")
    op.drop_index(op.f("ix_exposures_first_feed_id"), table_name="exposures")
    op.drop_table("exposures")
    op.drop_index(op.f("ix_experiment_changes_experiment_id"), table_name="experiment_changes")
    op.drop_table("experiment_changes")
    op.drop_index(op.f("ix_events_user_id_at"), table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_dead_letters_received_at"), table_name="dead_letters")
    op.drop_index(op.f("ix_dead_letters_import_id"), table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_index(op.f("ix_assignments_user_id"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("users")
    op.drop_index(op.f("ix_items_change"), table_name="items")
    op.drop_table("items")
    op.drop_table("imports")
    op.drop_table("home")
    op.drop_table("experiments")
    op.drop_table("counters")
