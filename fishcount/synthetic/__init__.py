"""Draw HER2 FISH fields and stacks whose truth is known exactly.

Start with `simulate_case`; `FieldSpec` holds every knob, `draw_field` and `draw_stack` draw one
field, `write_phantom` writes image and truth side by side.
"""

from fishcount.optics import diffraction_sigma_um
from fishcount.synthetic.cases import SNR_LEVELS, random_spec, simulate_case, spec_of_case
from fishcount.synthetic.field import draw_field, draw_stack
from fishcount.synthetic.files import read_truth, write_case, write_image, write_phantom
from fishcount.synthetic.population import CASES, Kind, NucleusCopies, draw_copies, population_of
from fishcount.synthetic.saturation import SaturationCurve, resolvable_copies, saturation_curve
from fishcount.synthetic.spec import (
    Artefacts,
    Background,
    Camera,
    FieldSpec,
    NucleusShapes,
    Optics,
    SignalShapes,
)
from fishcount.synthetic.truth import NucleiTruth, SpotKind, SpotsTruth, Truth

__all__ = [
    "CASES",
    "SNR_LEVELS",
    "Artefacts",
    "Background",
    "Camera",
    "FieldSpec",
    "Kind",
    "NucleiTruth",
    "NucleusCopies",
    "NucleusShapes",
    "Optics",
    "SaturationCurve",
    "SignalShapes",
    "SpotKind",
    "SpotsTruth",
    "Truth",
    "diffraction_sigma_um",
    "draw_copies",
    "draw_field",
    "draw_stack",
    "population_of",
    "random_spec",
    "read_truth",
    "resolvable_copies",
    "saturation_curve",
    "simulate_case",
    "spec_of_case",
    "write_case",
    "write_image",
    "write_phantom",
]
