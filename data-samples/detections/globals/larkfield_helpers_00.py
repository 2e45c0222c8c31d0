def is_action(event, name):
    return event.get("action") == name


def helper_0(event):
    return event.get('user')
