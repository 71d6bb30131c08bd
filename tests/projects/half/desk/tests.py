from django.test import TestCase


class RingTests(TestCase):
    def test_ringing_is_answered(self):
        self.assertEqual(self.client.post("/ring/hall/", {"times": 2}).content, b"ok")
