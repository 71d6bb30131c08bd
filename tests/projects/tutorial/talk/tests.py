from django.test import TestCase

from .models import Message


class MessagesTests(TestCase):

    def test_what_is_posted_is_kept(self):
        answer = self.client.post('/api/rooms/kitchen/messages/', {'text': 'tea?'})
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(Message.objects.get().text, 'tea?')

    def test_messages_of_a_room_are_listed(self):
        Message.objects.create(room='kitchen', text='tea')
        Message.objects.create(room='hall', text='no tea')
        answer = self.client.get('/api/rooms/kitchen/messages/')
        self.assertEqual([one['text'] for one in answer.json()], ['tea'])
