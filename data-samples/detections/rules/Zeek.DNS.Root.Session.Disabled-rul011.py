from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Root Session disabled")


def title(event):
    return f"Root Session disabled by {event.get('user', '<unknown>')}"
