"""Static files: addressed by content, kept for good, sent compressed."""

import gzip

from flask import Flask, url_for
from flask.testing import FlaskClient

SHEET = "css/rundbrief.css"


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_address_names_the_content_and_such_a_file_is_kept_for_good(app: Flask, client: FlaskClient) -> None:
    url = address(app, SHEET)
    assert "?v=" in url
    answer = client.get(url, buffered=True)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_address_of_another_release_is_not_kept_for_good(client: FlaskClient) -> None:
    for query in ("", "?v=", "?v=000000000000"):
        answer = client.get(f"/static/{SHEET}{query}", buffered=True)
        assert answer.status_code == 200
        assert "immutable" not in answer.headers["Cache-Control"]


def test_text_is_sent_compressed_to_who_takes_it(app: Flask, client: FlaskClient) -> None:
    url = address(app, SHEET)
    plain = client.get(url, buffered=True)
    zipped = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.data) == plain.data
    assert len(zipped.data) < len(plain.data) / 2
    assert zipped.mimetype == plain.mimetype == "text/css"
    assert "Accept-Encoding" in zipped.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    again = client.get(url, headers={"Accept-Encoding": "gzip", "If-None-Match": zipped.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pictures_and_fonts_are_sent_as_they_are(app: Flask, client: FlaskClient) -> None:
    answer = client.get(
        address(app, "vendor/inter-latin.woff2"), headers={"Accept-Encoding": "gzip"}, buffered=True
    )
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_missing_file_and_a_way_out_of_the_folder_are_not_found(app: Flask, client: FlaskClient) -> None:
    assert "v=" not in address(app, "css/missing.css")
    for path in ("css/missing.css", "../factory.py", "%2e%2e/factory.py", "css/../../factory.py", "css"):
        assert client.get(f"/static/{path}", headers={"Accept-Encoding": "gzip"}).status_code == 404
