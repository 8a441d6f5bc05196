import json

from reliability import figures


def test_the_page_has_a_row_for_each_figure_of_each_run(tmp_path, monkeypatch):
    page = tmp_path / "reliability.md"
    page.write_text("before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n")
    monkeypatch.setattr(figures, "_FOLDER", tmp_path / "figures")
    monkeypatch.setattr(figures, "_PAGE", page)
    monkeypatch.setattr(figures.table, "__defaults__", (tmp_path / "figures",))
    figures.record("storm", {"duplicates": 0, "lost": 1}, "hatch run chaos", seed=7)
    assert figures.main([]) == 0
    kept = json.loads((tmp_path / "figures" / "storm.json").read_text())
    where = f"{kept['date']}, {kept['cores']} cores, {kept['system']}, Python {kept['python']}"
    said = f"`hatch run chaos` (seed 7, {where}):"
    rows = "| figure | counted |\n|---|---|\n| duplicates | 0 |\n| lost | 1 |"
    marks = "<!-- figures: begin -->", "<!-- figures: end -->"
    assert page.read_text() == f"before\n{marks[0]}\n\n{said}\n\n{rows}\n\n{marks[1]}\nafter\n"
