"""JSON Web Tokens, as djangorestframework-simplejwt and its settings take them. All blocks."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from channels_ws.auth.identity import Identity
from channels_ws.auth.reasons import Reason

_OF_CODE = {"user_not_found": Reason.USER_UNKNOWN, "user_inactive": Reason.USER_INACTIVE}
_BLACKLIST = "rest_framework_simplejwt.token_blacklist"
# A signed token may still hold a date or a user that cannot be.
_ODD_CLAIM = (TypeError, ValueError, OverflowError, OSError)


class TokenProblem(Exception):  # noqa: N818 - an answer, not a fault
    """The token proves nothing. ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


def identity_of_token(text: str) -> Identity:
    """The user of a token, checked as the site's REST API checks it: signature, expiry with the
    leeway that is set, token type, the blacklist where that app is installed, and that the user
    exists, is active and has the same password (where CHECK_REVOKE_TOKEN is on).

    Raises TokenProblem, or a database's error.
    """
    # Not before Django's apps are there; and projects without tokens need not install it.
    from rest_framework.exceptions import AuthenticationFailed  # noqa: PLC0415
    from rest_framework_simplejwt.authentication import JWTAuthentication  # noqa: PLC0415

    token = _checked(text)
    try:
        user = JWTAuthentication().get_user(token)
    except AuthenticationFailed as error:
        raise TokenProblem(_reason_of(error)) from None
    except _ODD_CLAIM:
        raise TokenProblem(Reason.USER_UNKNOWN) from None
    leeway = token.get_token_backend().get_leeway().total_seconds()
    return Identity(user, "token", float(token["exp"]) + leeway)


def _checked(text: str) -> Any:
    """The token, of the first class of AUTH_TOKEN_CLASSES that takes it."""
    from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError  # noqa: PLC0415
    from rest_framework_simplejwt.settings import api_settings  # noqa: PLC0415

    reason = Reason.TOKEN_INVALID
    for token_class in api_settings.AUTH_TOKEN_CLASSES:
        try:
            token = token_class(text)
        except ExpiredTokenError:
            reason = Reason.TOKEN_EXPIRED
        except TokenError:
            continue
        except _ODD_CLAIM:
            continue
        else:
            if _is_blacklisted(token.get(api_settings.JTI_CLAIM)):
                raise TokenProblem(Reason.TOKEN_REVOKED)
            return token
    raise TokenProblem(reason)


def _is_blacklisted(jti: Any) -> bool:
    """simplejwt itself asks the list for refresh and sliding tokens only."""
    if not apps.is_installed(_BLACKLIST):
        return False
    blacklisted = apps.get_model("token_blacklist", "BlacklistedToken")
    return bool(blacklisted.objects.filter(token__jti=jti).exists())


def _reason_of(error: Any) -> Reason:
    codes = error.get_codes()
    code = codes.get("code") if isinstance(codes, dict) else codes
    detail = error.detail.get("code") if isinstance(error.detail, dict) else None
    return _OF_CODE.get(str(detail), _OF_CODE.get(str(code), Reason.TOKEN_REVOKED))
