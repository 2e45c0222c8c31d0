from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Firewall Rule shared")


def title(event):
    return f"Firewall Rule shared by {event.get('user', '<unknown>')}"
