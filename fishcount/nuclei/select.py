"""Which nuclei are scored: a rule over flags, and the reason for those that are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import SettingsError
from fishcount.flags import FLAGS, Subject
from fishcount.settings import SelectionSettings

__all__ = ["select_nuclei"]

# What could not be measured is not scored, whichever nuclei a caller wants to see scored.
_ALWAYS = "FIELD_NOT_EVALUABLE"


def select_nuclei(
    flags: NDArray[np.uint32], *, settings: SelectionSettings | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Which nuclei may be scored, and why not.

    Parameters
    ----------
    flags : ndarray of uint32, (n,)
        Bit masks of `fishcount.flags` for nuclei.
    settings
        Which flags keep a nucleus from being scored, in the order in which they are named.

    Returns
    -------
    scored : ndarray of bool, (n,)
    reject_reason : ndarray of str, (n,)
        FIELD_NOT_EVALUABLE where the nucleus carries that, whatever the settings say; else the
        first flag of `settings.reject` that it carries; empty where it is scored.

    Raises
    ------
    SettingsError
        When `settings.reject` names what is not a flag of a nucleus.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.flags import mask_of
    >>> flags = np.array([0, mask_of(["TOO_SMALL", "BORDER"])], np.uint32)
    >>> scored, reason = select_nuclei(flags)
    >>> scored.tolist(), reason.tolist()
    ([True, False], ['', 'BORDER'])
    """
    settings = SelectionSettings.of(settings)
    flags = np.asarray(flags, np.uint32)
    width = max((len(code) for code in FLAGS), default=1)
    reason = np.full(flags.shape, "", f"<U{width}")
    for code in reversed((_ALWAYS, *settings.reject)):
        flag = FLAGS.get(code)
        if flag is None or flag.subject is not Subject.NUCLEUS:
            raise SettingsError("not a flag of a nucleus", field="selection.reject", found=code)
        reason[(flags >> np.uint32(flag.bit)) & np.uint32(1) == 1] = code
    return reason == "", reason
