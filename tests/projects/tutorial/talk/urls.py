from django.urls import path

from . import views

urlpatterns = [
    path('rooms/<room>/messages/', views.MessagesView.as_view()),
]
