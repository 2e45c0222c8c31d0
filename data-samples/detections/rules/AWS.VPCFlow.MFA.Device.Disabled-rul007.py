from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "MFA Device disabled")


def title(event):
    return f"MFA Device disabled by {event.get('user', '<unknown>')}"
