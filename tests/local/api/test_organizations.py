"""Users of several organizations, teams and roles, over HTTP and through the real client, in both dialects."""

import pytest

from chamber.core import AuthorizationError, ChamberClient, NotFoundError, ValidationError
from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber, User

USERS = [
    User("root"),
    User("lead", role="TEAM_LEAD", teams=["ml"]),
    User("ada", role="MEMBER", teams=["ml"]),
    User("bob", role="MEMBER", teams=["ml"]),
    User("eve", role="MEMBER", teams=["web"]),
    User("zoe", organizations=["org_b"], teams=["b"]),
    User("two", role="MEMBER", organizations=["org_local", "org_b"], teams=["ml", "b"]),
]


@pytest.fixture(params=["documented", "legacy"])
def chamber(request):
    with LocalChamber(request.param, executor="simulated", users=USERS) as running:
        yield running


@pytest.fixture
def clients(chamber):
    made = {user.name: chamber.client(user.name) for user in USERS}
    yield made
    for client in made.values():
        client.close()


def listed(client, team):
    return [allocation.id for allocation in client.list_allocations(team)]


def submit(client, team, **fields):
    return client.submit_job("job", team, "H100", metadata={"simulated_seconds": 600}, **fields).id


def test_the_first_user_administers_the_first_organization(chamber):
    with chamber.client() as client:
        team = client.create_team("new")
        assert submit(client, team.id)
        assert client.create_allocation(team.id, "res", 1)


def test_work_is_seen_in_ones_own_teams_and_those_below(clients):
    below = clients["root"].create_team("below", parent_id="ml").id
    in_ml, in_web, deep = submit(clients["root"], "ml"), submit(clients["eve"], "web"), submit(clients["ada"], below)

    def seen(name):
        client = clients[name]
        by_search = {w.id for w in client.search_workloads(page_size=100).items}
        assert by_search == {w.id for w in client.iter_workloads()}
        assert client.get_workload_aggregations("initiative_id").total == len(by_search)
        assert client.get_workload_stats().total == len(by_search)
        return by_search

    assert seen("root") == {in_ml, in_web, deep}
    assert seen("lead") == seen("ada") == {in_ml, deep}
    assert seen("eve") == {in_web}
    assert seen("zoe") == set()


def test_naming_another_team_in_a_filter_shows_nothing_of_it(clients):
    submit(clients["ada"], "ml")

    assert clients["eve"].list_workloads(initiative_id="ml").total_count == 0
    assert clients["eve"].search_workloads(initiative_id=["ml", "web"]).total_count == 0
    assert clients["ada"].list_workloads(initiative_id="ml").total_count == 1


def test_a_cursor_of_somebody_else_opens_nothing(clients):
    for _ in range(3):
        submit(clients["ada"], "ml")
    cursor = clients["ada"].search_workloads(page_size=1).next_cursor
    token = clients["ada"].list_workloads(limit=1).next_token

    assert clients["eve"].search_workloads(cursor=cursor).total_count == 0
    assert not clients["eve"].list_workloads(next_token=token).items


def test_a_workload_of_another_team_is_forbidden_and_of_another_organization_not_there(clients):
    workload = submit(clients["ada"], "ml")

    for asked in ("get_workload", "get_workload_metrics", "cancel_workload"):
        with pytest.raises(AuthorizationError):
            getattr(clients["eve"], asked)(workload)
        with pytest.raises(NotFoundError):
            getattr(clients["zoe"], asked)(workload)


def test_members_cancel_their_own_work_and_leads_their_teams(clients):
    first, second = submit(clients["ada"], "ml"), submit(clients["ada"], "ml")

    with pytest.raises(AuthorizationError, match="a MEMBER may cancel workloads only in their teams where they"):
        clients["bob"].cancel_workload(first)
    assert str(clients["ada"].cancel_workload(first).status) == "CANCELLED"
    assert str(clients["lead"].cancel_workload(second).status) == "CANCELLED"


@pytest.mark.parametrize("name", ["lead", "ada"])
def test_only_admins_create_teams_and_allocations(clients, name):
    with pytest.raises(AuthorizationError, match="may create teams nowhere"):
        clients[name].create_team("mine", parent_id="ml")
    with pytest.raises(AuthorizationError, match="may create allocations nowhere"):
        clients[name].create_allocation("ml", "res", 1)


def test_who_is_not_in_a_team_submits_nothing_to_it(clients, chamber):
    with pytest.raises(AuthorizationError, match="a MEMBER may submit workloads only in their teams"):
        submit(clients["eve"], "ml")
    with pytest.raises(ValidationError, match="there is no team 'b'; there is init_local, ml, web"):
        submit(clients["root"], "b")

    assert chamber.workloads() == ()


