"""Where the quotation below a reply begins in plain text, as the usual clients write it."""

from __future__ import annotations

import pytest
from plugdesk_mailbox.quotes.text import quote_start, reply_text

GREETING = "Thanks, that helps.\n\nAnn\n\n"
KOREAN = "감사합니다. 환불은 언제 되나요?\n\n김미나\n\n"

CLIENTS = {
    "gmail": (
        "On Mon, Mar 2, 2026 at 3:05 PM Mina Kim <mina@desk.test> wrote:\n\n> Hello\n>\n> Bye\n"
    ),
    "gmail wrapped": (
        "On Mon, Mar 2, 2026 at 3:05 PM Mina Kim of the Desk <\nmina@desk.test> wrote:\n\n> Hi\n"
    ),
    "apple mail": "> On 2 Mar 2026, at 15:05, Mina Kim <mina@desk.test> wrote:\n> \n> Hello\n",
    "iphone": (
        "On 2 Mar 2026, at 15:05, Mina Kim <mina@desk.test> wrote:\n\n"
        "\ufeffHello Ann,\n\nit is sent.\n"
    ),
    "thunderbird": "On 02/03/2026 15:05, Mina Kim wrote:\n> Hello\n>\n>> Older\n",
    "outlook desktop": (
        "From: Mina Kim <mina@desk.test> \nSent: Monday, March 2, 2026 3:05 PM\n"
        "To: Ann <ann@customer.test>\nSubject: Your order\n\nHello Ann,\n\nit is sent.\n"
    ),
    "outlook web": (
        "________________________________\nFrom: Mina Kim <mina@desk.test>\n"
        "Sent: Monday, March 2, 2026 3:05:00 PM\nTo: Ann\nCc: Bob\nSubject: Your order\n\nHello\n"
    ),
    "outlook classic": (
        "-----Original Message-----\nFrom: Mina Kim [mailto:mina@desk.test]\nSent: Monday\n"
        "To: Ann\nSubject: Your order\n\nHello\n"
    ),
    "yahoo": (
        "    On Monday, March 2, 2026, 03:05:00 PM GMT+9, Mina Kim <mina@desk.test> wrote:  \n \n"
        " Hello Ann,\n"
    ),
    "samsung": (
        "-------- Original message --------\nFrom: Mina <mina@desk.test>\nDate: 3/2/26\n\nHello\n"
    ),
    "proton": (
        "On Monday, March 2nd, 2026 at 3:05 PM, Mina Kim <mina@desk.test> wrote:\n\n> Hello\n"
    ),
    "zoho": (
        "---- On Mon, 02 Mar 2026 15:05:00 +0900 Mina Kim <mina@desk.test> wrote ----\n\nHello\n"
    ),
    "gmail ko": (
        "2026년 3월 2일 (월) 오후 3:05, 홍길동 <gildong@desk.test>님이 작성:\n\n> 안녕하세요\n"
    ),
    "apple mail ko": "2026. 3. 2. 오후 3:05, 홍길동 <gildong@desk.test> 작성:\n\n안녕하세요\n",
    "thunderbird ko": "2026-03-02 오후 3:05에 홍길동 이(가) 쓴 글:\n> 안녕하세요\n",
    "outlook ko": (
        "보낸 사람: 홍길동 <gildong@desk.test>\n보낸 날짜: 2026년 3월 2일 월요일 오후 3:05\n"
        "받는 사람: 김미나\n제목: 주문\n\n안녕하세요\n"
    ),
    "naver": (
        '-----Original Message-----\nFrom: "홍길동"<gildong@desk.test>\nTo: <mina@naver.test>;\n'
        "Cc:\nSent: 2026-03-02 (월) 15:05:00 (GMT+09:00)\nSubject: 주문\n\n안녕하세요\n"
    ),
    "daum": (
        "--------- 원본 메일 ---------\n보낸사람: 홍길동 <gildong@desk.test>\n"
        "받는사람: 김미나\n날짜: 2026년 3월 2일 월요일, 15시 05분 00초 +0900\n"
        "제목: 주문\n\n안녕하세요\n"
    ),
    "gmail ja": "2026年3月2日(月) 15:05 田中太郎 <taro@desk.test>:\n\n> こんにちは\n",
    "outlook ja": (
        "差出人: 田中 <taro@desk.test>\n送信日時: 2026年3月2日 15:05\n宛先: A\n件名: 注文\n\n本文\n"
    ),
    "gmail zh": "王伟 <wei@desk.test> 于2026年3月2日周一 15:05写道：\n\n> 你好\n",
    "apple mail zh": "在 2026年3月2日，15:05，王伟 <wei@desk.test> 写道：\n\n你好\n",
    "qq": (
        "------------------ 原始邮件 ------------------\n"
        "发件人: 王伟\n发送时间: 2026年3月2日\n\n你好\n"
    ),
    "gmail de": "Am Mo., 2. März 2026 um 15:05 Uhr schrieb Max <max@desk.test>:\n\n> Hallo\n",
    "outlook de": (
        "Von: Max <max@desk.test>\nGesendet: Montag, 2. März 2026\nAn: Ann\nBetreff: X\n\nHallo\n"
    ),
    "gmail fr": "Le lun. 2 mars 2026 à 15:05, Zoé <zoe@desk.test> a écrit :\n\n> Bonjour\n",
    "outlook fr": (
        "De : Zoé <zoe@desk.test>\nEnvoyé : lundi 2 mars 2026\nÀ : Ann\nObjet : X\n\nBonjour\n"
    ),
    "gmail es": "El lun, 2 mar 2026 a las 15:05, Luz (<luz@desk.test>) escribió:\n\n> Hola\n",
    "gmail pt": "Em seg., 2 de mar. de 2026 às 15:05, Rui <rui@desk.test> escreveu:\n\n> Olá\n",
    "gmail it": (
        "Il giorno lun 2 mar 2026 alle ore 15:05 Lia <lia@desk.test> ha scritto:\n\n> Ciao\n"
    ),
    "gmail nl": "Op ma 2 mrt 2026 om 15:05 schreef Jan <jan@desk.test>:\n\n> Hallo\n",
    "gmail pl": "pon., 2 mar 2026 o 15:05 Ola <ola@desk.test> napisał(a):\n\n> Cześć\n",
    "gmail ru": "пн, 2 мар. 2026 г. в 15:05, Оля <olya@desk.test>:\n\n> Привет\n",
    "mail.ru": "Понедельник, 2 марта 2026, 15:05 +03:00 от Оля <olya@desk.test>:\n> Привет\n",
    "gmail tr": "Ayşe <ayse@desk.test>, 2 Mar 2026 Pzt, 15:05 tarihinde şunu yazdı:\n\n> Merhaba\n",
    "gmail ar": (
        "في الاثنين، 2 مارس 2026 في 3:05 م تمت كتابة ما يلي بواسطة ليلى <l@desk.test>:\n\n> مرحبا\n"
    ),
    "apple mail ar": (
        "\u200fفي ٠٢\u200f/٠٣\u200f/٢٠٢٦ الساعة ٣:٠٥ م، كتب/كتبت ليلى <l@desk.test>:\n> مرحبا\n"
    ),
}


