"""The pages of the cell: server-rendered, in French, without a script; a thin face on the acts."""

from serving.web.errors import error_page, internal_page
from serving.web.router import router

__all__ = ["error_page", "internal_page", "router"]
