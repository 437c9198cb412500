"""Certificates for tests, made by the openssl command."""

import subprocess
from pathlib import Path


def made(folder: Path, name: str = "localhost", days: int = 2) -> tuple[Path, Path]:
    """(certificate, key) of a self-signed certificate for `name`."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
         str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
