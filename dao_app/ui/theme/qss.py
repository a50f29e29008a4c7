"""The style sheet: boxes, one-pixel borders and radii from the tokens; everything finer is painted.

``@name`` is a colour token; ``$n`` is n token pixels at the user's scale. Written in full so that no style
of the platform shows through.
"""

from __future__ import annotations

import re

from dao_app.ui.theme.look import Look

_SHEET = """
* { color: @text; selection-background-color: @accent; selection-color: @onAccent; }
QMainWindow, QWidget[box="window"] { background: @window; }
QWidget[box="surface"], QStackedWidget[box="surface"] { background: @surface; }
QWidget[box="raised"] { background: @raised; }
QDialog { background: @raised; }
QFrame[box="sidebar"] { background: @window; border: 0; border-right: 1px solid @border; }
QFrame[box="status"] { background: @window; border: 0; border-top: 1px solid @border; }
QFrame[box="top"] { background: @surface; border: 0; border-bottom: 1px solid @border; }
QFrame[box="bottom"] { background: @surface; border: 0; border-top: 1px solid @border; }
QFrame[box="footer"] { background: @window; border: 0; border-top: 1px solid @border; }
QFrame[box="pane"] { background: @surface; border: 0; border-left: 1px solid @border; }
QFrame[box="side"] { background: @surface; border: 0; }
QFrame[box="section"] { background: @surface; border: 0; border-bottom: 1px solid @border; }
QFrame[box="line"] { background: transparent; border: 0; border-bottom: 1px solid @border; }
QFrame[box="chosen"] { background: @selected; border: 0; border-radius: $6px; }
QFrame[box="plain"] { background: transparent; border: 0; }
QFrame[box="card"] { background: @raised; border: 1px solid @border; border-radius: $8px; }
QFrame[box="well"] { background: @sunken; border: 0; border-radius: $6px; }
QFrame[box="problem"] { background: @dangerSoft; border: 0; border-radius: $8px; }
QFrame[box="note"] { background: @provisionalSoft; border: 0; border-radius: $8px; }
QFrame[box="me"] { background: transparent; border: 0; border-top: 1px solid @border; }
QFrame[box="divide"] { background: @border; border: 0; }
QLabel { background: transparent; border: 0; padding: 0; }
QLabel[tone="text"] { color: @text; } QLabel[tone="text2"] { color: @text2; } QLabel[tone="text3"] { color: @text3; }
QLabel[tone="accent"] { color: @accent; } QLabel[tone="provisional"] { color: @provisional; }
QLabel[tone="danger"] { color: @danger; } QLabel[tone="onToast"] { color: @window; }
QListView, QTreeView { background: transparent; border: 0; outline: 0; }
QScrollArea { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget[box="surface"] { background: @surface; }
QScrollArea > QWidget > QWidget[box="raised"] { background: @raised; }
QSpinBox QLineEdit, QSpinBox QLineEdit:focus { background: transparent; border: 0; padding: 0 $9px; }
QSpinBox[box="stepper"] QLineEdit, QSpinBox[box="stepper"] QLineEdit:focus { padding: 0; }
QSpinBox[box="stepper"], QSpinBox[box="stepper"]:focus { padding: 0; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: 0; }
QPushButton, QToolButton { background: @raised; border: 1px solid @border; border-radius: $6px; padding: 0; }
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:focus, QToolButton:focus { border: 2px solid @focus; }
QPushButton[kind="primary"] { background: @accent; border-color: @accent; }
QPushButton[kind="primary"]:hover { background: @accentHover; border-color: @accentHover; }
QPushButton[kind="primary"]:focus { border: 2px solid @text; }
QPushButton[kind="danger"] { background: @raised; border-color: @danger; }
QPushButton[kind="ghost"], QToolButton[kind="ghost"] { background: transparent; border-color: transparent; }
QPushButton[kind="ghost"]:hover { background: @hover; }
QPushButton[kind="ghost"]:focus, QToolButton[kind="ghost"]:focus { border: 2px solid @focus; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; border-radius: $4px; }
QPushButton[kind="link"]:focus { border: 2px solid @focus; }
QPushButton[kind="toast"] { background: transparent; border: 1px solid transparent; }
QPushButton[kind="toast"]:focus { border: 2px solid @window; }
QPushButton[kind="choice"] { border-color: @borderStrong; }
QPushButton[kind="choice"]:checked { border: 2px solid @accent; }
QPushButton[kind="choice"]:focus { border: 2px solid @focus; }
QPushButton[kind="tab"] { background: transparent; border: 0; border-radius: 0; border-bottom: 2px solid transparent; }
QPushButton[kind="tab"]:checked { border-bottom: 2px solid @accent; }
QPushButton[kind="tab"]:focus { background: @hover; }
QPushButton:disabled { background: @sunken; border-color: @border; }
QFrame[box="segments"] { background: @sunken; border: 1px solid @border; border-radius: $6px; }
QPushButton[kind="segment"] { background: transparent; border: 1px solid transparent; border-radius: $4px; }
QPushButton[kind="segment"]:checked { background: @raised; border: 1px solid @border; }
QPushButton[kind="segment"]:focus { border: 2px solid @focus; }
QLineEdit, QPlainTextEdit, QComboBox, QSpinBox {
  background: @raised; border: 1px solid @borderStrong; border-radius: $6px; padding: 0 $9px; }
QPlainTextEdit { padding: $5px $6px; }
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QSpinBox:focus {
  border: 2px solid @focus; padding: 0 $8px; }
QPlainTextEdit:focus { padding: $4px $5px; }
QLineEdit[bare="true"], QLineEdit[bare="true"]:focus { background: transparent; border: 0; padding: 0; }
QLineEdit[bad="true"], QPlainTextEdit[bad="true"] { border-color: @danger; }
QLineEdit[readOnly="true"] { background: @surface; }
QComboBox::drop-down { border: 0; width: $22px; }
QComboBox::down-arrow { image: none; width: 0; height: 0; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @border; outline: 0; padding: $4px; }
QComboBox QAbstractItemView::item { min-height: $28px; padding: 0 $8px; border-radius: $4px; }
QComboBox QAbstractItemView::item:selected { background: @selected; color: @text; }
QCheckBox, QRadioButton { spacing: $8px; background: transparent; }
QMenu { background: @raised; border: 1px solid @border; padding: $4px; }
QMenu::item { padding: $5px $24px $5px $10px; border-radius: $4px; } QMenu::item:selected { background: @selected; }
QMenu::separator { height: 1px; background: @border; margin: $4px $6px; }
QSplitter::handle { background: @border; }
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: $3px $5px; }
QScrollBar:vertical { background: transparent; width: $10px; margin: 0; }
QScrollBar::handle:vertical { background: @borderStrong; border-radius: $3px; min-height: $32px; margin: $2px; }
QScrollBar:horizontal { background: transparent; height: $10px; margin: 0; }
QScrollBar::handle:horizontal { background: @borderStrong; border-radius: $3px; min-width: $32px; margin: $2px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""


def style_sheet(look: Look) -> str:
    """The sheet for the current look."""
    sized = re.sub(r"\$(\d+)px", lambda m: f"{look.px(int(m[1]))}px", _SHEET)
    return re.sub(r"@(\w+)", lambda m: look.hex(m[1]), sized)
