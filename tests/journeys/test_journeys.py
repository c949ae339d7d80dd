"""A report's whole way, from the citizen's hand to the desk and back, through real processes on every channel."""

from __future__ import annotations

import re
import threading
from email.message import EmailMessage

from intake.lab.citizen import post_delivery
from tests.journeys.house import OUR_ADDRESS, PASSWORD, Browser, House, wait_for

CLEAR = "Lapor pak, jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim, sudah 3 bulan"
PHONE = "+628110000123"
REFERENCE = re.compile(r"\b[2-9A-Z]{3}-[2-9A-Z]{4}\b")


def reference_in(text: str) -> str:
    found = REFERENCE.search(text)
    assert found, text
    return found[0]


def log_in(browser: Browser, username: str) -> None:
    browser.get("/meja")
    browser.submit("/meja/masuk", username=username, password=PASSWORD)
    assert "/meja/masuk" not in browser.at


def test_sms(house: House, browser: Browser) -> None:
    house.send_sms(PHONE, CLEAR)
    [ack] = house.wait_for_sms(PHONE)
    reference = reference_in(ack)
    assert "Kab. Muara Enim" in ack
    log_in(browser, "muaraenim")
    assert reference in browser.page
    browser.get(f"/meja/{reference}")
    assert "Tegal Rejo" in browser.page, (browser.status, house.log("web")[-1500:])
    assert PHONE not in browser.page
    browser.submit(f"/meja/{reference}/jawab", words="Tim kami turun besok pagi, terima kasih.")
    answer = house.wait_for_sms(PHONE, 2)[1]
    assert "Tim kami turun besok pagi" in answer
    browser.get(f"/meja/{reference}")
    browser.submit(f"/meja/{reference}/selesai", reason="")
    closing = house.wait_for_sms(PHONE, 3)[2]
    assert "selesai" in closing
    wait_for(
        lambda: all(state == ("delivered",) for state in house.figures("select state from reply")),
        of="the delivery receipts",
    )


def test_an_sms_without_a_place_is_asked_and_answered(house: House) -> None:
    house.send_sms(PHONE, "lampu jalan mati di depan rumah saya sdh 2 minggu")
    [question] = house.wait_for_sms(PHONE)
    assert "Di mana" in question
    house.send_sms(PHONE, "desa Tegal Rejo, Lawang Kidul, Muara Enim")
    told = house.wait_for_sms(PHONE, 2)[1]
    assert "Kab. Muara Enim" in told
    assert house.figures("select count(*) from report") == [(1,)]


def test_email_is_answered_in_its_thread_and_the_answer_joins(house: House, browser: Browser) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "warga@example.com", OUR_ADDRESS, "Jembatan putus"
    mail["Message-ID"] = "<pertama@example.com>"
    mail.set_content(
        "Yth. Bapak,\nJembatan di desa Tegal Rejo kecamatan Lawang Kidul, Muara Enim putus sejak kemarin.\n"
    )
    assert house.send_mail(mail) == 200
    [ack] = house.wait_for_mail("warga@example.com")
    assert ack.message["In-Reply-To"] == "<pertama@example.com>"
    assert ack.message["Auto-Submitted"] == "auto-replied"
    reference = reference_in(ack.subject)
    further = EmailMessage()
    further["From"], further["To"] = "warga@example.com", str(ack.message["Reply-To"])
    further["Subject"], further["Message-ID"] = f"Re: {ack.subject}", "<kedua@example.com>"
    further["In-Reply-To"] = str(ack.message["Message-ID"])
    further.set_content("Tambahan: sekarang warga menyeberang pakai rakit.\n")
    assert house.send_mail(further, to=re.sub(r".*<|>.*", "", str(ack.message["Reply-To"]))) == 200
    house.wait_for_mail("warga@example.com", 2)
    assert house.figures("select count(*), min(reference) from report") == [(1, reference)]
    log_in(browser, "muaraenim")
    browser.get(f"/meja/{reference}")
    assert "rakit" in browser.page
    browser.submit(f"/meja/{reference}/jawab", words="Jembatan darurat dipasang minggu ini.")
    answer = house.wait_for_mail("warga@example.com", 3)[2]
    assert "Jembatan darurat" in answer.text
    assert "<kedua@example.com>" in str(answer.message["References"])


