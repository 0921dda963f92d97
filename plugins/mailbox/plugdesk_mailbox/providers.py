"""What is known about mail providers: pure data, no network."""

from __future__ import annotations

from dataclasses import dataclass

from plugdesk.plugin import N_, canonical_address

from plugdesk_mailbox.settings import Security


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider whose servers are known."""

    name: str
    domains: tuple[str, ...]
    imap_host: str
    smtp_host: str
    smtp_port: int = 465
    advice: str = ""
    """A sentence when an ordinary password is refused."""
    saves_sent: bool = False
    """The provider itself puts what leaves through its SMTP into the Sent folder."""

    @property
    def smtp_security(self) -> Security:
        """Follows from the port (RFC 8314, 3.3)."""
        return Security.TLS if self.smtp_port == 465 else Security.STARTTLS


PROVIDERS: tuple[Provider, ...] = (
    Provider(
        name="Gmail",
        domains=("gmail.com", "googlemail.com"),
        imap_host="imap.gmail.com",
        smtp_host="smtp.gmail.com",
        advice=N_(
            "Gmail does not accept your ordinary password. Turn on two-step verification there, "
            "make an app password and use it here."
        ),
        saves_sent=True,
    ),
    Provider(
        name="Microsoft 365",
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.kr"),
        imap_host="outlook.office365.com",
        smtp_host="smtp.office365.com",
        smtp_port=587,
        advice=N_(
            "Microsoft no longer accepts passwords for most mailboxes. Ask your administrator, "
            "or forward the mail to another mailbox."
        ),
        saves_sent=True,
    ),
    Provider(
        name="Naver",
        domains=("naver.com",),
        imap_host="imap.naver.com",
        smtp_host="smtp.naver.com",
        advice=N_(
            "Switch on IMAP in Naver Mail's settings (환경설정, POP3/IMAP 설정). With two-step "
            "verification, make an application password and use it here."
        ),
    ),
    Provider(
        name="Naver Works",
        domains=(),
        imap_host="imap.worksmobile.com",
        smtp_host="smtp.worksmobile.com",
        advice=N_("Naver Works wants an external app password from your security settings."),
    ),
    Provider(
        name="Daum",
        domains=("daum.net", "hanmail.net"),
        imap_host="imap.daum.net",
        smtp_host="smtp.daum.net",
        advice=N_(
            "Switch on IMAP in Daum Mail's settings (환경설정, IMAP/POP3). With two-step "
            "verification, make an app password in your Kakao account and use it here."
        ),
    ),
    Provider(
        name="Kakao",
        domains=("kakao.com",),
        imap_host="imap.kakao.com",
        smtp_host="smtp.kakao.com",
        advice=N_(
            "Switch on IMAP in Kakao Mail's settings, make an app password in your Kakao "
            "account and use it here."
        ),
    ),
    Provider(
        name="Nate",
        domains=("nate.com",),
        imap_host="imap.nate.com",
        smtp_host="smtp.mail.nate.com",
    ),
    Provider(
        name="Yahoo",
        domains=("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
        imap_host="imap.mail.yahoo.com",
        smtp_host="smtp.mail.yahoo.com",
        advice=N_("Yahoo wants an app password, made under Account security."),
        saves_sent=True,
    ),
    Provider(
        name="Yahoo Japan",
        domains=("yahoo.co.jp",),
        imap_host="imap.mail.yahoo.co.jp",
        smtp_host="smtp.mail.yahoo.co.jp",
    ),
    Provider(
        name="AOL",
        domains=("aol.com",),
        imap_host="imap.aol.com",
        smtp_host="smtp.aol.com",
        advice=N_("AOL wants an app password, made under Account security."),
        saves_sent=True,
    ),
    Provider(
        name="iCloud",
        domains=("icloud.com", "me.com", "mac.com"),
        imap_host="imap.mail.me.com",
        smtp_host="smtp.mail.me.com",
        smtp_port=587,
        advice=N_("iCloud wants an app-specific password, made at account.apple.com."),
    ),
    Provider(
        name="Fastmail",
        domains=("fastmail.com", "fastmail.fm", "messagingengine.com"),
        imap_host="imap.fastmail.com",
        smtp_host="smtp.fastmail.com",
        advice=N_("Fastmail wants an app password, made under Privacy & Security."),
    ),
    Provider(
        name="Zoho",
        domains=("zoho.com", "zohomail.com"),
        imap_host="imap.zoho.com",
        smtp_host="smtp.zoho.com",
        advice=N_("Switch on IMAP in Zoho Mail; with two-step sign-in use an app password."),
        saves_sent=True,
    ),
    Provider(
        name="Zoho Europe",
        domains=("zoho.eu", "zohomail.eu"),
        imap_host="imap.zoho.eu",
        smtp_host="smtp.zoho.eu",
        advice=N_("Switch on IMAP in Zoho Mail; with two-step sign-in use an app password."),
        saves_sent=True,
    ),
    Provider(
        name="GMX",
        domains=("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
        imap_host="imap.gmx.net",
        smtp_host="mail.gmx.net",
        advice=N_("Switch on POP3 and IMAP in GMX's settings first."),
    ),
    Provider(
        name="WEB.DE",
        domains=("web.de",),
        imap_host="imap.web.de",
        smtp_host="smtp.web.de",
        smtp_port=587,
        advice=N_("Switch on POP3 and IMAP in WEB.DE's settings first."),
    ),
    Provider(
        name="mailbox.org",
        domains=("mailbox.org",),
        imap_host="imap.mailbox.org",
        smtp_host="smtp.mailbox.org",
    ),
    Provider(
        name="Posteo",
        domains=("posteo.de", "posteo.net"),
        imap_host="posteo.de",
        smtp_host="posteo.de",
    ),
    Provider(
        name="Yandex",
        domains=("yandex.com", "yandex.ru"),
        imap_host="imap.yandex.com",
        smtp_host="smtp.yandex.com",
        advice=N_("Switch on IMAP in Yandex Mail and make an app password."),
    ),
    Provider(
        name="QQ",
        domains=("qq.com", "foxmail.com"),
        imap_host="imap.qq.com",
        smtp_host="smtp.qq.com",
        advice=N_("Switch on IMAP in QQ Mail and use the authorisation code it shows."),
    ),
)


def provider_of_host(host: str) -> Provider | None:
    """Return the provider that runs `host`, an IMAP or SMTP server."""
    host = host.lower().rstrip(".")
    aliases = {
        "imap.googlemail.com": "imap.gmail.com",
        "smtp-mail.outlook.com": "smtp.office365.com",
    }
    host = aliases.get(host, host)
    return next((each for each in PROVIDERS if host in (each.imap_host, each.smtp_host)), None)


def settings_for(address: str) -> dict[str, object] | None:
    """Return what is known about the mailbox `address`: values for `MailboxSettings`.

    None when the provider is unknown or `address` is no mail address.
    """
    try:
        address = canonical_address(address)
    except ValueError:
        return None
    domain = address.rpartition("@")[2]
    provider = next((each for each in PROVIDERS if domain in each.domains), None)
    if provider is None:
        return None
    return {
        "imap_host": provider.imap_host,
        "imap_port": 993,
        "imap_security": Security.TLS.value,
        "smtp_host": provider.smtp_host,
        "smtp_port": provider.smtp_port,
        "smtp_security": provider.smtp_security.value,
        "username": address,
    }
