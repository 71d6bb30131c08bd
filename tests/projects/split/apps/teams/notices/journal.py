import os

from notifications.channels import BaseNotificationChannel


class Journal(BaseNotificationChannel):
	"""Keeps a line of each notice."""

	def construct_message(self):
		return "{category}: {short_description}".format(**self.notification_kwargs)

	def notify(self, message):
		with open(os.environ["JOURNAL"], "a") as journal:
			journal.write(message + "\n")
