"""What people say in rooms."""

from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.signals import notify

from .models import Message


class MessagesView(APIView):

    def get(self, request, room):
        return Response([one.to_json() for one in Message.objects.filter(room=room)])

    def post(self, request, room):
        message = Message.objects.create(room=room, text=request.data['text'])

        # Nobody is to find it in an inbox: it only goes over the sockets.
        told = {
            'source_display_name': 'parley',
            'category': 'talk', 'action': 'Said',
            'obj': message.id,
            'short_description': 'Something was said', 'silent': True,
            'extra_data': {
                'uri': room,
                'message': message.to_json()
            }
        }
        notify.send(
            sender=self.__class__, **told, channels=['websocket']
        )
        return Response(message.to_json())
