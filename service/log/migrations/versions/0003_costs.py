"""What a sale cost the shop, where it is known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEEPS_SERVING = True
"""Services of the version before go on: they name the columns that they write, and write none of these."""


def upgrade() -> None:
    """Adds cost and fee to events."""
    for name, comment in (
        ("cost_minor", "what the line's goods cost the shop; null where it is not known"),
        ("fee_minor", "fees, commissions and postage the shop paid for the line"),
    ):
        op.add_column("events", sa.Column(name, sa.BigInteger(), nullable=True, comment=comment))


def downgrade() -> None:
    """Takes cost and fee off events again."""
    for name in ("fee_minor", "cost_minor"):
        op.drop_column("events", name)
