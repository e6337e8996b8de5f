"""Every edit a user can make, as a pure function ``Document -> Document``. ``key`` names the graph.

Edits that make names give (document, names). What can't be done raises GraphError (or FileError, from
foreign text), both ValueErrors whose text is for the user.
"""

from studio.document.blocks import make_block, remove_block, ungroup
from studio.document.fragments import copy_fragment, duplicate, is_fragment, paste_fragment
from studio.document.frames import add_frame, edit_frame, remove_frame
from studio.document.marks import mark_nodes
from studio.document.names import unique_name
from studio.document.nodes import (
    add_node,
    move_nodes,
    remove_nodes,
    rename_node,
    replace_layer,
    set_argument,
    set_condition,
    set_frozen,
    set_muted,
    set_param,
    set_params,
    set_run,
    set_title,
    take_out,
)
from studio.document.parameters import (
    add_param,
    add_weights,
    declare,
    params_of,
    remove_param,
    set_default,
    set_value,
)
from studio.document.uses import (
    detach_block,
    expose_param,
    remove_block_param,
    repeat_block,
    share_weights,
)
from studio.document.wires import connect, disconnect, insert_on_wire, mute_wire

__all__ = [
    "add_frame",
    "add_node",
    "add_param",
    "add_weights",
    "connect",
    "copy_fragment",
    "declare",
    "detach_block",
    "disconnect",
    "duplicate",
    "edit_frame",
    "expose_param",
    "insert_on_wire",
    "is_fragment",
    "make_block",
    "mark_nodes",
    "move_nodes",
    "mute_wire",
    "params_of",
    "paste_fragment",
    "remove_block",
    "remove_block_param",
    "remove_frame",
    "remove_nodes",
    "remove_param",
    "rename_node",
    "repeat_block",
    "replace_layer",
    "set_argument",
    "set_condition",
    "set_default",
    "set_frozen",
    "set_muted",
    "set_param",
    "set_params",
    "set_run",
    "set_title",
    "set_value",
    "share_weights",
    "take_out",
    "ungroup",
    "unique_name",
]
