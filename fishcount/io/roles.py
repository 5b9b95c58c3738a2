"""Which channel of a file is DAPI, HER2 or CEP17: as told, or guessed from usual names.

Guesses match whole names only: a damaged "HER3" or "CEP11" must not pass for a probe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from fishcount.errors import ChannelError
from fishcount.flags import Finding
from fishcount.image import DAPI, ROLES
from fishcount.io.series import Series

__all__ = ["COLOURS", "assign_roles", "check_roles", "guess_role"]

COLOURS = ("red", "green", "blue")
_RGB = "give --rgb red=HER2,green=CEP17,blue=DAPI"

# The common HER2/CEP17 kits label HER2 in orange to red and the centromere in green.
_USUAL_NAMES = {
    DAPI: ("dapi", "hoechst", "hoechst33342", "hoechst33258", "dapihoechst"),
    "HER2": (
        "her2",
        "erbb2",
        "her2neu",
        "her2erbb2",
        "spectrumorange",
        "sporange",
        "spectrumred",
        "texasred",
        "txred",
    ),
    "CEP17": ("cep17", "cen17", "cenp17", "ch17cen", "d17z1", "spectrumgreen", "spgreen", "fitc"),
}
_ROLE_OF = {name: role for role, names in _USUAL_NAMES.items() for name in names}


def guess_role(name: str) -> str | None:
    """Role of a channel by its name in the file; None when the name is not a usual one.

    A compound name such as "HER2 (SpectrumOrange)" counts when all of its parts agree.

    Examples
    --------
    >>> from fishcount.io import guess_role
    >>> guess_role("Spectrum Orange"), guess_role("Hoechst 33342"), guess_role("Cy5")
    ('HER2', 'DAPI', None)
    >>> guess_role("CEN17 SpectrumGreen"), guess_role("HER2 CEP17")
    ('CEP17', None)
    """
    whole = _ROLE_OF.get(_letters(name))
    if whole is not None:
        return whole
    roles = set(_roles_of_parts(name))
    return roles.pop() if len(roles) == 1 else None


def _roles_of_parts(name: str) -> Iterator[str | None]:
    """Role of each part of a compound name: as many words as make a usual name, or one."""
    words = [_letters(word) for word in re.split(r"[\s()\[\]/|,;:_+-]+", name)]
    words = [word for word in words if word]
    start = 0
    while start < len(words):
        ends = range(len(words), start, -1)
        known = (end for end in ends if "".join(words[start:end]) in _ROLE_OF)
        end = next(known, start + 1)
        part = "".join(words[start:end])
        if not part.isdecimal():
            yield _ROLE_OF.get(part)
        start = end


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def assign_roles(
    series: Series,
    *,
    channels: Mapping[str, str | int] | Sequence[str] | None,
    rgb: Mapping[str, str] | None,
    file: str,
) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """Index of the channel for each role, and the findings of guessing.

    Parameters
    ----------
    series
        The image whose channels are to be named.
    channels
        Role -> name or index of the channel; or the role of each channel in order, "-" for one
        that is left out; or None to guess.
    rgb
        Colour -> role, for a merge.
    file
        For messages.

    Raises
    ------
    ChannelError
        When a channel is unknown, missing, or named more than once.
    """
    if rgb is not None:
        if channels is not None:
            raise ChannelError(
                "both channels and rgb were given",
                file=file,
                remedy="give one of them",
            )
        indices = _by_colour(series, rgb, file)
        return indices, _unused(series, indices)
    if channels is None:
        if series.colour:
            raise ChannelError(
                "a colour merge: which colour is which probe?",
                file=file,
                remedy=_RGB,
            )
        return _by_guess(series, file)
    if isinstance(channels, str):
        raise ChannelError("channels is text", file=file, expected="a mapping or a sequence")
    if isinstance(channels, Mapping):
        indices = _by_name(series, channels, file)
        return indices, _unused(series, indices)
    return _by_order(series, channels, file), ()


def _unused(series: Series, indices: Mapping[str, int]) -> tuple[Finding, ...]:
    """A finding for a case of one probe whose file holds channels that nobody named.

    A caller who names DAPI and HER2 alone may have forgotten CEP17, and would not see why there is
    no ratio.
    """
    left = [i for i in range(series.sizes[0]) if i not in indices.values()]
    if "CEP17" in indices or not left:
        return ()
    names = ", ".join(series.channel_names[i] or f"channel {i}" for i in left)
    return (Finding("CHANNELS_UNUSED", detail=names),)


def _by_colour(series: Series, rgb: Mapping[str, str], file: str) -> dict[str, int]:
    if not series.colour:
        raise ChannelError(
            "--rgb was given, but this is not a colour merge",
            file=file,
            found=_listed(series),
            remedy="name its channels with --channel ROLE=NAME; several grey files go in with "
            "--channel ROLE=FILE, without FIELD",
        )
    unknown = [colour for colour in rgb if colour not in COLOURS]
    if unknown:
        raise ChannelError(
            "unknown colour",
            file=file,
            field="--rgb",
            found=unknown[0],
            expected=", ".join(COLOURS),
            remedy=_RGB,
        )
    if len(set(rgb.values())) != len(rgb):
        raise ChannelError(
            "two colours for one role",
            file=file,
            field="--rgb",
            remedy="name each role once",
        )
    colours = {role: colour for colour, role in rgb.items()}
    check_roles(colours, file, remedy=_RGB)
    return _by_name(series, colours, file)


def _by_name(series: Series, channels: Mapping[str, str | int], file: str) -> dict[str, int]:
    check_roles(channels, file)
    indices = {role: _index_of(series, key, role, file) for role, key in channels.items()}
    if len(set(indices.values())) != len(indices):
        raise ChannelError(
            "one channel for two roles",
            file=file,
            found=", ".join(f"{role}={key}" for role, key in channels.items()),
            remedy="name each channel once",
        )
    return indices


def _by_order(series: Series, channels: Sequence[str], file: str) -> dict[str, int]:
    if len(channels) != series.sizes[0]:
        raise ChannelError(
            "number of channel roles",
            file=file,
            found=len(channels),
            expected=f"{series.sizes[0]}, one for each channel, '-' for one to leave out",
            remedy="if pages are planes too, say how they are stored with --axes ZCYX or CZYX"
            if "Q" in series.axes
            else None,
        )
    named = {role: index for index, role in enumerate(channels) if role not in ("-", "")}
    if len(named) != sum(role not in ("-", "") for role in channels):
        raise ChannelError(
            "a role is named twice",
            file=file,
            found=", ".join(channels),
            remedy="name each role once",
        )
    check_roles(named, file)
    return named


def _by_guess(series: Series, file: str) -> tuple[dict[str, int], tuple[Finding, ...]]:
    if series.sizes[0] == 1:
        raise ChannelError(
            "only one channel",
            file=file,
            found=_listed(series),
            remedy="give one file for each: --channel DAPI=FILE --channel HER2=FILE "
            "--channel CEP17=FILE",
        )
    if not any(series.channel_names):
        raise ChannelError(
            f"its {series.sizes[0]} channels have no names",
            file=file,
            remedy="name them with --channel DAPI=0 --channel HER2=1 --channel CEP17=2, "
            "counting from 0",
        )
    indices = _guessed(series, file)
    lacking = [role for role in (DAPI, "HER2") if role not in indices]
    if lacking:
        raise ChannelError(
            f"no channel is known to be {' or '.join(lacking)}",
            file=file,
            found=_listed(series),
            remedy=_name_all(indices),
        )
    if "CEP17" not in indices and series.sizes[0] > len(indices):
        # Not taken for a single-probe case: the probe may hide behind an unusual name.
        raise ChannelError(
            "no channel is known to be CEP17, and one has no role",
            file=file,
            found=_listed(series),
            remedy=f"{_name_all(indices)}; a case of one probe: only DAPI and HER2",
        )
    guesses = [
        f"{role} = {series.channel_names[index]!r}"
        for role, index in indices.items()
        if series.channel_names[index].strip().upper() != role
    ]
    unsure = (Finding("ROLES_GUESSED", detail=", ".join(guesses)),) if guesses else ()
    return indices, unsure


def _guessed(series: Series, file: str) -> dict[str, int]:
    """The channel of each role that a name tells; no two may claim the same."""
    indices: dict[str, int] = {}
    for index, name in enumerate(series.channel_names):
        role = guess_role(name)
        if role is None:
            continue
        if role in indices:
            raise ChannelError(
                f"two channels may be {role}",
                file=file,
                found=_listed(series),
                remedy=_name_all({}),
            )
        indices[role] = index
    return indices


def _name_all(known: Mapping[str, int]) -> str:
    """The options that name every role: one that is left out would make it a single-probe case."""
    options = [f"--channel {role}={known.get(role, 'NAME')}" for role in ROLES]
    return f"name every channel by its name or its number: {' '.join(options)}"


def check_roles(
    roles: Mapping[str, object],
    file: str,
    *,
    remedy: str = "give --channel once for each of DAPI, HER2 and CEP17",
) -> None:
    """Make sure that all roles are known, and DAPI and HER2 among them; else a `remedy`.

    Raises
    ------
    ChannelError
    """
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise ChannelError(f"unknown role {unknown[0]!r}", file=file, expected=" or ".join(ROLES))
    lacking = [role for role in (DAPI, "HER2") if role not in roles]
    if lacking:
        given = ", ".join(f"{role}={what}" for role, what in roles.items())
        raise ChannelError(
            f"no channel was given for {' and '.join(lacking)}",
            file=file,
            found=given or None,
            remedy=remedy,
        )


def _index_of(series: Series, key: str | int, role: str, file: str) -> int:
    names = [name.casefold() for name in series.channel_names]
    if isinstance(key, str):
        hits = [i for i, name in enumerate(names) if name and name == key.strip().casefold()]
        if len(hits) == 1:
            return hits[0]
        if len(hits) > 1:
            raise ChannelError(
                f"{len(hits)} channels are named {key!r}",
                file=file,
                found=_listed(series),
                remedy=f"give the number instead, counting from 0: --channel {role}={hits[0]}",
            )
        if not key.strip().isdecimal():
            raise ChannelError(
                f"no channel is named {key!r}",
                file=file,
                found=_listed(series),
                remedy=f"choose one of these with --channel {role}=NAME",
            )
    index = int(key)
    if not 0 <= index < series.sizes[0]:
        raise ChannelError(
            f"no channel number {index} for {role}",
            file=file,
            expected=f"0 to {series.sizes[0] - 1}",
        )
    return index


def _listed(series: Series) -> str:
    return ", ".join(name or f"(channel {i})" for i, name in enumerate(series.channel_names))
