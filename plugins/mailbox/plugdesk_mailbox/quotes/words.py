"""What mail clients write around a quotation, in the languages of our customers.

Gathered from the clients themselves (Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Naver, Daum,
QQ, Mail.ru and others). Everything is casefolded.
"""

from __future__ import annotations

import re

#: "wrote", as it stands in the line above a quotation.
_WROTE = (
    *("wrote", "writes", "schrieb", "schreibt", "geschrieben", "a écrit", "a ecrit", "écrit"),
    *("escribió", "escribio", "ha escrito", "ha scritto", "scrisse", "escreveu", "schreef"),
    *("geschreven", "napisał", "napisała", "napisał(a)", "napisana", "pisze", "написал"),
    *("написала", "написал(а)", "написав", "написал(a)", "пишет", "писал", "yazdı", "skrev"),
    *("skrifaði", "kirjoitti", "napsal", "napsal(a)", "napísal", "a scris", "írta", "έγραψε"),
    *("đã viết", "menulis", "je napisao", "je napisao/la", "كتب", "كتبت", "كتب/كتبت", "כתב"),
)
_WROTE_UNSPACED = (
    *("작성", "쓴 글", "님의 말", "쓰셨습니다", "보낸 메시지", "写道", "寫道", "写到", "写了"),
    *("撰写", "書きました", "書き込みました", "のメール", "のメッセージ", "เขียน"),
)
WROTE = re.compile(
    "(?<!\\w)(?:"
    + "|".join(sorted(map(re.escape, _WROTE), key=len, reverse=True))
    + ")(?!\\w)|"
    + "|".join(map(re.escape, _WROTE_UNSPACED))
)

#: How a line above a quotation begins before it comes to the date.
ON = re.compile(
    "(?:on|at|am|le|el|il|em|no dia|op|den|på|w dniu|dnia|dne|wiadomość napisana|в|у|vào"
    "|pada|στις|ב-|في|بتاريخ|在|于|於)(?= ?[\\w,])"
)

#: Titles between dashes above a message that is quoted whole.
ORIGINAL = frozenset(
    (
        *("original message", "original email", "original mail", "reply message"),
        *("original appointment", "원본 메시지", "원본메시지", "원본 메일", "원본메일"),
        *("원본 내용", "원본 이메일", "원래 메시지", "받은 메시지", "ursprüngliche nachricht"),
        *("originalnachricht", "original-nachricht", "original nachricht", "originalmail"),
        *("message d'origine", "message d’origine", "message original", "message initial"),
        *("mensaje original", "messaggio originale", "messaggio original", "mensagem original"),
        *("oorspronkelijk bericht", "oorspronkelijke bericht", "origineel bericht"),
        *("wiadomość oryginalna", "oryginalna wiadomość", "wiadomość pierwotna"),
        *("исходное сообщение", "оригинальное сообщение"),
        *("orijinal mesaj", "orijinal ileti", "özgün ileti", "özgün mesaj", "asıl ileti"),
        *("元のメッセージ", "元のメール", "オリジナルメッセージ", "原始邮件", "原邮件"),
        *("邮件原件", "原始郵件", "原始訊息", "回复的原邮件", "回复的邮件", "الرسالة الأصلية"),
        *("رسالة أصلية", "oprindelig besked", "oprindelig meddelelse", "original meddelelse"),
        *("ursprungligt meddelande", "originalmeddelande", "opprinnelig melding"),
        *("alkuperäinen viesti", "původní zpráva", "eredeti üzenet", "mesaj original"),
    )
)

#: Titles above a message that is passed on: for the reader it is new, so it is never folded.
FORWARDED = frozenset(
    (
        *("forwarded message", "begin forwarded message", "forwarded email", "forwarded by"),
        *("전달된 메시지", "전달된 메일", "전달 메일", "전달된 이메일", "전달한 메시지"),
        *("weitergeleitete nachricht", "anfang der weitergeleiteten nachricht"),
        *("message transféré", "début du message transféré", "message transmis"),
        *("mensaje reenviado", "inicio del mensaje reenviado", "messaggio inoltrato"),
        *("inizio messaggio inoltrato", "mensagem encaminhada", "mensagem reencaminhada"),
        *("início da mensagem encaminhada", "doorgestuurd bericht", "begin doorgestuurd bericht"),
        *("przekazana wiadomość", "wiadomość przekazana", "początek przekazanej wiadomości"),
        *("пересылаемое сообщение", "пересланное сообщение", "начало переадресованного сообщения"),
        *("iletilen mesaj", "yönlendirilmiş ileti", "iletilen ileti", "転送メッセージ"),
        *("転送されたメッセージ", "転送メール", "转发的邮件", "转发邮件", "已转发的邮件"),
        *("轉寄的郵件", "已轉寄的郵件", "رسالة معاد توجيهها", "videresendt besked"),
        *("vidarebefordrat meddelande", "videresendt melding", "välitetty viesti"),
    )
)
#: What clients put before the subject of a message that is passed on.
FORWARD_SUBJECT = re.compile(
    "\\s*(?:fwd?|fw|wg|tr|rv|i|enc|vs|pd|ilt|vl|вх|пересл|전달|轉寄|转发|転送|إعادة توجيه)"
    "\\s*[:：]",
    re.IGNORECASE,
)

