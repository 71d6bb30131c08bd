"""No HTTP side: everything is answered with 404."""

urlpatterns: list[object] = []
