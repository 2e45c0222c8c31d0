"""The vocabulary of the invented organisation; nobody and nothing in it exists."""

from __future__ import annotations

DOMAIN = "example.com"
COMPANY = "Larkfield Freight"

GIVEN_NAMES = (
    "Ada", "Bram", "Chidi", "Dunja", "Eirik", "Farah", "Goran", "Hanae", "Imre", "Jolanta",
    "Kofi", "Leïla", "Mirek", "Nadia", "Odile", "Pavel", "Quyên", "Rasmus", "Søren", "Tamsin",
    "Ulla", "Viggo", "Wanjiru", "Xenia", "Yusuf", "Zoë",
)  # fmt: skip
FAMILY_NAMES = (
    "Ashdown", "Brightwater", "Copperfield", "Dragomir", "Elmgrove", "Fenwick", "Greenhalgh",
    "Hollowell", "Ironside", "Jansdottir", "Kestrel", "Lindqvist", "Marchbank", "Nettleton",
    "Okonjo", "Pemberley", "Quillfeather", "Ravensworth", "Stormoen", "Thistlewood",
)  # fmt: skip

APPLICATIONS = (
    ("checkout", "payments", "tier-1"),
    ("ledger", "payments", "tier-1"),
    ("storefront", "web", "tier-1"),
    ("search", "web", "tier-2"),
    ("catalogue", "web", "tier-2"),
    ("tracking", "logistics", "tier-1"),
    ("routing", "logistics", "tier-2"),
    ("warehouse", "logistics", "tier-2"),
    ("identity", "platform", "tier-1"),
    ("messaging", "platform", "tier-2"),
    ("reporting", "data", "tier-3"),
    ("forecast", "data", "tier-3"),
)
TEAMS = ("payments", "web", "logistics", "platform", "data")
ROLES = ("db", "api", "cache", "queue", "batch")
SITES = ("eu-north", "eu-south", "us-east")

# check -> what its description says
CHECKS = {
    "cpu": "CPU is above its limit ({value}%)",
    "memory": "memory is above its limit ({value}%)",
    "disk /": "root volume is {value}% full",
    "disk /data": "data volume is {value}% full",
    "load": "run queue of {value} tasks per core",
    "ping": "ping lost {value}% of its packets",
    "tcp 443": "port 443 refused {value} of 100 connections",
    "replication": "replica is {value} minutes behind",
    "latency p99": "99th percentile latency is {value} ms over the goal",
    "error rate": "{value}% of the requests failed",
    "certificate": "certificate expires in {value} hours",
    "queue depth": "{value} thousand messages are waiting",
    "restarts": "{value} restarts in ten minutes",
    "clock": "clock is {value} ms off",
}
SERVICE_CHECKS = ("synthetic login", "synthetic order", "availability", "apdex")
INTEGRATIONS = ("nagios.core", "cloudmetrics.eu", "cloudmetrics.us", "synthetics.edge")

LOG_TYPES = (
    "AWS.CloudTrail", "AWS.S3ServerAccess", "AWS.VPCFlow", "GitHub.Audit", "GSuite.Reports",
    "Okta.SystemLog", "OnePassword.SignInAttempt", "Slack.AuditLogs", "Zeek.DNS",
)  # fmt: skip
RESOURCE_TYPES = (
    "AWS.EC2.Instance", "AWS.IAM.User", "AWS.KMS.Key", "AWS.RDS.Instance", "AWS.S3.Bucket",
)  # fmt: skip
DETECTION_VERBS = ("Disabled", "Created", "Deleted", "Shared", "Escalated", "Exported", "Rotated")
DETECTION_OBJECTS = (
    "Access.Key", "Audit.Trail", "Bucket.Policy", "Deploy.Key", "Firewall.Rule", "MFA.Device",
    "Role.Trust", "Root.Session", "Service.Account", "Snapshot", "Vault.Item", "Webhook",
)  # fmt: skip
TACTICS = ("Initial Access", "Persistence", "Exfiltration", "Defense Evasion", "Impact")

AUDIT_ACTIONS = (
    ("login", "session"), ("logout", "session"), ("create", "invoice"), ("update", "invoice"),
    ("delete", "draft"), ("export", "report"), ("grant", "role"), ("revoke", "role"),
    ("rotate", "key"), ("view", "shipment"), ("update", "address"), ("approve", "refund"),
)  # fmt: skip
AUDIT_SOURCES = ("back-office", "mobile-app", "partner-api", "scheduler")
