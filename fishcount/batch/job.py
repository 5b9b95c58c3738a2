"""What is to be scored, as paths and options: a field, and a case of fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fishcount.errors import InputError
from fishcount.image import FishImage
from fishcount.io import read_field
from fishcount.io.options import OPTIONS, ReadingOptions
from fishcount.settings import Settings
from fishcount.slide import Slide

__all__ = ["CaseJob", "FieldJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldJob(ReadingOptions):
    """Files and options of one field; only plain values, so that it can be sent to a worker.

    Attributes
    ----------
    files : Path or mapping of str to Path
        The image, a pattern of files, or one grey file for each role.
    channels, rgb, axes, series, pixel_size_um, z_step_um, offset_counts
        As for `fishcount.read_image`.
    roi, labels : Path, optional
        GeoJSON of the region to be scored; a segmentation in place of ours.
    """

    files: Path | Mapping[str, Path]
    roi: Path | None = None
    labels: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are named, which need not be all that are read."""
        return (self.files,) if isinstance(self.files, Path) else tuple(self.files.values())

    @property
    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in OPTIONS}

    def read(self, *, name: str, settings: Settings) -> FishImage | Slide:
        """The image, or a slide where it is large; raises as `fishcount.read_image`."""
        return read_field(
            self.files,
            # A segmentation of one's own is an image in memory, so its field is, too.
            whole=self.labels is not None,
            roi=self.roi,
            name=name,
            settings=settings.reading,
            **self._options,
        )

    def reading(self) -> dict[str, Any]:
        """How it is read, as plain data: `fishcount.io.read_scored_image` reads it so again."""
        files = self.files
        return {
            "files": str(files)
            if isinstance(files, Path)
            else {role: str(path) for role, path in files.items()},
            **{
                name: dict(value) if isinstance(value, Mapping) else value
                for name, value in self._options.items()
                if value is not None
            },
            **({"roi": str(self.roi)} if self.roi else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseJob:
    """A case to be scored: its fields, and the options that were given for it.

    Attributes
    ----------
    name : str
        Name of the case, and of its folder in a batch.
    fields : tuple of FieldJob
    ihc : str, optional
    faint_staining : bool
        As for `fishcount.score_case`.
    scheme_files : tuple of Path
        Schemes beside those of the settings.
    settings : Settings
    """

    name: str
    fields: tuple[FieldJob, ...]
    ihc: str | None = None
    faint_staining: bool = False
    scheme_files: tuple[Path, ...] = ()
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError("a case without a name", field="name", found=repr(self.name))

    @property
    def files_beside(self) -> tuple[Path, ...]:
        """Files that shape the result and are not images."""
        regions = [path for one in self.fields for path in (one.roi, one.labels) if path]
        return tuple(dict.fromkeys((*regions, *self.scheme_files)))
