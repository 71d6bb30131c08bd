from django.urls import path

from desk.views import ring

urlpatterns = [path("ring/<room>/", ring)]
