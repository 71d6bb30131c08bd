NOTIFICATIONS_DELIVERY_BACKEND = "notifications.backends.Celery"
NOTIFICATIONS_CHANNELS = {}
NOTIFICATIONS_CHANNELS["team"] = "apps.teams.notices.push.TeamPush"
NOTIFICATIONS_CHANNELS.update({"journal": "apps.teams.notices.journal.Journal"})
