"""Whether the fields of a case have one pixel size, as those of one objective do."""

from __future__ import annotations

from collections.abc import Mapping

from fishcount.flags import Finding

__all__ = ["calibration_findings"]

# Files round their pixel size; objectives differ by far more.
_ALIKE = 0.01
# So many fields are named for each size.
_NAMED = 3


def calibration_findings(pixel_size_um: Mapping[str, float]) -> tuple[Finding, ...]:
    """PIXEL_SIZES_DIFFER where fields of a case differ in it by more than 1 %; else nothing.

    Other objectives are no fault, but a size that was mistyped for one field is, and nothing else
    tells: areas, distances and the width of a signal follow from it.

    Parameters
    ----------
    pixel_size_um
        Of each field, by name; none is fine.

    Examples
    --------
    >>> from fishcount.scoring import calibration_findings
    >>> calibration_findings({"field_1": 0.1, "field_2": 0.2})[0].detail
    '0.1 µm in field_1; 0.2 µm in field_2'
    """
    sizes = pixel_size_um.values()
    if not sizes or max(sizes) <= (1 + _ALIKE) * min(sizes):
        return ()
    fields: dict[str, list[str]] = {}
    for name, size in pixel_size_um.items():
        fields.setdefault(f"{size:.4g} µm", []).append(name)
    detail = "; ".join(f"{size} in {_named(names)}" for size, names in fields.items())
    return (Finding("PIXEL_SIZES_DIFFER", detail=detail),)


def _named(names: list[str]) -> str:
    """Names of fields, of many the first."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
