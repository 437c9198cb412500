"""Settings: defaults that need nothing, the environment before the file, one clear line for a wrong value."""

from pathlib import Path

import pytest

from portal.setting_values import SettingsError
from portal.settings import KEYS, Settings, load


def read(instance: Path, **environ: str) -> Settings:
    return load({"INSTANCE": str(instance), **environ})


def test_nothing_configured_gives_a_house_in_the_instance_folder(tmp_path: Path) -> None:
    found = read(tmp_path / "house")
    assert (found.port, found.public_url, found.demo) == (8000, "http://127.0.0.1:8000", True)
    assert found.database_url == f"sqlite:///{tmp_path}/house/portal.db"
    assert found.queue_url == f"sqlite:///{tmp_path}/house/queue.db"
    assert found.media_root == tmp_path / "house" / "media"
    assert found.smtp_is_catcher


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('port = 9001\nPUBLIC_URL = "https://post.example"\ndemo = false\n')
    found = read(tmp_path, PORT="9002")
    assert (found.port, found.public_url, found.demo) == (9002, "https://post.example", False)


def test_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="", DATABASE_URL=" ").port == 8000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "８０００"),
        ("DATABASE_URL", "mysql://root@127.0.0.1/x"),
        ("DATABASE_URL", "postgresql://127.0.0.1"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///no/such/folder/x.db"),
        ("QUEUE_URL", "amqp://localhost"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://mail.example:99999"),
        ("SMTP_URL", "smtp://mail.example\r\nX: y"),
        ("MEDIA_URL", "ftp://host/x"),
        ("MEDIA_URL", "s3://host/bucket"),
        ("MEDIA_URL", "s3://key:secret@host"),
        ("MEDIA_URL", "s3://key:secret@media.example/bucket?tls=0"),
        ("CLAMD_URL", "http://127.0.0.1:3310"),
        ("CLAMD_URL", "unix:relative"),
        ("PUBLIC_URL", "http://post.example"),
        ("PUBLIC_URL", "https://post.example/path"),
        ("PUBLIC_URL", "https://user@post.example"),
        ("PUBLIC_URL", "post.example"),
        ("DEMO", "perhaps"),
        ("DNS_RESOLVER", "127.0.0.1"),
        ("DNS_RESOLVER", "ns.example:53"),
        ("DNS_RESOLVER", "127.0.0.1:0"),
        ("OUTGOING_IPS", "mail.example"),
    ],
)
def test_wrong_value_ends_in_one_line_that_names_key_and_what_is_allowed(
    tmp_path: Path, key: str, value: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **{key: value})
    text = str(refused.value)
    assert text.startswith(f"{key}:")
    assert "allowed" in text
    assert "\n" not in text


def test_wrong_value_is_not_repeated_because_it_may_hold_a_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, DATABASE_URL="mysql://root:geheim@127.0.0.1/x")
    assert "geheim" not in str(refused.value)


def test_settings_print_without_secrets(tmp_path: Path) -> None:
    found = read(tmp_path, SMTP_URL="smtp://ich:geheim@mail.example")
    assert "geheim" not in repr(found)
    assert repr(found.secret_key) not in repr(found)


def test_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 9001\n")
    with pytest.raises(SettingsError, match="PROT .*no such setting; allowed are PORT"):
        read(tmp_path)


def test_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("port = \n")
    with pytest.raises(SettingsError, match="config.toml: cannot be read as TOML"):
        read(tmp_path)


def test_instance_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "house").write_text("")
    with pytest.raises(SettingsError, match="^INSTANCE: .*allowed"):
        read(tmp_path / "house")


def test_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"secret.key"}


def test_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["", "zz", "00ff"])
def test_damaged_secret_is_refused_instead_of_weakened(tmp_path: Path, content: str) -> None:
    read(tmp_path)
    (tmp_path / "secret.key").write_text(content)
    with pytest.raises(SettingsError, match="hexadecimal"):
        read(tmp_path)


def test_keys_for_two_purposes_differ(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert len({found.session_key, found.key("tokens"), found.secret_key}) == 3


def test_a_child_process_reads_the_same_settings(tmp_path: Path) -> None:
    parent = read(tmp_path, PORT="9003", PUBLIC_URL="https://post.example", DEMO="0").with_port(9004)
    child = load(parent.environment())
    assert child.environment() == parent.environment()
    assert set(parent.environment()) == {*KEYS, "INSTANCE"}


def test_default_address_follows_the_port_a_given_one_does_not(tmp_path: Path) -> None:
    assert read(tmp_path).with_port(9005).public_url == "http://127.0.0.1:9005"
    assert (
        read(tmp_path, PUBLIC_URL="https://post.example").with_port(9005).public_url == "https://post.example"
    )


@pytest.mark.parametrize("url", ["sqlite:///{}/x.db", "sqlite:////{}/x.db"])
def test_sqlite_address_is_absolute_with_three_slashes_or_four(tmp_path: Path, url: str) -> None:
    found = read(tmp_path, DATABASE_URL=url.format(str(tmp_path).lstrip("/")))
    assert found.database_url == f"sqlite:///{tmp_path}/x.db"


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://[::1]:9000", "http://127.0.0.2"])
def test_plain_http_is_allowed_on_loopback(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, PUBLIC_URL=url).public_url == url


def test_addresses_for_checks_of_sender_domains_reach_child_processes(tmp_path: Path) -> None:
    found = read(tmp_path, DNS_RESOLVER="[::1]:5353", OUTGOING_IPS="192.0.2.25, 2001:DB8::25")
    assert (found.dns_resolver, found.outgoing_ips) == ("[::1]:5353", ("192.0.2.25", "2001:db8::25"))
    again = load(found.environment())
    assert (again.dns_resolver, again.outgoing_ips) == (found.dns_resolver, found.outgoing_ips)
