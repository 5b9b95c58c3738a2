"""Which schemes a case is evaluated under."""

from __future__ import annotations

from collections.abc import Iterable

from fishcount.errors import SchemeError
from fishcount.guidelines.explain import HEADLINE
from fishcount.guidelines.library import builtin_schemes, find_scheme
from fishcount.guidelines.scheme import Scheme
from fishcount.settings import ScoringSettings

__all__ = ["chosen_schemes", "listed_schemes", "with_own"]


def with_own(
    own: Iterable[Scheme], *, dual: bool, settings: ScoringSettings | None = None
) -> tuple[Scheme, ...]:
    """The schemes of the settings that the data allow, and one's own: `schemes` of `classify`.

    `seed-copies` and those of ASCO/CAP 2018 are among them, whatever the settings list.

    Parameters
    ----------
    own
        Schemes from files. They stay whatever the data are: where one cannot be decided, its
        category says so.
    dual
        Whether CEP17 was counted.
    settings
        Defaults when left out.

    Raises
    ------
    SchemeError
        For an unknown scheme, one of one's own with the identifier of another, or a scheme of the
        headline that is not evaluated.
    """
    settings = ScoringSettings.of(settings)
    missing = [name for name in HEADLINE if name not in settings.schemes]
    listed = [find_scheme(name) for name in dict.fromkeys((*missing, *settings.schemes))]
    own = tuple(own)
    known = [*builtin_schemes(), *(scheme.id for scheme in own)]
    twice = [scheme.id for scheme in own if known.count(scheme.id) > 1]
    if twice:
        raise SchemeError(
            "there is such a scheme already",
            field="id",
            found=twice[0],
            remedy="give your scheme an identifier of its own",
        )
    evaluated = [scheme.id for scheme in (*listed, *own)]
    lacking = [name for name in settings.headline if name not in evaluated]
    if lacking:
        raise SchemeError(
            "a scheme of the headline is not evaluated",
            field="scoring.headline",
            found=", ".join(lacking),
            expected=", ".join(evaluated),
            remedy="name it in scoring.schemes, too",
        )
    return (*(scheme for scheme in listed if dual or scheme.probes != "dual"), *own)


def chosen_schemes(
    schemes: Iterable[str | Scheme] | None, *, dual: bool, settings: ScoringSettings
) -> list[Scheme]:
    """The schemes that were asked for; those of the settings that the data allow, where None."""
    asked = listed_schemes(schemes)
    if asked is None:
        asked = with_own((), dual=dual, settings=settings)
    return [find_scheme(one) if isinstance(one, str) else one for one in asked]


def listed_schemes(
    schemes: Iterable[str | Scheme] | None,
) -> tuple[str | Scheme, ...] | None:
    """The schemes that were asked for, to be gone through more than once; None for None.

    Raises SchemeError for what is neither a scheme nor an identifier, and where there is none.
    """
    if schemes is None:
        return None
    if isinstance(schemes, str | Scheme):
        return (schemes,)  # One identifier, not its letters.
    listed = tuple(schemes) if isinstance(schemes, Iterable) else (schemes,)
    if not listed:
        raise SchemeError(
            "no scheme to decide by",
            field="schemes",
            found="none",
            remedy="leave it out for those of the settings",
        )
    for one in listed:
        if not isinstance(one, str | Scheme):
            raise SchemeError(
                "no scheme",
                field="schemes",
                found=type(one).__name__,
                expected="identifiers such as 'gea-ratio', or schemes from read_scheme",
            )
    return listed
