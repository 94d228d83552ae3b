"""What is compared, on whom, by which outcome and in which window: an experiment's design, checked when it is read."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.outcomes import OUTCOMES

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FIELDS = frozenset(
    {
        "key",
        "hypothesis",
        "unit",
        "arms",
        "control",
        "layer",
        "eligibility",
        "primary",
        "secondary",
        "guardrails",
        "planned_units",
        "salt",
    }
)
_MAX_WINDOW_DAYS = 730
_LONGEST_SHOWN = 80


class DesignRefused(ValueError):
    """The design breaks at least one rule; ``problems`` lists each as subject, rule and value."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the alternatives: its share of the units, its feed policy, and what the storefront itself varies."""

    key: str
    share: float
    policy: Mapping[str, object]
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Primary:
    """The one outcome that decides, the window it is counted in, and the smallest difference worth acting on.

    ``minimal_effect`` is absolute, in the outcome's own unit: a share (0.02 is two percentage points), orders per
    unit, or money in major units.
    """

    outcome: str
    window_days: int
    minimal_effect: float | None = None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """An outcome that may fall by at most ``margin``, absolute and in the outcome's own unit."""

    outcome: str
    margin: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """A checked design. Build it with ``Experiment.parse``; the constructor checks nothing."""

    key: str
    hypothesis: str
    unit: Literal["user", "visitor"]
    arms: tuple[Arm, ...]
    control: str
    layer: str
    primary: Primary
    secondary: tuple[str, ...]
    guardrails: tuple[Guardrail, ...]
    planned_units: int | None
    salt: str

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each arm, in the order of ``arms``."""
        return tuple(arm.share for arm in self.arms)

    @property
    def treatments(self) -> tuple[str, ...]:
        """Keys of the arms compared with the control, in order."""
        return tuple(arm.key for arm in self.arms if arm.key != self.control)

    @classmethod
    def parse(cls, mapping: Mapping[str, object]) -> "Experiment":
        """The experiment that a JSON-like mapping describes.

        ``hypothesis``, ``secondary``, ``guardrails`` and ``planned_units`` may be left out; ``unit`` is then
        ``"user"``, and ``layer`` and ``salt`` are the key.

        Raises:
            DesignRefused: If any rule is broken; every broken rule is listed, not only the first.
        """
        reader = _Reader()
        experiment = reader.experiment(mapping)
        if reader.problems:
            raise DesignRefused(reader.problems)
        return experiment

    def to_mapping(self) -> dict[str, object]:
        """The JSON-like mapping from which ``parse`` makes an equal experiment."""
        primary: dict[str, object] = {"outcome": self.primary.outcome, "window_days": self.primary.window_days}
        if self.primary.minimal_effect is not None:
            primary["minimal_effect"] = self.primary.minimal_effect
        return {
            "key": self.key,
            "hypothesis": self.hypothesis,
            "unit": self.unit,
            "arms": [
                {"key": arm.key, "share": arm.share, "policy": dict(arm.policy), "parameters": dict(arm.parameters)}
                for arm in self.arms
            ],
            "control": self.control,
            "layer": self.layer,
            "eligibility": {},
            "primary": primary,
            "secondary": list(self.secondary),
            "guardrails": [{"outcome": rail.outcome, "margin": rail.margin} for rail in self.guardrails],
            "planned_units": self.planned_units,
            "salt": self.salt,
        }


def _shown(value: object) -> str:
    """The refused value as an error repeats it: cut short, and written without failing itself."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        text = "a number too long to write"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