_LABELS = {
    "from": (
        *("from", "보낸 사람", "보낸사람", "보낸이", "발신", "발신자", "발신인", "von", "de"),
        *("da", "van", "od", "nadawca", "от", "от кого", "kimden", "gönderen", "من", "差出人"),
        *("送信者", "送信元", "发件人", "寄件者", "寄件人", "fra", "från", "lähettäjä"),
        *("expéditeur", "remitente", "mittente", "remetente", "afzender", "feladó", "de la"),
    ),
    "date": (
        *("date", "sent", "sent on", "보낸 날짜", "보낸날짜", "날짜", "보낸 시간", "보낸시간"),
        *("전송", "발신일", "일시", "보낸 일시", "datum", "gesendet", "gesendet am", "envoyé"),
        *("envoye", "envoyé le", "fecha", "enviado", "enviado el", "enviado em", "enviada em"),
        *("data", "inviato", "inviata", "verzonden", "wysłano", "wysłane", "дата", "отправлено"),
        *("tarih", "gönderildi", "gönderme tarihi", "gönderilen", "التاريخ", "تاريخ", "أرسلت"),
        *("تاريخ الإرسال", "تم الإرسال", "送信日時", "日付", "日時", "发送时间", "发送日期"),
        *("日期", "時間", "时间", "寄件日期", "傳送時間", "sendt", "skickat", "dato", "lähetetty"),
        *("odesláno", "elküldve", "trimis"),
    ),
    "to": (
        *("to", "받는 사람", "받는사람", "받는이", "수신", "수신자", "수신인", "an", "à", "a"),
        *("para", "aan", "do", "adresat", "кому", "kime", "alıcı", "إلى", "宛先", "收件人"),
        *("收件者", "til", "till", "vastaanottaja", "pour", "komu", "címzett", "către"),
    ),
    "cc": ("cc", "참조", "kopie", "copie", "copia", "dw", "копия", "bilgi", "نسخة", "抄送", "副本"),
    "subject": (
        *("subject", "제목", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp"),
        *("temat", "тема", "konu", "الموضوع", "موضوع", "件名", "主题", "主旨", "主題", "emne"),
        *("ämne", "aihe", "předmět", "tárgy", "subiect"),
    ),
    "other": ("reply-to", "bcc", "숨은참조", "importance", "중요도", "priority", "attachments"),
}
#: What the label of a header line means.
LABELS = {label: kind for kind, labels in _LABELS.items() for label in labels}

#: Labels of web forms, which also write From, Date and Subject above what a customer entered,
#: and of raw headers that a customer pasted.
FOREIGN_LABELS = frozenset(
    (
        *("received", "message-id", "return-path", "mime-version", "content-type", "user-agent"),
        *("name", "full name", "first name", "phone", "telephone", "mobile", "message", "comment"),
        *("comments", "company", "order number", "이름", "성함", "성명", "연락처", "전화"),
        *("전화번호", "휴대폰", "휴대전화", "메시지", "내용", "문의", "문의내용", "문의 내용"),
        *("회사명", "주문번호", "nachricht", "telefon", "firma", "nom", "prénom", "téléphone"),
        *("nombre", "teléfono", "mensaje", "nome", "telefone", "telefono", "mensagem"),
        *("messaggio", "naam", "telefoon", "bericht", "imię", "wiadomość", "имя", "телефон"),
        *("сообщение", "ad soyad", "telefon numarası", "mesaj", "الاسم", "الهاتف", "الرسالة"),
        *("お名前", "氏名", "電話番号", "お問い合わせ内容", "姓名", "电话", "電話", "留言"),
    )
)
