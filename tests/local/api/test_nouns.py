import pytest


def test_the_seeded_team_is_there(simulated):
    (team,) = simulated.get("/teams")["teams"]

    assert team["id"] == simulated.chamber.team
    assert simulated.get(f"/teams/{team['id']}") == team


def test_a_team_is_made_below_another(simulated):
    parent = simulated.chamber.team
    made = simulated("POST", "/v1/teams", {"name": "ML", "description": "…", "parent_id": parent, "tags": {"a": "b"}})

    assert made.status == 201
    assert simulated.get(f"/teams/{made.data['id']}") == made.data
    assert simulated.submit(initiative_id=made.data["id"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a", "description": "x" * 1001}, "description"),
        ({"name": "a", "parent_id": "init_none"}, "parent_id"),
    ],
)
def test_a_wrong_team_is_refused(simulated, fields, field):
    answer = simulated("POST", "/v1/teams", fields)

    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, field)


def test_templates_are_found_by_name_and_scope(simulated):
    (template,) = simulated.get("/templates?name=HEL&scope=ORGANIZATION")["templates"]

    assert simulated.get("/templates/tmpl_hello") == template
    assert simulated.get("/templates?include_system=false")["templates"] == []
    assert simulated.get("/templates?scope=PERSONAL")["templates"] == []
    assert simulated("GET", "/v1/templates?scope=WORLD").status == 400


def test_the_seeded_template_runs(call):
    workload = call.wait(call.submit(template_id="tmpl_hello"), "completed")

    assert call.chamber.logs(workload["workload_id"]) == "hello from Chamber\n"


def test_an_allocation_is_made_and_listed_by_team(simulated):
    asked = {"initiative_id": simulated.chamber.team, "reservation_id": "res-1", "allocated_instances": 4}
    made = simulated("POST", "/v1/customer/allocations", asked)

    assert made.status == 201
    assert made.data["status"] == "ACTIVE"
    assert simulated.get(f"/customer/allocations/{made.data['id']}") == made.data
    assert simulated.get("/customer/allocations?initiative_id=init_local")["allocations"] == [made.data]
    assert simulated.get("/customer/allocations?initiative_id=other")["allocations"] == []


def test_an_allocation_of_an_unknown_team_is_refused(simulated):
    asked = {"initiative_id": "none", "reservation_id": "res-1", "allocated_instances": 4}

    assert simulated("POST", "/v1/customer/allocations", asked).status == 400


@pytest.mark.parametrize("path", ["/teams/x", "/templates/x", "/customer/allocations/x", "/capacity?pool_id=x", "/x"])
def test_what_is_not_there_is_not_found(simulated, path):
    answer = simulated("GET", f"/v1{path}")

    assert (answer.status, answer.json["error"]["code"]) == (404, "NOT_FOUND")


def test_capacity_tells_what_is_held(simulated):
    workload = simulated.submit(requested_gpus=3, metadata={"simulated_seconds": 600})
    simulated.wait(workload, "running")

    capacity = simulated.get("/capacity")

    pools = {pool["pool_id"]: pool for pool in capacity["pools"]}
    held = pools["pool_h100"]
    assert (held["total_gpus"], held["used_gpus"], held["available_gpus"]) == (8, 3, 5)
    assert held["instance_types"] == ["H100"]
    assert held["used_gpu_hours"] > 0 == pools["pool_a100"]["used_gpu_hours"]
    summary = capacity["summary"]
    assert summary["current_active_gpus"] == 3
    assert (
        summary["total_remaining_gpu_hours"] == summary["total_allocated_gpu_hours"] - summary["total_used_gpu_hours"]
    )
    assert capacity["initiatives"][0]["initiative_id"] == "init_local"


def test_the_capacity_of_a_team_counts_the_work_of_the_teams_below_it(simulated):
    below = simulated("POST", "/v1/teams", {"name": "below", "parent_id": simulated.chamber.team}).data["id"]
    workload = simulated.submit(initiative_id=below, requested_gpus=4, metadata={"simulated_seconds": 3600})
    simulated.wait(workload, "running")
    simulated.chamber.clock.advance(1800)

    whole = {team["initiative_id"]: team for team in simulated.get("/capacity")["initiatives"]}
    alone = simulated.get(f"/capacity?initiative_id={simulated.chamber.team}")

    assert whole[below]["used_gpu_hours"] == pytest.approx(2, abs=0.1)
    assert whole[simulated.chamber.team]["used_gpu_hours"] == pytest.approx(2, abs=0.1)
    assert alone["initiatives"][0]["used_gpu_hours"] == pytest.approx(2, abs=0.1)
    assert sum(pool["used_gpu_hours"] for pool in alone["pools"]) == pytest.approx(2, abs=0.1)


def test_capacity_of_one_pool(simulated):
    assert [pool["pool_id"] for pool in simulated.get("/capacity?pool_id=pool_a100")["pools"]] == ["pool_a100"]


def test_statistics_sum_up_and_group(simulated):
    simulated.wait(simulated.submit())
    simulated.wait(simulated.submit(gpu_type="A100"))
    simulated.wait(simulated.submit(gpu_type="H200"), "failed")

    told = simulated.get("/workloads/stats?group_by=instance_type,initiative_id")

    assert told["summary"]["total_workloads"] == 3
    assert told["summary"]["success_rate"] == pytest.approx(2 / 3)
    types = {group["instance_type"]: group for group in told["grouped"] if "instance_type" in group}
    assert {name: group["workload_count"] for name, group in types.items()} == {"A100": 1, "H100": 1, "H200": 1}
    assert types["H200"]["success_rate"] == 0
    assert [group["initiative_id"] for group in told["grouped"] if "initiative_id" in group] == ["init_local"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("time_range=today", 1),
        ("time_range=this_week", 1),
        ("time_range=this_month", 1),
        ("time_range=last_30_days", 1),
        ("time_range=custom&start_date=2000-01-01&end_date=2001-01-01", 0),
        ("time_range=custom&start_date=2000-01-01", 1),
        ("initiative_id=other", 0),
    ],
)
def test_statistics_are_of_a_stretch_of_time(simulated, query, count):
    simulated.wait(simulated.submit())

    assert simulated.get(f"/workloads/stats?{query}")["summary"]["total_workloads"] == count


@pytest.mark.parametrize("query", ["time_range=ever", "time_range=custom", "group_by=colour"])
def test_wrong_statistics_are_refused(simulated, query):
    assert simulated("GET", f"/v1/workloads/stats?{query}").status == 400
