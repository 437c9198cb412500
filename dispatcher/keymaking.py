"""DOOR: new DKIM keys."""

import base64

from Crypto.PublicKey import ECC, RSA

RSA_BITS = 2048  # Gmail asks for 1024 at least, RFC 8301 recommends 2048; 4096 fits no single UDP answer


def make(algorithm: str) -> tuple[str, str]:
    """(private key as PKCS#8 in base64, what p= says) of a new `rsa` or `ed25519` pair."""
    if algorithm == "rsa":
        rsa = RSA.generate(RSA_BITS)
        return _text(rsa.export_key("DER", pkcs=8)), _text(rsa.public_key().export_key("DER"))
    if algorithm != "ed25519":
        raise ValueError(algorithm)
    edwards = ECC.generate(curve="Ed25519")
    private = edwards.export_key(format="DER", use_pkcs8=True)
    return _text(private), _text(
        edwards.public_key().export_key(format="raw")
    )  # RFC 8463 4.2: the bare 32 bytes


def _text(data: bytes | str) -> str:
    assert isinstance(data, bytes)
    return base64.b64encode(data).decode()
