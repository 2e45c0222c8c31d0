from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Webhook escalated")


def title(event):
    return f"Webhook escalated by {event.get('user', '<unknown>')}"
