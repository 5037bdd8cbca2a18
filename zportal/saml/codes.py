"""Zscaler's error codes of SAML sign-on, as far as they can happen here.

Codes and meanings: https://help.zscaler.com/zia/troubleshooting-saml. Zscaler has about
a hundred; where none names the check that failed, the nearest is used and ``detail``
says what it was.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """A code with what it means, why it comes and what to do about it."""

    code: str
    meaning: str
    cause: str
    cure: str


class Refused(Exception):
    """Sign-on is refused: a code of the vendor, and what was found in this case."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.error = CODES[code]
        self.detail = detail


_TABLE = (
    (
        "0xA001",
        "The format of the response is wrong.",
        "What arrived is no SAML 2.0 response: not base-64, no XML, XML with a document "
        "type, or another message.",
        "Let the identity provider answer by HTTP-POST with a SAML 2.0 Response. In "
        "Entra, check that Reply URL (ACS) is the one shown under SAML Sign-On.",
    ),
    (
        "0xA00F",
        "The organization does not exist or is disabled.",
        "The address names an organization that is not here.",
        "Compare the number in the address with Company ID under Company Profile.",
    ),
    (
        "0xA010",
        "The user was not found.",
        "The person signed on earlier and has been deleted since.",
        "Provision the person again, then sign on again.",
    ),
    (
        "0xA020",
        "The domain is not registered.",
        "No organization has registered the domain of this User Name.",
        "Write the whole User Name, user@domain. An administrator registers domains "
        "under Company Profile.",
    ),
    (
        "0xA021",
        "The login name is not an e-mail address.",
        "The value of the Login Name Attribute does not look like user@domain.",
        "In Entra, map user.userprincipalname to the claim that Login Name Attribute "
        "names (NameID is Unique User Identifier there).",
    ),
    (
        "0xA022",
        "The response cannot be used.",
        "It is SAML, but not what SAML 2.0 demands of a response to this service.",
        "Compare Identifier and Reply URL in Entra with those under SAML Sign-On, and "
        "use Test sign-on there to see which check failed.",
    ),
    (
        "0xA02B",
        "The login name is too long.",
        "The value of the Login Name Attribute is longer than a User ID may be.",
        "Map a shorter attribute to the login name.",
    ),
    (
        "0xB000",
        "The organization id in the endpoint is wrong.",
        "The response was meant for another organization or another address.",
        "In Entra, set Reply URL to the one shown under SAML Sign-On of this "
        "organization.",
    ),
    (
        "0xB001",
        "IdP-initiated sign-on is disabled.",
        "The identity provider sent a response that nobody here had requested.",
        "Begin at the organization's Sign-on URL (enter it in Entra), or switch on "
        "Allow IdP-Initiated SAML in Configure SAML, save and activate.",
    ),
    (
        "0xB003",
        "The signature does not fit the certificate.",
        "The response is not signed, was changed on its way, or was signed with a key "
        "that does not belong to the Public SSL Certificate.",
        "Download Certificate (Base64) of the active signing certificate in Entra, "
        "upload it in Configure SAML, save and activate.",
    ),
    (
        "0xB004",
        "The response is outside of its time.",
        "It is too old or not yet valid: clocks differ, or the sign-on took too long.",
        "Sign on again; when that does not help, compare the clocks of the identity "
        "provider and of this server.",
    ),
    (
        "0xB0010",
        "SAML is disabled for the organization.",
        "The Authentication Type in force is not SAML (of a test: the saved one).",
        "Choose SAML under Authentication Settings, save, and press Activate under "
        "Activation.",
    ),
    (
        "0xB0030",
        "The user's domain is not registered.",
        "The domain of the login name is not among those of the organization.",
        "Register the domain under Company Profile, or map another attribute to the "
        "login name.",
    ),
    (
        "0xB0040",
        "The user is unknown and auto-provisioning is off.",
        "Nobody in User Management has this User ID.",
        "Provision the person by SCIM (assign the person in Entra and wait for a "
        "cycle), or switch on Enable SAML Auto-Provisioning, save and activate.",
    ),
    (
        "0xB0090",
        "The login name attribute is missing.",
        "The assertion has no attribute with the name that Login Name Attribute gives.",
        "Compare Login Name Attribute with the claims in Entra, letter by letter, or "
        "set it to NameID.",
    ),
    (
        "0xB00A5",
        "The identity provider is not the configured one.",
        "The issuer of the response is not the IdP Entity ID.",
        "Copy Microsoft Entra Identifier into IdP Entity ID in Configure SAML, or leave "
        "it empty to go by the certificate alone.",
    ),
    (
        "0xE5501",
        "The relay state is missing.",
        "The response does not come with the RelayState that the request was sent with, "
        "or answers no request of this service, so its organization is unknown.",
        "Begin at the organization's Sign-on URL and let the identity provider hand "
        "RelayState back unchanged; leave Relay State in Entra blank.",
    ),
    (
        "0xE5615",
        "The identity provider reports a failure.",
        "The status of the response is not Success.",
        "Look the message up at the identity provider: in Entra, under Sign-in logs.",
    ),
    (
        "0xE5617",
        "NameID is missing.",
        "The subject of the assertion has no NameID.",
        "In Entra, give the claim Unique User Identifier (Name ID) a source attribute "
        "that the person has.",
    ),
    (
        "0xE5624",
        "The response is too big.",
        "It has more than 4 MB, as with thousands of groups.",
        "Send fewer groups: in Entra, limit the group claim to those assigned to the "
        "application.",
    ),
    (
        "0xE5631",
        "SAML was switched off while the person signed on.",
        "The request was sent with SAML active; the answer found it inactive.",
        "Sign on again once the administrator has activated SAML.",
    ),
    (
        "0xE5635",
        "A certificate cannot be read.",
        "What is stored as certificate or key is damaged, or was encrypted with another "
        "FIELD_ENCRYPTION_KEY.",
        "Upload the certificate again, or make a new request signing certificate.",
    ),
    (
        "0xE5636",
        "The signature does not match what is accepted.",
        "The response is signed with an algorithm that this service does not take, such "
        "as SHA-1, which can be forged.",
        "In Entra, set the Signing Algorithm to SHA-256, or switch on Allow SHA-1 "
        "Signatures while you must.",
    ),
    (
        "0xE5637",
        "The signing certificate is missing.",
        "Sign SAML Request is on, and there is no Request Signing SAML Certificate; or "
        "the assertion is encrypted, and there is no key to decrypt it.",
        "Make one under SAML Sign-On, save and activate.",
    ),
    (
        "0xE5639",
        "The account is not active.",
        "The person is disabled in User Management.",
        "Enable the person in the identity provider; SCIM brings it here.",
    ),
    (
        "0xE5640",
        "The response was used before.",
        "The same response, or another answer to the same request, came a second time.",
        "Begin the sign-on again. If nobody pressed Back or Reload, somebody may have "
        "copied the response.",
    ),
    (
        "0xE5641",
        "The configuration of the identity provider was not found.",
        "SAML Portal URL or Public SSL Certificate is not in force (for a test: not "
        "saved), or requests cannot be sent to that address.",
        "Complete Configure SAML, save, and press Activate under Activation.",
    ),
)

CODES = {row[0]: ErrorCode(*row) for row in _TABLE}
