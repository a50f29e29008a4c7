"""The window: pages, dialogs and widgets over the use cases of ``dao_app.app.api``."""
