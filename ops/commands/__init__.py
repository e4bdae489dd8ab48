"""The subcommands of ``continuo``: one module each, heavy imports inside the functions so that help is instant."""
