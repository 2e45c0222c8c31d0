def get_event_type(event):
    return event.get('action')
