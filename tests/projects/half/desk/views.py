from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

import notifications.utils


@csrf_exempt
def ring(request, room):
    notifications.utils.notify(
        category="desk",
        action="rang",
        short_description="ring",
        silent=True,
        channels=["bell"],
        extra_data={"context": {"room": room, "times": int(request.POST["times"])}},
    )
    return HttpResponse("ok")
