"""All hyper-parameters of a training, each with its reason; copied into the artifact's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from recommender.events import InterestConfig
from recommender.models.als import AlsConfig
from recommender.models.neighbours import NeighboursConfig
from recommender.models.popularity import PopularityConfig
from recommender.models.repurchase import RepurchaseConfig


@dataclass(frozen=True, slots=True)
class BlendConfig:
    """How the default weights of the sources are found: on the last part of the training window, no test period."""

    validation_share: float = 0.2
    """The last part of the log's span that is held back to choose weights on."""
    validation_days: float = 60.0
    """The held-back part is never longer than this."""
    users: int = 2000
    """Weights are compared on at most this many users, drawn at random."""
    candidates: int = 100
    """Of each user, this many of every source's best are compared."""
    fewest_users: int = 50
    """With fewer users to compare on, a choice would be noise: the stated weights stay."""
    grids: Mapping[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "popularity": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
            "als": (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5),
            "neighbours": (0.0, 0.02, 0.04, 0.06, 0.08, 0.12, 0.25, 0.5),
            "segment": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4),
        }
    )
    """The weights tried, one source after another; repurchase is the unit and stays at 1."""
    start: Mapping[str, float] = field(
        default_factory=lambda: {"repurchase": 1.0, "als": 0.1, "neighbours": 0.04, "popularity": 0.4, "segment": 0.0}
    )
    """Where the search starts, and what stays where nothing can be compared."""
    standard_errors: float = 2.0
    """A weight moves only for a gain of at least so many of its standard errors over the users compared."""
    rounds: int = 2
    """How often the search goes round the sources."""

    def __post_init__(self) -> None:
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share must be between 0 and 1, got {self.validation_share}")
        if self.fewest_users < 2:
            raise ValueError(f"fewest_users must be at least 2, got {self.fewest_users}")
        if unknown := sorted(set(self.grids) - set(self.start)):
            raise ValueError(f"every grid must have a weight to start from, got none for {', '.join(unknown)}")


@dataclass(frozen=True, slots=True)
class RulesConfig:
    """What a feed leaves out, and how it mixes content with products."""

    rebuy_gap_days: float = 1.0
    """A product just bought is left out for this long. It costs .003 of ndcg@20 on the Online Retail log, where shops
    buy again soon; a week would cost .023. A shop of durable goods wants more."""
    dismissed_days: float = 90.0
    """What the user said no to is left out for this long."""
    finished_share: float = 0.9
    """A video watched this far counts as watched to the end."""
    finished_days: float = 30.0
    """What was watched to the end is left out for this long."""
    content_share: float = 0.4
    """Content's part of a feed in which both kinds are available."""
    new_days: float = 30.0
    """An item is called new for this long after it was published."""
    popular_interest: float = 1.0
    """An item is called popular only from this much interest on, decayed, in purchases: one view is no crowd."""
    popular_share: float = 0.2
    """And only if it is among this part of its kind by that interest, so that the word tells items apart."""

    def __post_init__(self) -> None:
        for name in ("content_share", "popular_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name)}")
        for name in ("rebuy_gap_days", "dismissed_days", "finished_days", "new_days", "popular_interest"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Every hyper-parameter of a training."""

    interest: InterestConfig = field(default_factory=InterestConfig)
    als: AlsConfig = field(default_factory=AlsConfig)
    neighbours: NeighboursConfig = field(default_factory=NeighboursConfig)
    popularity: PopularityConfig = field(default_factory=PopularityConfig)
    repurchase: RepurchaseConfig = field(default_factory=RepurchaseConfig)
    blend: BlendConfig = field(default_factory=BlendConfig)
    rules: RulesConfig = field(default_factory=RulesConfig)

    def to_mapping(self) -> dict[str, Any]:
        """The fields as plain nested mappings, for a manifest."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The configuration that `to_mapping` wrote, also after a journey through JSON."""
        blend = dict(mapping["blend"])
        blend["grids"] = {source: tuple(grid) for source, grid in blend["grids"].items()}
        return cls(
            interest=InterestConfig.from_mapping(mapping["interest"]),
            als=AlsConfig(**mapping["als"]),
            neighbours=NeighboursConfig(**mapping["neighbours"]),
            popularity=PopularityConfig(**mapping["popularity"]),
            repurchase=RepurchaseConfig(**mapping["repurchase"]),
            blend=BlendConfig(**blend),
            rules=RulesConfig(**mapping["rules"]),
        )
