"""One module a family of `sahut` commands; ``intake.cli`` imports a module only when one of its commands is called."""
