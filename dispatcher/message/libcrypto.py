"""Signatures by the system's OpenSSL, called through ctypes: three times as fast for RSA as pycryptodome.

Hot: one call per mail. Where libcrypto 3 cannot be loaded pycryptodome signs, byte for byte the same (both kinds
of signature are deterministic). A key is loaded once and may be used by several threads; OpenSSL works outside
the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_long, c_size_t, c_void_p

RSA, ED25519 = "rsa", "ed25519"
_SIGNATURE_MAX = 1024  # bytes; RSA-8192


class KeyRefused(ValueError):
    """The bytes are no private key of the expected kind."""


def load() -> ctypes.CDLL | None:
    """The system's libcrypto with the functions used here declared; None where there is none."""
    name = ctypes.util.find_library("crypto") or "libcrypto.so.3"
    try:
        library = ctypes.CDLL(name)
        for function, result, arguments in (
            ("d2i_AutoPrivateKey", c_void_p, (c_void_p, c_void_p, c_long)),
            ("EVP_PKEY_get_base_id", c_int, (c_void_p,)),
            ("EVP_PKEY_free", None, (c_void_p,)),
            ("EVP_MD_CTX_new", c_void_p, ()),
            ("EVP_MD_CTX_free", None, (c_void_p,)),
            ("EVP_sha256", c_void_p, ()),
            ("EVP_DigestSignInit", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
            ("EVP_DigestSign", c_int, (c_void_p, c_char_p, c_void_p, c_char_p, c_size_t)),
            ("ERR_clear_error", None, ()),
        ):  # fmt: skip
            declared = getattr(library, function)
            declared.restype, declared.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


_library = load()
_IDS = {RSA: 6, ED25519: 1087}  # NID_rsaEncryption, NID_ED25519


def signer(kind: str, key: bytes) -> Callable[[bytes], bytes]:
    """The function that signs bytes with a private key (PKCS#8, DER): RSA PKCS#1 v1.5 with SHA-256, or Ed25519
    over the bytes themselves. Raises KeyRefused."""
    return _by_libcrypto(_library, kind, key) if _library is not None else by_pycryptodome(kind, key)


def _by_libcrypto(library: ctypes.CDLL, kind: str, key: bytes) -> Callable[[bytes], bytes]:
    loaded = _Key(library, kind, key)
    digest = library.EVP_sha256() if kind == RSA else None

    def sign(data: bytes) -> bytes:
        context = library.EVP_MD_CTX_new()
        try:
            out = ctypes.create_string_buffer(_SIGNATURE_MAX)
            size = c_size_t(_SIGNATURE_MAX)
            if (
                library.EVP_DigestSignInit(context, None, digest, None, loaded.pointer) != 1
                or library.EVP_DigestSign(context, out, ctypes.byref(size), data, len(data)) != 1
            ):
                library.ERR_clear_error()
                raise KeyRefused("libcrypto does not sign with this key")
            return out.raw[: size.value]
        finally:
            library.EVP_MD_CTX_free(context)

    return sign


class _Key:
    """A loaded private key, freed with its last user."""

    def __init__(self, library: ctypes.CDLL, kind: str, key: bytes) -> None:
        self._library = library
        self.pointer = None
        buffer = ctypes.create_string_buffer(key, len(key))
        start = c_void_p(ctypes.addressof(buffer))
        self.pointer = library.d2i_AutoPrivateKey(None, ctypes.byref(start), len(key))
        if not self.pointer or library.EVP_PKEY_get_base_id(self.pointer) != _IDS[kind]:
            library.ERR_clear_error()
            raise KeyRefused("not a private key of this kind")

    def __del__(self) -> None:
        if self.pointer:
            self._library.EVP_PKEY_free(self.pointer)


def by_pycryptodome(kind: str, key: bytes) -> Callable[[bytes], bytes]:
    """The same without libcrypto."""
    try:
        if kind == RSA:
            from Crypto.Hash import SHA256
            from Crypto.PublicKey import RSA as Rsa
            from Crypto.Signature import pkcs1_15

            scheme = pkcs1_15.new(Rsa.import_key(key))
            return lambda data: scheme.sign(SHA256.new(data))
        from Crypto.PublicKey import ECC
        from Crypto.Signature import eddsa

        edwards = eddsa.new(ECC.import_key(key), "rfc8032")
        return edwards.sign
    except (ValueError, IndexError, TypeError) as error:
        raise KeyRefused("not a private key of this kind") from error
