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
    head = "| run | figure | counted | seed | date, machine |\n|---|---|---|---|---|"
    rows = f"| `hatch run chaos` | duplicates | 0 | 7 | {where} |\n| `hatch run chaos` | lost | 1 | 7 | {where} |"
    marks = "<!-- figures: begin -->", "<!-- figures: end -->"
    assert page.read_text() == f"before\n{marks[0]}\n{head}\n{rows}\n{marks[1]}\nafter\n"
