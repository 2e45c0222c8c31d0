from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Audit Trail exported")


def title(event):
    return f"Audit Trail exported by {event.get('user', '<unknown>')}"