class _Reader:
    """Reads a mapping field by field and notes every broken rule, so that one answer names them all."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def experiment(self, mapping: Mapping[str, object]) -> Experiment:
        self._known(mapping, _FIELDS, "the experiment")
        if mapping.get("eligibility"):
            self.problems.append("eligibility is not supported yet: leave it out")
        # JSON writes a field that is left out as null too.
        given = {field: value for field, value in mapping.items() if value is not None}
        key = self._key(given.get("key"), "key")
        arms = self._arms(given.get("arms"))
        control = self._key(given.get("control"), "control")
        if control and arms and control not in {arm.key for arm in arms}:
            self.problems.append(f"control must be one of the arms, got {control!r}")
        primary = self._primary(given.get("primary"))
        return Experiment(
            key=key,
            hypothesis=self._text(given.get("hypothesis", ""), "hypothesis", longest=2000),
            unit=self._unit(given.get("unit", "user")),
            arms=arms,
            control=control,
            layer=self._key(given["layer"], "layer") if "layer" in given else key,
            primary=primary,
            secondary=self._secondary(given.get("secondary", []), primary),
            guardrails=self._guardrails(given.get("guardrails", [])),
            planned_units=self._planned_units(given.get("planned_units")),
            salt=self._salt(given["salt"]) if "salt" in given else key,
        )

    def _known(self, mapping: Mapping[str, object], fields: frozenset[str], subject: str) -> None:
        self.problems.extend(
            f"{subject} has no field {_shown(field)}; known are {', '.join(sorted(fields))}"
            for field in mapping
            if field not in fields
        )

    def _key(self, value: object, subject: str) -> str:
        if isinstance(value, str) and _KEY.fullmatch(value):
            return value
        self.problems.append(
            f"{subject} must be 1 to 64 lower-case letters, digits, '-' or '_', starting with a letter or digit, "
            f"got {_shown(value)}"
        )
        return ""

    def _text(self, value: object, subject: str, *, longest: int) -> str:
        if isinstance(value, str) and len(value) <= longest:
            return value
        self.problems.append(f"{subject} must be text of at most {longest} characters, got {_shown(value)}")
        return ""

    def _salt(self, value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= 64 and value.isprintable():
            return value
        self.problems.append(f"salt must be 1 to 64 printable characters, got {_shown(value)}")
        return ""

    def _unit(self, value: object) -> Literal["user", "visitor"]:
        if value == "visitor":
            return "visitor"
        if value != "user":
            self.problems.append(f"unit must be 'user' or 'visitor', got {_shown(value)}")
        return "user"

    def _arms(self, value: object) -> tuple[Arm, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < 2:
            self.problems.append(f"arms must be a list of at least 2 arms, got {_shown(value)}")
            return ()
        arms = tuple(self._arm(entry, f"arms[{index}]") for index, entry in enumerate(value))
        keys = [arm.key for arm in arms if arm.key]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self.problems.append(f"arms must have different keys, got {key!r} more than once")
        total = math.fsum(arm.share for arm in arms)
        if all(arm.share > 0 for arm in arms) and abs(total - 1) > 1e-9:
            self.problems.append(f"shares must add up to 1, got {total:.12g}")
        return arms

    def _arm(self, value: object, subject: str) -> Arm:
        if not isinstance(value, Mapping):
            self.problems.append(f"{subject} must be an object with key and share, got {_shown(value)}")
            return Arm("", 0.0, {}, {})
        self._known(value, frozenset({"key", "share", "policy", "parameters"}), subject)
        share = self._number(value.get("share"), f"{subject}.share")
        if share is not None and not 0 < share < 1:
            self.problems.append(f"{subject}.share must be above 0 and below 1, got {share:g}")
        return Arm(
            key=self._key(value.get("key"), f"{subject}.key"),
            share=share if share is not None and 0 < share < 1 else 0.0,
            policy=self._object(value.get("policy"), f"{subject}.policy"),
            parameters=self._object(value.get("parameters"), f"{subject}.parameters"),
        )

    def _object(self, value: object, subject: str) -> Mapping[str, object]:
        if value is None:
            return {}
        if isinstance(value, Mapping):
            return dict(value)
        self.problems.append(f"{subject} must be an object, got {_shown(value)}")
        return {}

    def _number(self, value: object, subject: str) -> float | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:  # an integer beyond 1.8e308
                number = math.inf
            if math.isfinite(number):
                return number
        self.problems.append(f"{subject} must be a finite number, got {_shown(value)}")
        return None

    def _whole(self, value: object, subject: str, *, least: int, most: int) -> int | None:
        number = value
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(number, int) and not isinstance(number, bool) and least <= number <= most:
            return number
        self.problems.append(f"{subject} must be a whole number from {least} to {most}, got {_shown(value)}")
        return None

    def _outcome(self, value: object, subject: str) -> str:
        if isinstance(value, str) and value in OUTCOMES:
            return value
        self.problems.append(f"{subject} must be one of {', '.join(OUTCOMES)}, got {_shown(value)}")
        return ""

    def _primary(self, value: object) -> Primary:
        if not isinstance(value, Mapping):
            self.problems.append(f"primary must be an object with outcome and window_days, got {_shown(value)}")
            return Primary("", 1)
        self._known(value, frozenset({"outcome", "window_days", "minimal_effect"}), "primary")
        outcome = self._outcome(value.get("outcome"), "primary.outcome")
        if outcome and OUTCOMES[outcome].is_projection:
            self.problems.append(
                f"primary.outcome must be something observed; {outcome!r} is a projection and may only be secondary"
            )
        window_days = self._whole(value.get("window_days"), "primary.window_days", least=1, most=_MAX_WINDOW_DAYS)
        minimal = value.get("minimal_effect")
        effect = None if minimal is None else self._number(minimal, "primary.minimal_effect")
        if effect is not None and effect <= 0:
            self.problems.append(f"primary.minimal_effect must be above 0, got {effect:g}")
        return Primary(outcome, window_days or 1, effect)

    def _secondary(self, value: object, primary: Primary) -> tuple[str, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.problems.append(f"secondary must be a list of outcomes, got {_shown(value)}")
            return ()
        names = tuple(self._outcome(entry, f"secondary[{index}]") for index, entry in enumerate(value))
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.problems.append(f"secondary must name each outcome once, got {name!r} more than once")
        if primary.outcome and primary.outcome in names:
            self.problems.append(f"secondary must not repeat the primary outcome, got {primary.outcome!r}")
        return names

    def _guardrails(self, value: object) -> tuple[Guardrail, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.problems.append(f"guardrails must be a list of objects, got {_shown(value)}")
            return ()
        rails = tuple(self._guardrail(entry, f"guardrails[{index}]") for index, entry in enumerate(value))
        names = [rail.outcome for rail in rails if rail.outcome]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(f"guardrails must name each outcome once, got {name!r} more than once")
        return rails

    def _guardrail(self, value: object, subject: str) -> Guardrail:
        if not isinstance(value, Mapping):
            self.problems.append(f"{subject} must be an object with outcome and margin, got {_shown(value)}")
            return Guardrail("", 0.0)
        self._known(value, frozenset({"outcome", "margin"}), subject)
        outcome = self._outcome(value.get("outcome"), f"{subject}.outcome")
        if outcome and OUTCOMES[outcome].is_projection:
            self.problems.append(f"{subject}.outcome must be something observed, got {outcome!r}")
        margin = self._number(value.get("margin"), f"{subject}.margin")
        if margin is not None and margin < 0:
            self.problems.append(f"{subject}.margin must be at least 0, got {margin:g}")
        return Guardrail(outcome, margin or 0.0)

    def _planned_units(self, value: object) -> int | None:
        return None if value is None else self._whole(value, "planned_units", least=2, most=10**12)
