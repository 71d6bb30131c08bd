"""The REST API."""

from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from chat import views

urlpatterns = [
    path("users/", views.UsersView.as_view()),
    path("users/me/", views.MeView.as_view()),
    path("token/", TokenObtainPairView.as_view()),
    path("token/refresh/", TokenRefreshView.as_view()),
    path("chats/", views.ChatsView.as_view()),
    path("chats/<str:uri>/", views.ChatView.as_view()),
    path("chats/<str:uri>/messages/", views.MessagesView.as_view()),
]
