"""What a DKIM signature costs per mail: the bench's message of about 39 KB, rendered without and with signatures.

Prints one JSON line. Keys: microseconds per mail for rendering alone (`render_us`) and what RSA-2048, Ed25519 and
both add; `library` says who signs; `canonical_us` is what RSA would add if the body were not relaxed by itself.
"""

import base64
import json
import os
import time
from datetime import UTC, datetime

import house  # puts the product on the path

from dispatcher import keymaking
from dispatcher.message import libcrypto
from dispatcher.message.compose import compile_message
from dispatcher.message.dkim import Key, Signed, Signer, is_relaxed

MAILS = int(os.environ.get("MESSAGES", "400"))
ROUNDS = 5
AT = 1_800_000_000


def key(algorithm: str) -> Key:
    private = base64.b64decode(keymaking.make(algorithm)[0])
    return Key(f"{algorithm}-sha256", "news.example", f"rb{algorithm}", libcrypto.signer(algorithm, private))


def per_mail_us(message) -> float:  # the best of some rounds: others use the machine, too
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for number in range(1, MAILS + 1):
            message.render((number, f"p{number}@x.example", "Anne", {"Vorname": f"Änne {number}"}, "tok" * 9))
        best = min(best, (time.perf_counter() - start) / MAILS)
    return best * 1e6


def main() -> None:
    compiled = compile_message(house.message(), date=datetime.now(UTC), boundary_seed=b"bench")
    body = compiled.render((1, "p1@x.example", "Anne", {}, "tok")).partition(b"\r\n\r\n")[2]
    assert is_relaxed(body)
    rsa, edwards = key("rsa"), key("ed25519")
    plain = per_mail_us(compiled)
    added = {
        name: round(per_mail_us(Signed(compiled, Signer(keys), AT)) - plain, 1)
        for name, keys in (("rsa_us", [rsa]), ("ed25519_us", [edwards]), ("both_us", [rsa, edwards]))
    }
    slow = Signed(compiled, Signer([rsa]), AT)
    slow._static_is_relaxed = False
    print(
        json.dumps(
            {
                "render_us": round(plain, 1),
                **added,
                "canonical_us": round(per_mail_us(slow) - plain, 1),
                "bytes": compiled.size_bytes,
                "messages": MAILS,
                "library": "libcrypto" if libcrypto.load() is not None else "pycryptodome",
            }
        )
    )


if __name__ == "__main__":
    main()
