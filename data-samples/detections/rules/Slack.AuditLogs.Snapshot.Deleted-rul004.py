def rule(event):
    return event["requestParameters"]["policy"] == "Snapshot deleted"
