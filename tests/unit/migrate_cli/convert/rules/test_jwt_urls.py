"""simplejwt's views."""

from __future__ import annotations

import pytest
from rule_projects import assert_untouched, text_after

RULE = "jwt_urls"


def test_other_views_stay() -> None:
    text = "from rest_framework_simplejwt.views import TokenRefreshView\nfrom mine import obtain_jwt_token\n"
    assert not assert_untouched(RULE, {"u.py": text}).findings


def test_a_subclass_is_listed() -> None:
    text = "from rest_framework_jwt.views import ObtainJSONWebToken as O\nclass Mine(O): ...\n"
    assert assert_untouched(RULE, {"u.py": text}).findings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from rest_framework_jwt.views import verify_jwt_token as v\nu = [path('', v)]\n",
            "from rest_framework_simplejwt.views import TokenVerifyView as v\n"
            "u = [path('', v.as_view())]\n",
        ),
        (
            "from rest_framework_jwt import views\nu = [path('', views.obtain_jwt_token)]\n",
            "from rest_framework_simplejwt.views import TokenObtainPairView\n"
            "u = [path('', TokenObtainPairView.as_view())]\n",
        ),
        (
            "from rest_framework_jwt.views import ObtainJSONWebToken\nv = ObtainJSONWebToken.as_view()\n",
            "from rest_framework_simplejwt.views import TokenObtainPairView\n"
            "v = TokenObtainPairView.as_view()\n",
        ),
    ],
)
def test_views_are_replaced(before: str, after: str) -> None:
    assert text_after(RULE, {"u.py": before}) == after


def test_a_view_that_is_reached_in_two_ways_and_one_of_an_import_of_everything() -> None:
    text = (
        "from rest_framework_jwt import views\nfrom rest_framework_jwt.views import obtain_jwt_token\n"
        "a = [obtain_jwt_token, views.obtain_jwt_token]\n"
    )
    after = text_after(RULE, {"urls.py": text})
    assert after.endswith("a = [TokenObtainPairView.as_view(), TokenObtainPairView.as_view()]\n")
    assert "rest_framework_jwt" not in after