def test_web_form_without_javascript(house: House, browser: Browser) -> None:
    browser.get("/lapor")
    said = "Sampah menumpuk di kecamatan Lawang Kidul Muara Enim sudah seminggu"
    browser.submit("/lapor", text=said)
    assert "Kec. Lawang Kidul, Kab. Muara Enim" in browser.page  # how it was read, to be confirmed
    browser.submit("/lapor", text=said, place="16.03.07")
    assert browser.status == 200
    reference, tracking = reference_in(browser.page), browser.at
    wait_for(lambda: "Muara Enim" in browser.get(tracking), of="the regency on the page")
    officer = Browser(house.url)
    log_in(officer, "muaraenim")
    officer.get(f"/meja/{reference}")
    assert officer.status == 200, house.log("web")[-2000:]
    officer.submit(f"/meja/{reference}/jawab", words="Sampah diangkut hari ini.")
    officer.close()
    wait_for(lambda: "Sampah diangkut hari ini." in browser.get(tracking), of="the answer on the page")
    browser.get(f"/lapor/{reference}")
    assert browser.status == 403  # the same locked page for every number, whether there is such a report or not
    assert "Sampah" not in browser.page


def test_a_regency_sees_its_own_only_and_sends_back_what_is_not_its_own(house: House, browser: Browser) -> None:
    house.send_sms(PHONE, CLEAR)
    [ack] = house.wait_for_sms(PHONE)
    reference = reference_in(ack)
    stranger = Browser(house.url)
    log_in(stranger, "bogor")
    assert reference not in stranger.page
    stranger.get(f"/meja/{reference}")
    assert stranger.status == 404
    log_in(browser, "muaraenim")
    browser.get(f"/meja/{reference}")
    browser.submit(f"/meja/{reference}/kembalikan", reason="Itu jalan di Kabupaten Bogor")
    centre = Browser(house.url)
    log_in(centre, "pusat")
    assert reference in centre.page
    centre.get(f"/meja/{reference}")
    centre.submit(f"/meja/{reference}/teruskan", regency="32.01", reason="")
    told = house.wait_for_sms(PHONE, 2)[1]
    assert "Kab. Bogor" in told
    stranger.get("/meja")
    assert reference in stranger.page
    browser.get(f"/meja/{reference}")
    assert browser.status == 404
    stranger.close()
    centre.close()


def test_the_same_message_fifty_times_at_once_is_one_report_and_one_answer(house: House) -> None:
    form = {
        "MessageSid": "SM" + "a" * 32, "AccountSid": house.environ["SMS_TWILIO_ACCOUNT_SID"], "From": PHONE,
        "To": "+628110001708", "Body": CLEAR, "NumMedia": "0", "SmsStatus": "received",
    }  # fmt: skip
    taken: list[bool] = []

    def provider() -> None:
        taken.extend(
            post_delivery(f"{house.url}/hooks/sms_twilio", house.environ["SMS_TWILIO_AUTH_TOKEN"], form)
            for _ in range(5)
        )

    threads = [threading.Thread(target=provider) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [True] * 50
    house.wait_for_sms(PHONE)
    wait_for(
        lambda: house.figures("select count(*) from outbox where due_at <= now()") == [(0,)],
        of="nothing due in the outbox",
    )
    assert house.figures("select count(*) from message") == [(1,)]
    assert len(house.sms_received(PHONE)) == 1


def test_nothing_personal_is_logged(house: House) -> None:
    house.send_sms(PHONE, CLEAR)
    house.wait_for_sms(PHONE)
    for name in house.programs:
        log = house.log(name)
        for secret in ("Tegal", "Lawang", PHONE, PHONE[1:], house.environ["SMS_TWILIO_AUTH_TOKEN"]):
            assert secret not in log, name
