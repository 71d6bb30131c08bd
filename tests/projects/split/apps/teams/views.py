from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from notifications.utils import notify as tell


@csrf_exempt
def say(request, team):
    tell(
        category="teams",
        action="said",
        short_description=request.POST["text"],
        silent=True,
        channels=["team", "journal"],
        extra_data={"team": team, "context": {"by": "split"}},
    )
    return JsonResponse({"team": team})
