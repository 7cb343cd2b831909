"""Whether a mail is from whom it says: SPF or DKIM has to have passed for the domain of its From address."""

import re
from dataclasses import dataclass

DKIM_VERDICT = re.compile(r"@([\w.-]{1,255})\s*:\s*(\w{1,20})")
WORD = re.compile(r"\s*([a-z]{1,20})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the provider found. Null where it does not tell of a check; `dkim` names the signing domains with what became of each."""

    spf: str | None = None
    spf_domain: str = ""
    dkim: tuple[tuple[str, str], ...] | None = None


def why_not_trusted(sender: str, verdicts: Verdicts) -> str | None:
    """Return why the mail may be from somebody else than `sender`; null where a check passed, or the provider tells of none at all."""
    if verdicts.spf is None and verdicts.dkim is None:
        return None
    domain = domain_of(sender)
    if verdicts.spf == "pass" and _aligned(verdicts.spf_domain, domain):
        return None
    if any(result == "pass" and _aligned(signer, domain) for signer, result in verdicts.dkim or ()):
        return None
    dkim = ", ".join(sorted({result for _, result in verdicts.dkim or ()})) or "none"
    return f"neither SPF ({verdicts.spf or 'none'}) nor DKIM ({dkim}) passed for the domain of the From address"


def verdict(text: str) -> str:
    """Return the word that a verdict begins with, in lower case."""
    found = WORD.match(text)
    return found.group(1).lower() if found else "unknown"


def domain_of(address: str) -> str:
    """Return what stands after the @."""
    return address.rpartition("@")[2].strip().lower()


def _aligned(checked: str, domain: str) -> bool:
    """Tell whether one is the other or a part of it, as relaxed DMARC alignment has it."""
    checked = checked.lower().rstrip(".")
    return bool(checked and domain) and (checked == domain or checked.endswith(f".{domain}") or domain.endswith(f".{checked}"))
