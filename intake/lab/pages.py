"""The lab's pages."""

from flask import Blueprint

lab = Blueprint("lab", __name__)
