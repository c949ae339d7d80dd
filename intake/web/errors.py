"""When something goes wrong: plain words, the right status, and nothing that was typed is lost.

A view that takes a form names the function that shows the form again (``shows_again``). It is called with words and a
status whenever the form could not be taken: an old security token, a database that is away, too much of it. Every other
form is given back by one page that holds what was typed and sends it to the same place. A password is never given back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from flask import Flask, Response, current_app, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from intake import logs
from intake.storage.database import Unavailable
from intake.web.context import in_language as _

log = logs.get("web")

ShowAgain = Callable[[str, int], Any]
_View = TypeVar("_View", bound=Callable[..., Any])
_SHOWN_AGAIN: Final = "_shows_again"
RETRY_AFTER_SECONDS: Final = 5
#: Fields of our own machinery, made anew each time.
_NOT_TYPED: Final = frozenset({"csrf_token"})


def shows_again(show: ShowAgain) -> Callable[[_View], _View]:
    """Marks a view whose form ``show(words, status)`` shows again, with everything that was typed."""

    def mark(view: _View) -> _View:
        setattr(view, _SHOWN_AGAIN, show)
        return view

    return mark


def too_old() -> str:
    return _(
        "Halaman ini terlalu lama terbuka atau cookie tidak diizinkan, jadi belum ada yang terkirim. "
        "Tulisan Anda masih ada di bawah. Silakan kirim sekali lagi."
    )


def not_kept() -> str:
    return _(
        "Ada gangguan di tempat kami: tulisan Anda belum tersimpan. Tulisan itu masih ada di bawah. "
        "Silakan kirim sekali lagi beberapa saat lagi; tidak akan menjadi laporan ganda."
    )


def explain(status: int) -> tuple[str, str]:
    """What happened and what to do, for one status."""
    known = {
        400: (_("Permintaan tidak terbaca"), _("Ada yang kurang dalam permintaan itu. Silakan kembali dan coba lagi.")),
        403: (_("Tidak diizinkan"), _("Halaman ini tidak terbuka untuk Anda.")),
        404: (
            _("Halaman tidak ditemukan"),
            _("Tidak ada yang dapat ditampilkan di alamat ini. Periksa kembali tautannya: harus lengkap sampai akhir."),
        ),
        405: (_("Tidak dapat dibuka begitu"), _("Alamat ini hanya menerima kiriman dari formulir.")),
        413: (_("Kiriman terlalu besar"), _("Kiriman itu lebih besar daripada yang dapat kami terima.")),
        429: (
            _("Terlalu sering"),
            _("Terlalu banyak permintaan dalam waktu singkat. Tunggu sebentar, lalu coba lagi."),
        ),
        503: (
            _("Sedang ada gangguan"),
            _("Penyimpanan kami sedang tidak menjawab. Tidak ada laporan yang hilang. Coba lagi beberapa saat lagi."),
        ),
    }
    return known.get(status) or (
        _("Terjadi kesalahan di tempat kami"),
        _("Ini bukan kesalahan Anda. Kejadian ini tercatat; silakan coba lagi beberapa saat lagi."),
    )


def error_page(status: int) -> Response:
    """The page of a status, in plain words."""
    title, words = explain(status)
    response = make_response(render_template("error.html", title=title, words=words, status=status), status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def register(app: Flask) -> None:
    """Give every failure its page."""
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(HTTPException, _http_error)
    for unavailable in Unavailable:
        app.register_error_handler(unavailable, _database_away)
    app.register_error_handler(Exception, _broken)


def _wants_plain_words() -> bool:
    return request.path in {"/healthz", "/readyz", "/metrics"}


def _form_again(words: str, status: int) -> Response | None:
    """The form that could not be taken, or None when there is none to give back."""
    if request.method != "POST" or request.endpoint is None:
        return None
    show = cast("ShowAgain | None", getattr(current_app.view_functions[request.endpoint], _SHOWN_AGAIN, None))
    if show is not None:
        return make_response(show(words, status))
    if "password" in request.form:
        return None
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in _NOT_TYPED]
    return make_response(render_template("again.html", words=words, typed=typed, target=_this_address()), status)


def _this_address() -> str:
    query = request.query_string.decode("latin-1")
    return f"{request.script_root}{request.path}" + (f"?{query}" if query else "")


def _form_too_old(_fault: Exception) -> Response:
    return _form_again(too_old(), 400) or error_page(400)


def _too_large(_fault: Exception) -> Response:
    """What was typed cannot be given back: it was not read."""
    return error_page(413)


def _http_error(fault: Exception) -> Response:
    error = cast("HTTPException", fault)
    status = error.code or 500
    if error.response is not None or 300 <= status < 400:
        return make_response(error.get_response())
    if _wants_plain_words():
        return Response(f"{error.name}\n", status, content_type="text/plain; charset=utf-8")
    response = error_page(status)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _database_away(_fault: Exception) -> Response:
    log.warning("database_unavailable", endpoint=request.endpoint)
    if _wants_plain_words():
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return Response("not kept, try again\n", 503, retry, content_type="text/plain; charset=utf-8")
    response = _form_again(not_kept(), 503) or error_page(503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _broken(fault: Exception) -> Response:
    log.error("page_broken", endpoint=request.endpoint, exc_info=fault)
    if _wants_plain_words():
        return Response("Internal Server Error\n", 500, content_type="text/plain; charset=utf-8")
    return _form_again(not_kept(), 500) or error_page(500)
