"""Runs alone (mediadb.child): the first page of a PDF as a picture of at most 1200 pixels."""

import io
import json
import resource
import sys

LONGEST = 1200
MEMORY_BYTES = 1_500_000_000
CPU_S = 20
UNREADABLE = 3


def main() -> int:
    """0 and a JPEG on standard output, or UNREADABLE."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        import pypdfium2

        with pypdfium2.PdfDocument(data) as opened:
            page = opened[0]
            width, height = page.get_size()
            scale = min(LONGEST / max(width, height, 1), 4)
            image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=84)
    except Exception:
        return UNREADABLE  # encrypted, broken, or no library for this machine
    body = out.getvalue()
    answer = sys.stdout.buffer
    answer.write(
        json.dumps([["page", "image/jpeg", image.width, image.height, len(body)]]).encode() + b"\n" + body
    )
    answer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
