from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Service Account shared")


def title(event):
    return f"Service Account shared by {event.get('user', '<unknown>')}"
