"""The tables of the log. Instants are microseconds since 1970 UTC; money is integer minor units of its currency."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from recommender.events import Kind

# SQLite only numbers rows by itself where the key's type is exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

_IS_ACT = text(f"kind <> {int(Kind.IMPRESSION)}")
_IS_IMPRESSION = text(f"kind = {int(Kind.IMPRESSION)}")
_IS_MERGED = text("merged_into IS NOT NULL")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

home = Table(
    "home",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="What this log says of itself: its id, whether it is simulated; values are JSON.",
)

users = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("is_visitor", Boolean, nullable=False),
    Column("external_id", String(256), nullable=False, comment="the shop's own id, or the browser's"),
    Column("attributes", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("merged_into", BigInteger, ForeignKey("users.id"), comment="the user a visitor turned out to be"),
    Column(
        "is_erasing",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="forgotten; later nobody",
    ),
    UniqueConstraint("is_visitor", "external_id"),
    Index(None, "merged_into", sqlite_where=_IS_MERGED, postgresql_where=_IS_MERGED),
    comment="The dictionary of user and visitor ids; everything else names them by integer.",
)

items = Table(
    "items",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("external_id", String(256), nullable=False, unique=True),
    Column("kind", String(16), nullable=False, comment="product or content"),
    Column("known_from", String(16), nullable=False, comment="events (never shown), sales or catalogue"),
    Column("title", Text, comment="null while an item is known only from events"),
    Column("url", Text),
    Column("image_url", Text),
    Column("categories", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("creator", Text),
    Column("price_minor", BigInteger),
    Column("currency", String(3)),
    Column("available", Boolean, nullable=False),
    Column("is_service", Boolean, nullable=False, server_default=false(), comment="postage, fees: money, never shown"),
    Column("published_at", BigInteger, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False, index=True, comment="number of the catalogue change it last was in"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="Numbers given in the order of commits: whoever takes one holds the row until its transaction ends.",
)

imports = Table(
    "imports",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("file_name", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, comment="null while running, and for ever if it was cut off"),
    Column("undone_at", BigInteger, comment="when its rows were taken out again"),
    Column("first_seq", BigInteger, comment="lowest seq of an event that it stored; spares events an index"),
    Column("last_seq", BigInteger, comment="highest seq of an event that it stored"),
    Column("report", JSON, nullable=False),
)

expenses = Table(
    "expenses",
    metadata,
    Column("seq", _Id, primary_key=True),
    Column("id", String(128), nullable=False, unique=True, comment="a hash of the row, as for imported events"),
    Column("at", BigInteger, nullable=False),
    Column("category", Text, nullable=False, comment="as the shop calls it; empty where it says nothing"),
    Column("description", Text, nullable=False),
    Column("payee", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False, comment="money out is positive, money back negative"),
    Column("currency", String(3), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("import_id", BigInteger, ForeignKey("imports.id"), nullable=False, index=True),
    comment="What running the shop costs: rent, stock, advertising.",
)

events = Table(
    "events",
    metadata,
    Column("seq", _Id, primary_key=True, comment="order of arrival"),
    Column("id", String(128), nullable=False, unique=True, comment="given by the sender; makes retries harmless"),
    Column("payload_hash", LargeBinary(16), nullable=False, comment="tells a retry from another event of the same id"),
    Column("kind", SmallInteger, nullable=False, comment="recommender.events.Kind"),
    Column("user_id", BigInteger, ForeignKey("users.id"), comment="null: an anonymous sale"),
    Column("item_id", BigInteger, ForeignKey("items.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("feed_id", String(64)),
    Column("order_id", String(128)),
    Column("quantity", Integer),
    Column("amount_minor", BigInteger, comment="the line's total; refunds are positive amounts of kind refund"),
    Column("currency", String(3)),
    Column("seconds_watched", Float),
    Column("seconds_total", Float),
    Column("import_id", BigInteger, ForeignKey("imports.id")),
    Column("cost_minor", BigInteger, comment="what the line's goods cost the shop; null where it is not known"),
    Column("fee_minor", BigInteger, comment="fees, commissions and postage the shop paid for the line"),
    # For one user's acts, newest first. Impressions, most of all rows, are none and would be read only to be left out.
    Index(None, "user_id", "at", sqlite_where=_IS_ACT, postgresql_where=_IS_ACT),
    # For the rest of what the log holds on somebody, when it is merged, handed over or erased.
    Index("ix_events_user_id_impressions", "user_id", sqlite_where=_IS_IMPRESSION, postgresql_where=_IS_IMPRESSION),
)

exposures = Table(
    "exposures",
    metadata,
    Column("seq", _Id, primary_key=True),
    Column("feed_id", String(64), nullable=False, unique=True),
    Column("first_feed_id", String(64), nullable=False, index=True, comment="the first page this page continues"),
    Column("user_id", BigInteger, ForeignKey("users.id"), comment="null: shown to somebody who asked to be forgotten"),
    Column("at", BigInteger, nullable=False),
    Column("surface", String(32), nullable=False),
    Column("items", JSON, nullable=False, comment="[[item id, source, probability], ...] in the order shown"),
    Column("model_version", String(64)),
    Column("fallback", String(16)),
    Column("arms", JSON, nullable=False, comment="experiment key to arm key, as served"),
    Column("is_preview", Boolean, nullable=False, comment="asked for with preview_arm: in no experiment's counts"),
    Index(None, "user_id", "at"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("salt", String(64), nullable=False),
    Column("definition", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("stopped_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
)

experiment_changes = Table(
    "experiment_changes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("experiment_id", BigInteger, ForeignKey("experiments.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String(128), nullable=False),
    Column("action", String(32), nullable=False),
    Column("before", JSON),
    Column("after", JSON, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("experiment_id", BigInteger, ForeignKey("experiments.id"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), primary_key=True, index=True),
    Column("arm", String(64), nullable=False),
    Column("first_exposed_at", BigInteger, nullable=False),
    comment="An arm made lasting by the first exposure; written in the exposure's own transaction.",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("origin", String(32), nullable=False, comment="http or import"),
    Column("import_id", BigInteger, ForeignKey("imports.id"), index=True),
    Column("row_number", Integer, comment="the file's row as a spreadsheet counts it"),
    Column("event_id", String(128)),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("subject_hash", LargeBinary(32), primary_key=True, comment="HMAC-SHA256 of who it was, under the secret"),
    Column("erased_at", BigInteger, nullable=False),
    Column("receipt", JSON, nullable=False, comment="how many rows of what were removed; names nobody"),
    comment="Who asked to be forgotten: enough to keep late events from bringing them back, and no more.",
)

erased_units = Table(
    "erased_units",
    metadata,
    Column("experiment_id", BigInteger, ForeignKey("experiments.id"), primary_key=True),
    Column("arm", String(64), primary_key=True),
    Column("units", Integer, nullable=False),
    comment="How many units of an arm have been erased; a verdict says so, and nothing says who.",
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("salt", String(64), nullable=False, comment="seed of the lots"),
    Column("first_day", Integer, nullable=False, comment="days since 1970-01-01 in the shop's zone, as all days here"),
    Column("definition", JSON, nullable=False, comment="share, weeks, voucher, and what was foreseen"),
    Column("created_at", BigInteger, nullable=False),
    Column("erased_contacted", Integer, nullable=False, server_default="0", comment="units forgotten since"),
    Column("erased_held_out", Integer, nullable=False, server_default="0"),
    comment="Campaigns without a website: a message or a printed card, and a hold-out that gets none.",
)

campaign_units = Table(
    "campaign_units",
    metadata,
    Column("campaign_id", BigInteger, ForeignKey("campaigns.id"), primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), primary_key=True, index=True),
    Column("block", Integer, nullable=False, comment="whom she was drawn with"),
    Column("is_contacted", Boolean, nullable=False),
    Column(
        "activity", Float, nullable=False, comment="where she stood on the first day: experiments.campaigns.standing"
    ),
    Column("margin_activity", Float, nullable=False),
    Column("code", String(16), comment="of her voucher or stamp card; null where she has none"),
    UniqueConstraint("campaign_id", "code"),
    comment="Lots as drawn, with what was known then: a reading needs both, and no later sheet tells them.",
)

campaign_entries = Table(
    "campaign_entries",
    metadata,
    Column("seq", _Id, primary_key=True),
    Column("campaign_id", BigInteger, ForeignKey("campaigns.id"), nullable=False, index=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False, comment="stamped or redeemed"),
    Column("day", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    comment="What became of cards after they were issued; rows are only added.",
)
