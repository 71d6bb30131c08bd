from django.db import models


class Message(models.Model):
    room = models.CharField(max_length=60)
    text = models.TextField()

    def to_json(self):
        return {'id': self.id, 'room': self.room, 'text': self.text}
