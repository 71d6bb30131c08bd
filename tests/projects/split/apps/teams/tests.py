import os

from django.test import TestCase


class SayTests(TestCase):
    def test_a_notice_is_written_down(self):
        answer = self.client.post("/teams/7/say/", {"text": "lunch"})
        self.assertEqual(answer.json(), {"team": 7})
        with open(os.environ["JOURNAL"]) as journal:
            self.assertEqual(journal.read().splitlines()[-1], "teams: lunch")
