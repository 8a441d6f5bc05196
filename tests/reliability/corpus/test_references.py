"""Image references, addresses of registries, and whose clouds they are in."""

from odd_inputs import check, literal

from chamber.core.loopback import is_loopback
from chamber.run.clouds import aws, azure, docker_hub, github, google, quay
from chamber.run.reference import Reference
from chamber.run.settings import registries, registry_options
from chamber.run.settings.registry_options import Options

CLOUDS = (aws, azure, docker_hub, github, google, quay)


def test_every_reference_is_read_as_docker_reads_it_or_refused():
    check("references.txt", 400, act)


def act(case):
    text = literal(case.input).decode("utf-8", "surrogateescape")
    return READERS[case.what](text)


def image(text):
    found = Reference.parse(text)
    assert Reference.parse(str(found)) == found
    return f"{found.host} {found.repository} tag={found.tag} digest={found.digest}"


def registry(text):
    return f"at {registries.prefix(text)}."


def insecure(text):
    return f"at {registries.prefix(text, insecure=True)}."


def loopback(text):
    return is_loopback(text)


def name(text):
    registries.add(text, "ghcr.io/acme")
    return f"kept as {next(name for name in registries.listed() if name == text)}"


def realm(text):
    return f"realm {registry_options.checked(Options(auth_realm=text), 'harbor.example/ml').auth_realm}"


def cloud(text):
    """The module whose login it gets, and where that thinks it is."""
    names = [one.__name__.rpartition(".")[2] for one in CLOUDS if one.chamber_run_registry(text) is not None]
    host = text.partition("/")[0]
    return f"{names} {aws.place_of(host)} {google.place_of(host)}"


READERS = {reader.__name__: reader for reader in (image, registry, insecure, loopback, name, realm, cloud)}
