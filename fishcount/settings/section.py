"""What sections have in common: frozen, checked, shown by what differs from the defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from fishcount.errors import SettingsError
from fishcount.models import CheckedModel

__all__ = ["Fraction", "Positive", "Section"]

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(CheckedModel):
    """A model of settings: SettingsError for an unknown key or a value that does not hold."""

    model_config = ConfigDict(validate_default=True, allow_inf_nan=False)

    @classmethod
    def of(cls, given: Self | None) -> Self:
        """What a caller gave, or the defaults where that is None; SettingsError for all else."""
        if given is None:
            return cls()
        if not isinstance(given, cls):
            raise SettingsError(
                "are of another kind",
                field="settings",
                found=type(given).__name__,
                expected=cls.__name__,
                remedy="read a file with fishcount.settings.read_settings, or make them: "
                f"{cls.__name__}(...)",
            )
        return given

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false for all but switches: Python takes them for 1 and 0."""
        if (
            isinstance(value, bool)
            and cls.model_fields[str(info.field_name)].annotation is not bool
        ):
            raise PydanticCustomError("truth_for_number", "Input should not be true or false")
        return value

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show only what differs from the defaults."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, value
