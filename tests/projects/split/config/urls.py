from django.urls import path

from apps.teams.views import say

urlpatterns = [path("teams/<int:team>/say/", say)]
