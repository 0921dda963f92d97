"""The configuration of a private Dovecot 2.3 (https://doc.dovecot.org/2.3/)."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from plugdesk.testing.servers.certificates import Certificates
from plugdesk.testing.servers.processes import HOST

CAPABILITIES = """
    IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES
    THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN
    NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES
    WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW
    STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE
"""
"""What Dovecot 2.3 announces after sign-in, parted by spaces; the base of a shorter list."""


@dataclass(frozen=True)
class Accounts:
    """The system users that Dovecot's processes run as: all ourselves when we are not root."""

    mail: str
    login: str
    internal: str

    @classmethod
    def usual(cls) -> Accounts:
        """Return Debian's users for root, and ourselves for anyone else."""
        if os.getuid() == 0:
            return cls(mail="nobody", login="dovenull", internal="dovecot")
        me = pwd.getpwuid(os.getuid()).pw_name
        return cls(mail=me, login=me, internal=me)

    @property
    def mail_ids(self) -> tuple[int, int]:
        """The user id and group id that own the mail."""
        entry = pwd.getpwnam(self.mail)
        return entry.pw_uid, entry.pw_gid

    @property
    def internal_group(self) -> str:
        """The name of the internal user's group."""
        return grp.getgrgid(pwd.getpwnam(self.internal).pw_gid).gr_name


def render(
    folder: Path,
    ports: tuple[int, int],
    certificates: Certificates,
    without: Collection[str] = (),
) -> str:
    """Return the configuration file of an instance in *folder*.

    *ports* are those of IMAP and IMAPS; *without* names capabilities that it does not announce.
    """
    accounts = Accounts.usual()
    uid, gid = accounts.mail_ids
    imap_port, imaps_port = ports
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = {HOST}
default_internal_user = {accounts.internal}
default_internal_group = {accounts.internal_group}
default_login_user = {accounts.login}
ssl = yes
ssl_cert = <{certificates.cert_file}
ssl_key = <{certificates.key_file}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_username_format = %Lu
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 1000
first_valid_uid = 1
{_capability_line(without)}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users/%u
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
service imap-login {{
  {"" if os.getuid() == 0 else "chroot ="}
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service anvil {{
  {"" if os.getuid() == 0 else "chroot ="}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


def _capability_line(without: Collection[str]) -> str:
    """Return the setting that replaces the announced list, or nothing."""
    if not without:
        return ""
    left_out = {name.upper() for name in without}
    return "imap_capability = " + " ".join(c for c in CAPABILITIES.split() if c not in left_out)
