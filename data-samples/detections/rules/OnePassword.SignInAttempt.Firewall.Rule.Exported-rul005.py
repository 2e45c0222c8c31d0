from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Firewall Rule exported")


def title(event):
    return f"Firewall Rule exported by {event.get('user', '<unknown>')}"
