from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "Access Key shared")


def title(event):
    return f"Access Key shared by {event.get('user', '<unknown>')}"
