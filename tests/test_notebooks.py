"""The notebooks hold no results, and run from top to bottom."""

import json
import shutil

import pytest

from project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert [cell["source"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert book["metadata"]["kernelspec"]["name"] == "python3"  # and no environment of one machine


@pytest.mark.slow
def test_they_run_one_after_the_other(tmp_path, monkeypatch):
    """In a copy of the project, so that data and tracking stay in there."""
    import nbformat
    from nbclient import NotebookClient

    for name in ("conf", "notebooks", "src"):
        ignored = shutil.ignore_patterns("local", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "conf" / "local").mkdir()
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setenv("STYLEFUSE_ENV", "test")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for path in sorted((tmp_path / "notebooks").glob("*.ipynb")):
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        NotebookClient(book, timeout=600, resources={"metadata": {"path": path.parent}}).execute()
        shown = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
        assert any("image/png" in out.get("data", {}) for out in shown)
    assert (tmp_path / "mlflow.db").is_file()
    assert (tmp_path / "data" / "test" / "06_models" / "generator.safetensors").is_file()
