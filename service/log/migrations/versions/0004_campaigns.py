"""Campaigns without a website: lots drawn among customers, and the cards they were given."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEEPS_SERVING = True
"""Services of the version before go on; they would keep the lots of somebody they erase: replace them soon."""

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the three tables."""
    op.create_table(
        "campaigns",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False, comment="seed of the lots"),
        sa.Column(
            "first_day",
            sa.Integer(),
            nullable=False,
            comment="days since 1970-01-01 in the shop's zone, as all days here",
        ),
        sa.Column("definition", sa.JSON(), nullable=False, comment="share, weeks, voucher, and what was foreseen"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "erased_contacted", sa.Integer(), server_default="0", nullable=False, comment="units forgotten since"
        ),
        sa.Column("erased_held_out", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
        comment="Campaigns without a website: a message or a printed card, and a hold-out that gets none.",
    )
    op.create_table(
        "campaign_units",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False, comment="whom she was drawn with"),
        sa.Column("is_contacted", sa.Boolean(), nullable=False),
        sa.Column(
            "activity",
            sa.Float(),
            nullable=False,
            comment="where she stood on the first day: experiments.campaigns.standing",
        ),
        sa.Column("margin_activity", sa.Float(), nullable=False),
        sa.Column(
            "code",
            sa.String(length=16),
            nullable=True,
            comment="of her voucher or stamp card; null where she has none",
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_units_campaign_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_campaign_units_user_id")),
        sa.PrimaryKeyConstraint("campaign_id", "user_id", name=op.f("pk_campaign_units")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_campaign_units_campaign_id_code")),
        comment="Lots as drawn, with what was known then: a reading needs both, and no later sheet tells them.",
    )
    op.create_index(op.f("ix_campaign_units_user_id"), "campaign_units", ["user_id"])
    op.create_table(
        "campaign_entries",
        sa.Column("seq", _ID, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="stamped or redeemed"),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_entries_campaign_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_campaign_entries_user_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_campaign_entries")),
        comment="What became of cards after they were issued; rows are only added.",
    )
    op.create_index(op.f("ix_campaign_entries_campaign_id"), "campaign_entries", ["campaign_id"])
    op.create_index(op.f("ix_campaign_entries_user_id"), "campaign_entries", ["user_id"])


def downgrade() -> None:
    """Refuses: without the lots no campaign that was sent could be read any more."""
    raise NotImplementedError("schema 0004 can't be taken back: restore a backup made before it")