@pytest.mark.parametrize("quotation", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("reply", [GREETING, KOREAN], ids=["english", "korean"])
def test_a_reply_on_top_ends_where_the_quotation_begins(reply: str, quotation: str) -> None:
    """Whatever the client, the quotation begins with the line that introduces it."""
    assert quote_start(reply + quotation) == len(reply)


@pytest.mark.parametrize("quotation", CLIENTS.values(), ids=CLIENTS)
def test_line_ends_of_windows_make_no_difference(quotation: str) -> None:
    """The offset is one of the text as it is given."""
    text = (GREETING + quotation).replace("\n", "\r\n")
    assert quote_start(text) == len(GREETING.replace("\n", "\r\n"))


@pytest.mark.parametrize("quotation", CLIENTS.values(), ids=CLIENTS)
def test_a_mail_that_is_only_a_quotation_is_not_folded(quotation: str) -> None:
    """With nothing before it there would be nothing left to read."""
    assert quote_start(quotation) is None
    assert quote_start("\n\n" + quotation) is None


MARKED = {name: text for name, text in CLIENTS.items() if text.rstrip().split("\n")[-1][0] == ">"}


@pytest.mark.parametrize("quotation", MARKED.values(), ids=MARKED)
def test_an_answer_below_the_quotation_is_never_hidden(quotation: str) -> None:
    """Whoever writes below or between quoted lines is read in full."""
    answer = "\nYes, both please, and the red one as a present for my mother.\n"
    assert quote_start(GREETING + quotation + answer) is None


def test_only_the_quotation_after_the_last_answer_counts() -> None:
    """In a mail answered line by line, what nobody answered at the end is folded."""
    inline = "On 02/03/2026 15:05, Mina wrote:\n> Which size?\nLarge.\n> Which colour?\nRed.\n"
    rest = "> Regards,\n> Mina\n> Plugdesk\n"
    assert quote_start("Hello,\n" + inline) is None
    assert quote_start("Hello,\n" + inline + rest) == len("Hello,\n" + inline)


@pytest.mark.parametrize(
    "text",
    [
        (
            "Hello,\n\nOn Monday I called and your colleague wrote:\n\n"
            "it will be sent.\n\nIt was not.\n"
        ),
        "I ordered on 2 March.\nFrom: Seoul\nTo: Busan\nDate: 3 March\n\nWhen does it arrive?\n",
        "New message from your site\n\nFrom: ann@customer.test\nSubject: Refund\n\nPlease help.\n",
        "I ran this:\n> npm install\n> npm start\n\nand it failed.\n",
        "I ran this:\n\n> npm install\n> npm start\n",
        "It says:\n>>> import plugdesk\n>>> plugdesk.run()\n",
        "보낸 사람을 바꾸고 싶습니다.\n받는 사람: 홍길동\n주소: 서울\n",
        "As you wrote on 12.03.2026:\n\nthe part is in stock.\n\nI disagree.\n",
        "New message:\nName: Ann\nFrom: ann@x.test\nDate: 2 March 2026\nSubject: Refund\n\nPlease.",
        "문의가 왔습니다.\n\nFrom: a@x.test\n날짜: 2026-03-02\n제목: 환불\n내용: 언제 되나요?\n",
        "Hi,\n\nOn 2 March 2026 I wrote to you (ann@x.test):\n\nWhere is it?\n\nNo answer.\n",
        "Hi,\n\n3 people wrote to me from ann@x.test:\n\nBob, Eve, Mallory.\n\nWho are they?\n",
        "Hi,\n\nPlease ask bob@x.test whether he wrote this:\n\nWe pay back.\n\nI doubt it.\n",
        "Hallo,\n\nAm 2. März um 15:05 schrieb ich Ihnen:\n\nWo ist es?\n\nKeine Antwort.\n",
        "It failed:\n\n  host mx.test [192.0.2.32]: 554 5.7.1 <a@x.test>:\n  Relay denied\n",
        "Prices\n-----------------\nApples: 3\nPears: 4\n",
        "Hello\n\n-- \nAnn\nann@customer.test\n",
        "Only > one line\n> quoted\n",
        "",
        "\n",
    ],
)
def test_what_only_resembles_a_quotation_stays(text: str) -> None:
    """Prose, forms, addresses, commands and signatures are the sender's own."""
    assert quote_start(text) is None


@pytest.mark.parametrize(
    "title", ["---------- Forwarded message ---------", "---------- 전달된 메시지 ----------"]
)
def test_a_forward_is_new_to_its_reader(title: str) -> None:
    """What is passed on stays readable, and so does what is quoted in it."""
    forward = (
        f"{title}\nFrom: Bob <bob@x.test>\nDate: Mon, 2 Mar 2026\nSubject: A\nTo: Ann\n\nText\n"
    )
    assert quote_start("See below.\n\n" + forward) is None
    assert quote_start("See below.\n\n" + forward + CLIENTS["gmail"]) is None


def test_a_signature_below_the_quotation_is_no_answer() -> None:
    """Some clients put the sender's signature last; a longer text there is read as an answer."""
    quotation = CLIENTS["thunderbird"]
    assert quote_start(GREETING + quotation + "\n-- \nAnn\nCustomer Inc.\n") == len(GREETING)
    answer = "\n-- \nI should add that the parcel arrived with a broken box and without the bill.\n"
    assert quote_start(GREETING + quotation + answer) is None


def test_a_quotation_without_an_introduction_is_folded_when_it_is_a_mail() -> None:
    """Several quoted lines at the end are one; a single line may be anything."""
    assert quote_start("Good, and you?\n\nTony\n\n> Hi Tony\n>\n> How are you?\n") == 22


def test_own_words_before_an_introduction_on_its_line_are_not_hidden() -> None:
    """A client that joins lines costs the fold, not the words."""
    text = "Hi\nThanks for it! On Mon, 2 Mar 2026 at 15:05, Mina Kim <m@x.test> wrote:\n> Hi\n"
    assert quote_start(text) is None


def test_a_reply_is_what_is_left_without_the_quotation() -> None:
    """Also when the sender answers below."""
    assert reply_text(GREETING + CLIENTS["gmail"]) == GREETING.strip()
    assert reply_text(CLIENTS["thunderbird"] + "\nYes.\n") == "Yes."