def test_nouns_of_another_organization_are_not_there(clients):
    allocation = clients["root"].create_allocation("ml", "res", 1).id

    assert {team.id for team in clients["zoe"].list_teams()} == {"b"}
    assert {team.id for team in clients["ada"].list_teams()} == {"init_local", "ml", "web"}
    for ask in (
        lambda: clients["zoe"].get_team("ml"),
        lambda: clients["zoe"].get_allocation(allocation),
        lambda: clients["zoe"].get_capacity(initiative_id="ml"),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert listed(clients["zoe"], "ml") == listed(clients["zoe"], "b") == []
    assert listed(clients["eve"], "ml") == []
    assert listed(clients["ada"], "ml") == [allocation]
    for wrong in (
        lambda: clients["zoe"].create_allocation("ml", "res", 1),
        lambda: clients["zoe"].create_team("x", parent_id="ml"),
        lambda: clients["zoe"].submit_job("job", "b", "H100", allocation_id=allocation),
    ):
        with pytest.raises(ValidationError):
            wrong()


def test_templates_of_the_system_are_everybodys_and_others_their_organizations(chamber, clients):
    from chamber.local.storage import nouns, tenancy

    def theirs(connection):
        nouns.add(connection, nouns.Template(id="tmpl_b", name="b", scope="ORGANIZATION"))
        tenancy.assign(connection, "template", "tmpl_b", "org_b")

    written(chamber, theirs)

    assert {t.id for t in clients["zoe"].list_templates()} == {"tmpl_hello", "tmpl_b"}
    assert {t.id for t in clients["ada"].list_templates()} == {"tmpl_hello"}
    assert clients["zoe"].get_template("tmpl_b").name == "b"
    with pytest.raises(NotFoundError):
        clients["ada"].get_template("tmpl_b")
    with pytest.raises(ValidationError, match="there is no template"):
        submit(clients["ada"], "ml", template_id="tmpl_b")


def written(chamber, work):
    """Writes to a running Chamber's database."""
    import asyncio

    running = chamber._started
    asyncio.run_coroutine_threadsafe(running._server._database.write(work), running._loop).result()


def test_capacity_and_metrics_are_of_what_one_sees(clients):
    workload = submit(clients["ada"], "ml")
    clients["ada"].wait_for_completion(workload, poll_interval=0.01, terminal_statuses=("RUNNING",))

    assert clients["ada"].get_global_metrics().active_workloads == 1
    assert clients["eve"].get_global_metrics().active_workloads == 0
    assert clients["zoe"].get_global_metrics().active_workloads == 0
    assert clients["zoe"].get_batch_workload_metrics()["workloads"] == []
    with pytest.raises(AuthorizationError):
        clients["eve"].get_capacity(initiative_id="ml")


def test_users_of_several_organizations_say_which(chamber, clients):
    workload = submit(clients["zoe"], "b")
    with ChamberClient(chamber.token_of("two"), chamber.api_url) as undecided:
        assert undecided.health().is_healthy
        with pytest.raises(ValidationError, match=r"X-Organization-Id: is needed, .* org_local, org_b"):
            undecided.list_teams()

    assert {team.id for team in clients["two"].list_teams()} == {"init_local", "ml", "web"}
    with chamber.client("two", organization_id="org_b") as in_b:
        assert {team.id for team in in_b.list_teams()} == {"b"}
        assert [found.id for found in in_b.iter_workloads()] == [workload]
        with pytest.raises(AuthorizationError):
            in_b.cancel_workload(workload)
    with chamber.client("ada", organization_id="org_b") as elsewhere, pytest.raises(AuthorizationError):
        elsewhere.list_teams()


def test_refusals_are_in_the_words_of_the_dialect(chamber, tools):
    headers = {"Authorization": f"Bearer {chamber.token_of('ada')}"}
    answer = tools.Caller(chamber)("POST", "/v1/teams", {"name": "x"}, headers, token=False)

    message = "a MEMBER may create teams nowhere"
    if chamber._settings.dialect.name == "legacy":
        assert (answer.status, answer.json) == (403, {"message": message})
    else:
        error = {"code": "FORBIDDEN", "message": message, "details": []}
        assert (answer.status, answer.json["error"]) == (403, error)


def test_submissions_are_by_whose_token_it_is(chamber, clients):
    submit(clients["ada"], "ml")

    assert [workload.submitted_by for workload in chamber.workloads()] == ["ada"]


def test_an_idempotency_key_is_one_users_in_one_organization(tools):
    with LocalChamber(executor="simulated", users=USERS) as chamber:
        call = tools.Caller(chamber)

        def post(user, organization, team, name="job"):
            headers = {"Authorization": f"Bearer {chamber.token_of(user)}", "X-Organization-Id": organization}
            body = {"name": name, "initiative_id": team, "gpu_type": "H100"}
            return call("POST", "/v1/workloads", body, {**headers, "Idempotency-Key": "k"}, token=False)

        first = post("two", "org_local", "ml")
        assert post("two", "org_local", "ml").json["data"] == first.json["data"]
        others = [post("ada", "org_local", "ml", "other"), post("two", "org_b", "b", "third")]

        assert [answer.status for answer in others] == [201, 201]
        assert post("two", "org_local", "ml", "another").status == 422
        assert len(chamber.workloads()) == 3


def test_users_and_their_tokens_outlive_a_restart(tmp_path):
    with LocalChamber(data_dir=tmp_path, executor="simulated", users=USERS) as chamber:
        token = chamber.token_of("zoe")
        with chamber.client("zoe") as client:
            made = client.create_team("later").id
    with LocalChamber(data_dir=tmp_path, executor="simulated", users=USERS) as chamber:
        assert chamber.token_of("zoe") == token
        with chamber.client("zoe") as client, chamber.client() as first:
            assert {team.id for team in client.list_teams()} == {"b", made}
            assert made not in {team.id for team in first.list_teams()}
    with LocalChamber(data_dir=tmp_path, executor="simulated") as chamber, chamber.client() as first:
        assert "b" not in {team.id for team in first.list_teams()}
        with pytest.raises(ConfigurationError, match="there is no user 'zoe'; there is local-user"):
            chamber.token_of("zoe")


@pytest.mark.parametrize(
    "users",
    [
        [User("ada"), User("ada")],
        [User("local-user")],
        [User("a", teams=["ml"]), User("b", organizations=["org_b"], teams=["ml"])],
    ],
)
def test_users_that_contradict_each_other_are_a_configuration_error(users):
    with pytest.raises(ConfigurationError):
        LocalChamber(executor="simulated", users=users).start()


def test_tokens_of_users_are_in_no_repr(chamber):
    token = chamber.token_of("ada")

    assert token not in repr(chamber) + repr(chamber._started._server.access) + repr(chamber._settings)
    assert token != chamber.token
