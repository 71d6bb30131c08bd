"""A hub with its layers and its binder."""

from hub_company import binder, hub, layers

__all__ = ["binder", "hub", "layers"]
