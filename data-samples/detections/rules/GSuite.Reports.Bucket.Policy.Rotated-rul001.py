from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Bucket Policy rotated")


def title(event):
    return f"Bucket Policy rotated by {event.get('user', '<unknown>')}"
