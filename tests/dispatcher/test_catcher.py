"""The development mail catcher, over real sockets."""

import asyncio
import smtplib
import sqlite3
import threading
from contextlib import closing, contextmanager
from email.message import EmailMessage

from dispatcher import catcher


@contextmanager
def running(instance):
    """A catcher in a thread; yields its port."""
    started, box = threading.Event(), {}

    def work():
        async def run():
            box["loop"], box["stop"] = asyncio.get_running_loop(), asyncio.Event()
            task = asyncio.create_task(catcher.catch(instance, 0, box["stop"]))
            while catcher.port_of(instance) is None and not task.done():
                await asyncio.sleep(0.005)
            started.set()
            await task

        asyncio.run(run())

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(10)
    try:
        yield catcher.port_of(instance)
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join()


def message(number):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@x.example", f"p{number}@x.example", f"Grüße {number}"
    mail.set_content(".ein Punkt\n..zwei\nEnde")
    return mail


def test_mails_are_kept_as_they_came_and_found_by_recipient_and_subject(tmp_path):
    with running(tmp_path) as port, smtplib.SMTP("127.0.0.1", port) as client:
        for number in range(25):
            client.send_message(message(number))
    path = tmp_path / "catcher.db"
    assert catcher.count(path) == 25
    newest = catcher.list_mails(path, limit=10)
    assert [m.subject for m in newest[:2]] == ["Grüße 24", "Grüße 23"]
    assert len(catcher.list_mails(path, before_id=newest[-1].id, limit=50)) == 15
    assert [m.rcpt_to for m in catcher.list_mails(path, q="P7@")] == ["p7@x.example"]
    line, raw = catcher.get_mail(path, newest[0].id)
    assert line == newest[0] and raw.endswith(b"\r\n.ein Punkt\r\n..zwei\r\nEnde\r\n")
    assert catcher.get_mail(path, 999) is None
    catcher.clear(path)
    assert catcher.list_mails(path) == []
    assert catcher.port_of(tmp_path) is None


def test_pipelined_commands_and_bodies_in_any_portions(tmp_path):
    talk = b"EHLO x\r\n" + b"".join(
        b"MAIL FROM:<a@x>\r\nRCPT TO:<b%d@x>\r\nDATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n" % (i, i)
        for i in range(20)
    )

    async def talk_in_pieces(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for start in range(0, len(talk), 7):
            writer.write(talk[start : start + 7])
            await writer.drain()
        writer.write(b"QUIT\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    with running(tmp_path) as port:
        answer = asyncio.run(talk_in_pieces(port))
    assert answer.count(b"250 2.0.0 Ok: caught") == 20 and answer.endswith(b"221 2.0.0 Bye\r\n")
    with closing(sqlite3.connect(tmp_path / "catcher.db")) as connection:
        assert connection.execute("SELECT count(DISTINCT rcpt_to) FROM mail").fetchone() == (20,)
