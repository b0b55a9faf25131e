from __future__ import annotations

from pathlib import Path

import pytest

from model.data.lists import read_list
from model.data.packs import Pack
from model.errors import PackError

COLUMNS = ("chimera", "label")
ROWS = [{"chimera": "zoë", "label": "1"}]


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_as_spreadsheets_write_it(tmp_path: Path, encoding: str, end: str) -> None:
    path = written(tmp_path, f"chimera,label{end}zoë,1{end}", encoding)
    assert read_list(path, COLUMNS) == ROWS


@pytest.mark.parametrize(
    ("text", "encoding", "says"),
    [
        ("chimera,label\nzoë,1\n", "latin-1", "CSV UTF-8"),
        ("chimera,label\nzoe,1\n", "utf-16", "CSV UTF-8"),
        ("chimera;label\nzoe;1\n", "utf-8", "separates its columns by ';': save it with commas"),
        ("chimera\tlabel\nzoe\t1\n", "utf-8", "save it with commas"),
        ("chimera,label\n" + "z" * 200_000, "utf-8", "is no CSV"),
        ("chimera\nzoe\n", "utf-8", "lacks the columns label"),
        ("", "utf-8", "lacks the columns chimera, label: its first line must name them"),
    ],
)
def test_what_is_no_such_list_is_said_with_what_to_do(
    tmp_path: Path, text: str, encoding: str, says: str
) -> None:
    with pytest.raises(PackError, match=says):
        read_list(written(tmp_path, text, encoding), COLUMNS)


def test_a_list_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be read: Is a directory"):
        read_list(tmp_path, COLUMNS)


def test_a_listed_file_that_is_none_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    header = "source,identity,file,flag\n"
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name, what in {"folder": "a folder", "loop": "a link to nothing", "x": "not there"}.items():
        (tmp_path / "faces.csv").write_text(f"{header}toy,ann,{name},\n")
        with pytest.raises(PackError, match=f"names {name}, which is {what}"):
            _ = Pack(tmp_path).faces
