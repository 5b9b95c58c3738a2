"""Takes the pictures of the napari window that the documentation shows.

Run it where there is a screen, or under Xvfb::

    xvfb-run -s "-screen 0 1500x950x24" python docs/take_screenshots.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication

from napari_fishcount import samples
from napari_fishcount.layers import LayerTuple, add_layers
from napari_fishcount.widget import ScoreWidget, score_image

IMAGES = Path(__file__).parent / "images"


def take(draw: Callable[[], list[LayerTuple]], path: Path, *, zoom: float) -> None:
    """Score a sample in a real window and save what is seen."""
    viewer = napari.Viewer(title="fishcount", show=True)
    viewer.window.resize(1400, 860)
    add_layers(viewer, draw())
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Score HER2 FISH")
    layers = widget.chosen_layers()
    image = layers["DAPI"].metadata["fishcount"]["image"]
    widget.show_case(score_image(image, ihc=None))
    viewer.reset_view()
    viewer.scene.camera.zoom *= zoom
    viewer.canvas.overlays.scale_bar.visible = True
    for _ in range(20):
        QApplication.processEvents()
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    viewer.close()
    # A palette holds what there is to see, in a third of the bytes.
    Image.fromarray(pixels[..., :3]).quantize(160, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    take(samples.amplified, IMAGES / "napari.png", zoom=1.15)
