"""A front door of each kind, for the tests of one module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stands import Programs, Stand, make_stand

from dev_stack.runtime import Runtime
from dev_stack.services.nginx import javascript_module

KINDS = ("haproxy", "haproxy-adopted", "two-haproxies", "nginx", "nginx-js", "command")


@pytest.fixture(scope="module", params=KINDS)
def stand(request, haproxy_program, nginx_program) -> Iterator[Stand]:
    if request.param == "nginx-js" and javascript_module() is None:
        pytest.skip("this release has no package of nginx's JavaScript module")
    programs = Programs(haproxy_program, nginx_program)
    with Runtime(lambda _: None) as runtime:
        made = make_stand(request.param, runtime, programs)
        try:
            yield made
        finally:
            made.legacy.stop()
            made.channels.stop()
