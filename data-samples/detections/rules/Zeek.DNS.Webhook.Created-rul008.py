from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Webhook created")


def title(event):
    return f"Webhook created by {event.get('user', '<unknown>')} from {event.get('sourceIPAddress')}"
