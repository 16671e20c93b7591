"""Draws the pictures of the demo's data set: `python examples/medcmr_demo/draw.py`. No patient was ever near them.

They are schemes with noise of a fixed seed, so that every run draws the same bytes for the same version of Pillow.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 256
FOLDER = Path(__file__).parent / "imgs"
Drawing = ImageDraw.ImageDraw


def chest(draw: Drawing) -> None:
    """Two lungs, spine, ribs, heart. The patient's right is on the viewer's left."""
    draw.rectangle((0, 0, SIZE, SIZE), fill=70)
    draw.ellipse((10, 10, 246, 300), fill=140)
    draw.ellipse((34, 38, 120, 226), fill=40)
    draw.ellipse((136, 38, 222, 226), fill=40)
    draw.rectangle((119, 0, 137, SIZE), fill=190)
    draw.ellipse((108, 130, 184, 216), fill=165)
    for at in range(52, 210, 26):
        draw.arc((20, at - 30, 124, at + 30), 200, 350, fill=95, width=3)
        draw.arc((132, at - 30, 236, at + 30), 190, 340, fill=95, width=3)


def chest_nodule(draw: Drawing) -> None:
    chest(draw)
    draw.ellipse((66, 78, 80, 92), fill=200)


def chest_effusion(draw: Drawing) -> None:
    chest(draw)
    draw.polygon([(136, 160), (180, 150), (222, 128), (222, 230), (136, 230)], fill=195)


def pneumothorax(draw: Drawing) -> None:
    chest(draw)
    draw.ellipse((34, 38, 120, 226), fill=14)
    draw.ellipse((62, 62, 122, 220), fill=52, outline=150, width=2)


def radius_fracture(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=25)
    draw.rounded_rectangle((70, 0, 190, 256), 40, fill=65)
    draw.rounded_rectangle((92, -10, 114, 200), 10, fill=205)
    draw.polygon([(140, -10), (164, -10), (166, 138), (138, 142)], fill=205)
    draw.polygon([(144, 150), (172, 145), (180, 208), (140, 208)], fill=205)
    for at in (88, 112, 136, 160):
        draw.ellipse((at, 212, at + 24, 234), fill=185)


def brain_bleed(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=8)
    draw.ellipse((30, 16, 226, 242), fill=235)
    draw.ellipse((42, 28, 214, 230), fill=105)
    draw.line([(128, 30), (122, 128), (128, 228)], fill=60, width=2)
    draw.ellipse((96, 96, 118, 156), fill=45)
    draw.ellipse((128, 100, 146, 150), fill=45)
    draw.chord((168, 70, 232, 190), 95, 265, fill=215)
    draw.pieslice((150, 66, 214, 192), 285, 75, fill=215)


def gallstone(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=6)
    draw.pieslice((-70, -130, 326, 266), 40, 140, fill=85)
    draw.ellipse((66, 86, 190, 176), fill=12, outline=150, width=2)
    draw.polygon([(118, 168), (142, 168), (158, 262), (102, 262)], fill=4)
    draw.ellipse((116, 150, 144, 172), fill=245)


def kidney_stone(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=6)
    draw.ellipse((8, 36, 248, 224), fill=75)
    draw.ellipse((108, 140, 148, 184), fill=225)
    for left in (52, 160):
        draw.ellipse((left, 116, left + 46, 176), fill=135)
        draw.ellipse((left + 14, 134, left + 32, 160), fill=90)
    draw.ellipse((178, 142, 186, 150), fill=255)


def ecg_af(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=245)
    for at in range(0, SIZE, 16):
        draw.line((at, 0, at, SIZE), fill=215)
        draw.line((0, at, SIZE, at), fill=215)
    beats = (14, 52, 78, 128, 150, 196, 236)
    points = []
    for x in range(SIZE):
        wave = 128 + 3 * math.sin(x * 0.9) + 2 * math.sin(x * 1.7)
        near = min(beats, key=lambda beat, at=x: abs(beat - at)) - x  # type: ignore[misc]  # a bound default
        points.append((x, wave - 78 * max(0, 1 - abs(near) / 3) + 16 * max(0, 1 - abs(near + 5) / 3)))
    draw.line(points, fill=20, width=2)


def skin_lesion(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=(226, 184, 160))
    edge = [
        (
            128 + (52 + 12 * math.sin(3 * a) + 6 * math.cos(7 * a)) * math.cos(a) * 1.3,
            128 + (50 + 9 * math.sin(5 * a)) * math.sin(a),
        )
        for a in (math.tau * k / 90 for k in range(90))
    ]
    draw.polygon(edge, fill=(112, 66, 42))
    draw.ellipse((120, 92, 178, 140), fill=(58, 34, 26))
    draw.ellipse((84, 118, 122, 156), fill=(150, 98, 62))
    draw.ellipse((132, 140, 156, 162), fill=(36, 26, 28))


def fundus(draw: Drawing) -> None:
    draw.rectangle((0, 0, SIZE, SIZE), fill=(4, 4, 4))
    draw.ellipse((8, 8, 248, 248), fill=(188, 82, 34))
    draw.ellipse((176, 106, 216, 146), fill=(246, 214, 140))
    for bend in (-70, -34, 34, 70):
        path = [(196 - 18 * k, 126 + bend * math.sin(k / 6)) for k in range(10)]
        draw.line(path, fill=(128, 28, 22), width=3)
    draw.ellipse((84, 112, 116, 144), fill=(146, 56, 26))
    dots = random.Random(5)
    for colour, size, count in (((110, 10, 12), 4, 9), ((250, 226, 120), 3, 12)):
        for _ in range(count):
            x, y = 100 + dots.gauss(0, 30), 128 + dots.gauss(0, 30)
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)


GREY: tuple[Callable[[Drawing], None], ...] = (
    chest_nodule,
    chest_effusion,
    pneumothorax,
    radius_fracture,
    brain_bleed,
    gallstone,
    kidney_stone,
    ecg_af,
)
COLOUR: tuple[Callable[[Drawing], None], ...] = (skin_lesion, fundus)


def finished(picture: Image.Image, seed: int) -> Image.Image:
    """Soft edges and grain; few tones, so that the file is small."""
    grain = Image.new("L", (SIZE // 2, SIZE // 2))
    noise = random.Random(seed)
    grain.putdata([noise.randrange(96, 160) for _ in range((SIZE // 2) ** 2)])
    grain = grain.resize((SIZE, SIZE)).convert(picture.mode)
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(1.2)), grain, 0.1).quantize(24)


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    for seed, paint in enumerate((*GREY, *COLOUR)):
        picture = Image.new("L" if paint in GREY else "RGB", (SIZE, SIZE))
        paint(ImageDraw.Draw(picture))
        finished(picture, seed).save(FOLDER / f"{paint.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
